"""The worker of ``reviewflow ui``; it and its flow runs end with the process that started them.

::

    ui ──▶ worker ──▶ flow run, flow run, …
           │          └── its worker is gone: it ends as by SIGTERM, keeps what is finished, and
           │              is cancelled in Prefect and in run.json
           └── ui is gone, however that came: it is gone as well

So nothing goes on that nobody could cancel, and ``ui`` ends everything by killing its worker.
"""

import fcntl
import os
import runpy
import signal
import sys
import threading
import time
from pathlib import Path

POLL_SECONDS = 0.2
UI = "REVIEWFLOW_UI"  # process id of the ui that a worker belongs to, and its Prefect home
WORKER = "REVIEWFLOW_WORKER"  # process id of the worker that a flow run belongs to


def main() -> None:
    """Be a worker of the pool named, as long as the process lives that started this one."""
    _signal_when_orphaned(int(os.environ[UI].partition(":")[0]), signal.SIGKILL)
    os.environ[WORKER] = str(os.getpid())
    sys.argv = ["prefect", "worker", "start", "--type", "process", "--pool", sys.argv[1]]
    runpy.run_module("prefect", run_name="__main__")


def end_with_worker() -> None:
    """Have this process end when its worker is gone; of no effect in one without a worker."""
    worker, home = os.environ.pop(WORKER, None), os.environ.get(UI, "").partition(":")[2]
    if worker and home:
        _keep_server(Path(home))
        _signal_when_orphaned(int(worker), signal.SIGTERM)


def _keep_server(home: Path) -> None:
    """Be one of the server's users, so that it is there until this run has told of its end."""
    users = os.open(home / "server.users", os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(users, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(users)  # it is ending already


def _signal_when_orphaned(parent: int, number: int) -> None:
    """Send this process a signal once it is no longer the child of `parent`."""

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(POLL_SECONDS)
        os.kill(os.getpid(), number)

    threading.Thread(target=look, daemon=True).start()


if __name__ == "__main__":
    main()
