"""Signals that end a command in order."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from flows.signals import event_of_signals, interrupted_by_signals


@pytest.fixture(autouse=True)
def _heard() -> Iterator[None]:
    """SIGHUP as a terminal's programs have it, also where ``nohup`` runs the tests."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


def send_and_end(number: signal.Signals) -> None:
    """Send a signal to this process; SIGHUP twice, as a shell repeats what its terminal sent."""
    with interrupted_by_signals():
        try:
            os.kill(os.getpid(), number)
        finally:
            if number == signal.SIGHUP:
                os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_interrupts_once_and_is_handled_as_before_afterwards(
    number: signal.Signals,
) -> None:
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt):
        send_and_end(number)
    assert signal.getsignal(number) == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_sets_the_event_and_is_handled_as_before_afterwards(
    number: signal.Signals,
) -> None:
    before = signal.getsignal(number)
    with event_of_signals() as ended:
        assert not ended.is_set()
        os.kill(os.getpid(), number)
        assert ended.is_set()
        os.kill(os.getpid(), number)
    assert signal.getsignal(number) == before


def test_outside_the_main_thread_signals_are_left_alone() -> None:
    before = signal.getsignal(signal.SIGTERM)

    def use() -> None:
        with interrupted_by_signals():
            assert signal.getsignal(signal.SIGTERM) == before

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()


def test_nohup_is_respected() -> None:
    program = (
        "import os, signal\n"
        "from flows.signals import interrupted_by_signals\n"
        "with interrupted_by_signals():\n"
        "    os.kill(os.getpid(), signal.SIGHUP)\n"
        "    print('still here', flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
    )
    done = subprocess.run(
        ["nohup", sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.stdout == "still here\n"
    assert "KeyboardInterrupt" in done.stderr
