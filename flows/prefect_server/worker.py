"""Run the worker of ``reviewflow ui``, and end with that process.

::

    ui ──▶ worker ──▶ flow run, flow run, …
           │          └── its worker is gone: it ends as by SIGTERM, keeps what is finished, and
           │              is cancelled in Prefect and in run.json
           └── ui is gone, for whatever reason: it is killed as well

So nothing goes on that nobody could cancel, and ``ui`` ends everything by killing its worker.
"""

import logging
import os
import runpy
import signal
import sys
import threading
import time
from pathlib import Path

from flows.prefect_server.locks import SHARED, open_in, try_lock
from tasks.environment import UI

PARENT_SECONDS = 0.2  # between two looks at whether the parent lives
RUN_LOGGER = "prefect.flow_runs.worker"  # with which Prefect's worker writes into a run's log
SUBMITS, IS_REFUSED = "submitting flow run", "Server returned a non-pending state 'SCHEDULED'"
WORKER = "REVIEWFLOW_WORKER"  # process id of the worker that a flow run belongs to


def main() -> None:
    """Be a worker of a pool until the parent process ends."""
    _signal_when_orphaned(int(os.environ[UI].partition(":")[0]), signal.SIGKILL)
    os.environ[WORKER] = str(os.getpid())
    logging.getLogger(RUN_LOGGER).addFilter(RepeatedLines())
    sys.argv = ["prefect", "worker", "start", "--type", "process", "--pool", sys.argv[1]]
    runpy.run_module("prefect", run_name="__main__")


class RepeatedLines(logging.Filter):
    """Drops what Prefect's worker repeats in the log of a waiting run.

    Every few seconds it tries to start the run, is refused, and writes two lines about it. The
    first attempt stays in the log.
    """

    def __init__(self) -> None:
        super().__init__()
        self._known: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a line is to be written."""
        message = record.getMessage()
        if SUBMITS in message:
            is_new = message not in self._known
            self._known.add(message)
            return is_new
        return IS_REFUSED not in message


def end_with_worker() -> None:
    """Exit when the worker dies.

    A no-op outside a worker.
    """
    worker, home = os.environ.pop(WORKER, None), os.environ.get(UI, "").partition(":")[2]
    if worker and home:
        _register(Path(home))
        _signal_when_orphaned(int(worker), signal.SIGTERM)


def _register(home: Path) -> None:
    """Register as a user of the server.

    So it is there until this run has reported its end. The lock is held until the process ends.
    Where the server is ending already, nothing is locked.
    """
    users = open_in(home, "server.users")
    if try_lock(users, SHARED):
        os.dup(users.fileno())  # a copy that nobody closes keeps the lock
    users.close()


def _signal_when_orphaned(parent: int, number: int) -> None:
    """Send this process a signal once it is no longer the child of `parent`."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_SECONDS)
        os.kill(os.getpid(), number)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    main()
