"""What threads have freed goes back to the operating system."""

import subprocess
import sys

import pytest

FREE_IN_A_THREAD = """
import threading
import psutil
from reviewflow.memory import release_free_memory

def allocate():
    blocks = [bytearray(60_000) for _ in range(4_000)]  # too small for pages of their own
    kept.append(blocks.pop())  # the C library frees the end of a heap by itself

kept = []
thread = threading.Thread(target=allocate)
thread.start()
thread.join()
before = psutil.Process().memory_info().rss
release_free_memory()
print(before, psutil.Process().memory_info().rss)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc has malloc_trim")
def test_memory_that_a_thread_freed_is_returned() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FREE_IN_A_THREAD], capture_output=True, text=True, check=True
    )
    before, after = map(int, done.stdout.split())
    assert after < before / 2
