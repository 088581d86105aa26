"""Perform steps on a Dask cluster, of this machine or one that exists.

    run ─ message ─▶ scheduler ─▶ worker ─ artifact ─▶ store
    run ◀─ reply ── scheduler ◀── worker

Only this module imports Dask.
"""

from __future__ import annotations

import logging
from concurrent.futures import Future
from contextlib import suppress
from functools import lru_cache, partial
from threading import Event, Lock
from typing import Any
from uuid import uuid4

import dask
from distributed import Client, KilledWorker, LocalCluster, get_worker
from distributed.client import FutureCancelledError
from psutil import NoSuchProcess, Process

from reviewflow.context import Progress
from reviewflow.errors import WorkerError, WorkerLost, error_line
from reviewflow.pipeline.messages import perform_message, worker_context
from reviewflow.pipeline.remote_executor import RemoteExecutor

LOCAL = "127.0.0.1"
CONNECT_SECONDS = 10
MOST_AT_ONCE = 64  # variants and seeds: how many workers a scheduler has may change
END_SECONDS = 1  # for the client, and for workers of this machine, to end
# One step at a time is on a worker, so the step that ends it is known. Results are a few bytes,
# so memory is the step's own, which no spilling of results frees.
SETTINGS = {
    "distributed.scheduler.allowed-failures": 0,  # RemoteExecutor tries again
    "distributed.scheduler.worker-saturation": 1.0,
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": 0.95,
    "distributed.nanny.pre-spawn-environ": {},  # libraries use the threads that they use in a run
    "distributed.comm.timeouts.connect": CONNECT_SECONDS,
}


class DaskExecutor(RemoteExecutor):
    """Performs steps on the workers of a Dask scheduler.

    It connects when the first step is to be made.

    Parameters
    ----------
    address : of a scheduler. None: a cluster of this machine, which ends with the run.
    workers : how many that cluster has.
    """

    def __init__(self, address: str | None, workers: int, any_processor: bool = False) -> None:
        super().__init__(any_processor)
        self.width = workers if address is None else MOST_AT_ONCE
        self.address, self.workers = address, workers
        self._run, self._lock = uuid4().hex, Lock()
        self._cluster: Any = None
        self._client: Any = None
        self._reports: dict[str, Progress] = {}  # by the key of a step that is going on

    def submit(self, name: str, message: bytes, progress: Progress) -> Future[bytes]:
        """Give a step to a worker that is free."""
        client = self._connect()
        reply: Future[bytes] = Future()
        key = f"{name}-{uuid4().hex}"
        self._reports[key] = progress
        if not client.scheduler_info()["workers"]:
            progress(f"waiting for a worker at {client.scheduler.address}", {})
        future = client.submit(perform_on_worker, message, self._run, key, key=key, pure=False)
        reply.add_done_callback(partial(_release, future))
        future.add_done_callback(partial(self._settle, reply, name))
        return reply

    def stop(self) -> None:
        """Ask the workers to end what they do for this run."""
        client = self._client
        if client is not None and client.status == "running":
            with suppress(Exception):  # the scheduler is gone
                client.run(stop_run, self._run, wait=False)

    def close(self) -> None:
        """Leave the scheduler, and end a cluster of this machine."""
        self.stop()
        processes = _worker_processes(self._cluster)
        for each in (self._client, self._cluster):
            if each is not None:
                with suppress(Exception):  # what is left is killed
                    each.close(timeout=END_SECONDS)
        for process in processes:
            with suppress(NoSuchProcess):
                process.kill()
        self._client = self._cluster = None

    def _connect(self) -> Any:
        """Return the client of the scheduler, connected with the first call.

        Raises
        ------
        WorkerError : if there is no scheduler at the address.
        """
        with self._lock:
            if self._client is None:
                with dask.config.set(SETTINGS):
                    self._cluster = self._start() if self.address is None else None
                    self._client = self._client_of(self._cluster or self.address)
                self._client.subscribe_topic(self._run, self._report)
            return self._client

    def _start(self) -> Any:
        return LocalCluster(
            n_workers=self.workers,
            threads_per_worker=1,
            host=LOCAL,
            dashboard_address=f"{LOCAL}:0",
            worker_dashboard_address=None,
            silence_logs=logging.CRITICAL,
        )

    def _client_of(self, place: Any) -> Any:
        try:
            return Client(place, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            raise WorkerError(
                f"There is no Dask scheduler at {place} ({error_line(error)}); start one there, or "
                "choose another --executor."
            ) from None

    def _report(self, event: tuple[float, Any]) -> None:
        """Hand on the progress of a step."""
        key, text, figures = event[1]
        if key in self._reports:
            self._reports[key](text, figures)

    def _settle(self, reply: Future[bytes], name: str, future: Any) -> None:
        """Hand on what a worker answered, or why none did."""
        self._reports.pop(future.key, None)
        if not reply.set_running_or_notify_cancel():
            return
        try:
            reply.set_result(future.result())
        except KilledWorker:
            reply.set_exception(
                WorkerLost(
                    f"The Dask worker that performed {name} ended, as it does when memory runs "
                    "out; what was finished is kept. Give workers more memory, and run again."
                )
            )
        except FutureCancelledError:
            where = self.address or "of this run"
            reply.set_exception(
                WorkerError(
                    f"The Dask scheduler {where} was lost while {name} was performed; what was "
                    "finished is kept, run again to go on."
                )
            )
        except Exception as error:
            reply.set_exception(
                WorkerError(
                    f"A Dask worker could not begin {name} ({error_line(error)}); check that "
                    "reviewflow is installed there in the version of the run."
                )
            )


def _release(future: Any, reply: Future[bytes]) -> None:
    """Let the scheduler forget a step that nobody waits for."""
    if reply.cancelled():
        future.release()


def _worker_processes(cluster: Any) -> list[Process]:
    """Return the processes of the workers of a cluster of this machine."""
    found = []
    for nanny in () if cluster is None else cluster.workers.values():
        with suppress(NoSuchProcess):
            if nanny.pid is not None:
                found.append(Process(nanny.pid))
    return found


def perform_on_worker(message: bytes, run: str, key: str) -> bytes:
    """Perform the step of a message, on a worker.

    Parameters
    ----------
    run : which run it is of, for `stop_run`.
    key : of the step, for its progress.
    """
    worker = get_worker()

    def send(text: str, figures: dict[str, float]) -> None:
        worker.log_event(run, (key, text, figures))

    context = worker_context(send, stop_of(run))
    return perform_message(message, context, f"The Dask worker {worker.address}")


async def stop_run(run: str) -> None:
    """End what this worker does for a run."""
    stop_of(run).set()


@lru_cache(maxsize=64)
def stop_of(run: str) -> Event:
    """Return the event that ends a run on this worker."""
    return Event()
