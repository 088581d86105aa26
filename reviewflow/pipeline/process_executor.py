"""Perform steps in processes of this machine, each with its own thread.

    run: thread ◀── socket ──▶ worker process       one step at a time, its progress, its reply
    run ends, or is killed: the socket closes ──▶ the worker stops its step and ends

A pool of the standard library would not tell which step ended a process, and would lose all others.
"""

from __future__ import annotations

import os
import pickle
import socket
import subprocess
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from multiprocessing.connection import Connection
from queue import LifoQueue
from signal import Signals

from reviewflow.context import Progress
from reviewflow.errors import WorkerLost
from reviewflow.pipeline.remote_executor import RemoteExecutor
from reviewflow.pipeline.worker_process import PROGRESS

MODULE = "reviewflow.pipeline.worker_process"
GRACE_SECONDS = 1.5  # for a stopped step to end


class ProcessExecutor(RemoteExecutor):
    """Performs steps in worker processes, which start with the first step.

    Parameters
    ----------
    workers : how many.
    """

    def __init__(self, workers: int, any_processor: bool = False) -> None:
        super().__init__(any_processor)
        self.width = workers
        self.workers = [WorkerProcess() for _ in range(workers)]
        self._threads = ThreadPoolExecutor(workers)
        self._idle: LifoQueue[WorkerProcess] = LifoQueue()  # the last one used goes first
        for worker in self.workers:
            self._idle.put(worker)

    def submit(self, name: str, message: bytes, progress: Progress) -> Future[bytes]:
        """Give a step to a worker."""
        return self._threads.submit(self._perform, name, message, progress)

    def stop(self) -> None:
        """Ask the workers to end."""
        for worker in self.workers:
            worker.stop()

    def close(self) -> None:
        """End the workers."""
        self.stop()
        self._threads.shutdown(wait=False, cancel_futures=True)
        end = time.monotonic() + GRACE_SECONDS
        for worker in self.workers:
            worker.end(end - time.monotonic())
        self._threads.shutdown()

    def _perform(self, name: str, message: bytes, progress: Progress) -> bytes:
        worker = self._idle.get()
        try:
            return worker.perform(message, progress)
        except (EOFError, OSError):
            raise WorkerLost(
                f"The worker process that performed {name} {worker.ending()}; what was finished "
                "is kept. Free memory or choose fewer --workers, and run again."
            ) from None
        finally:
            self._idle.put(worker)


class WorkerProcess:
    """A process that performs one step at a time, started with its first."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.connection: Connection | None = None
        self._is_stopped = False

    def perform(self, message: bytes, progress: Progress) -> bytes:
        """Return the reply to a message.

        Raises
        ------
        EOFError, OSError : if the process ends.
        """
        if self.connection is None:
            self.connection = self._start()
        try:
            self.connection.send_bytes(message)
            while (frame := self.connection.recv_bytes()).startswith(PROGRESS):
                progress(*pickle.loads(frame[len(PROGRESS) :]))
            return frame
        except (EOFError, OSError):
            self.connection.close()
            self.connection = None
            raise

    def stop(self) -> None:
        """Ask the process to end its step and itself."""
        self._is_stopped = True
        if self.connection is not None:
            with suppress(OSError), socket.socket(fileno=os.dup(self.connection.fileno())) as end:
                end.shutdown(socket.SHUT_WR)

    def end(self, seconds: float) -> None:
        """Wait for the process to end, and kill it if it takes longer."""
        if self.process is not None:
            try:
                self.process.wait(max(seconds, 0))
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def ending(self) -> str:
        """Return in words how the process ended."""
        code = None if self.process is None else self.process.wait()
        if code is not None and code < 0:
            reason = ", as the kernel does when memory runs out" * (code == -9)
            return f"was killed ({Signals(-code).name}{reason})"
        return f"ended (exit code {code})"

    def _start(self) -> Connection:
        if self._is_stopped:
            raise EOFError
        here, there = socket.socketpair()
        with there:
            paths = os.pathsep.join(os.path.abspath(path) for path in sys.path)
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", MODULE, str(there.fileno())],
                pass_fds=[there.fileno()],
                stdin=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": paths},
            )
        return Connection(here.detach())
