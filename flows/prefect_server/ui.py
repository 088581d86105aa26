"""``reviewflow ui``: server, work pool, deployments and worker in one command, until Ctrl-C.

prefect_server ─▶ work pool ─▶ deploy prefect.yaml ─▶ worker ─▶ wait ─▶ end the worker, and the
                                                                        server with the last user
"""

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType

import click
import psutil

from flows.prefect_server.lifecycle import LOOPBACK, OURS, file_in, prefect_server
from flows.prefect_server.static import served_files
from flows.prefect_server.worker import UI
from reviewflow.errors import ReviewflowError, UsageError

POOL = "reviewflow"
LOOK_SECONDS = 2.0
END_SECONDS = 40.0  # longest wait for flow runs that were told to end


def serve_ui(artifacts: Path, port: int, host: str) -> None:
    """Serve the Prefect UI with everything deployed and a worker, until told to end.

    Parameters
    ----------
    port, host : where the server listens; of no effect where ``PREFECT_API_URL`` names a server.

    Raises
    ------
    UsageError : if the port is taken, another ``ui`` is up, or there is no prefect.yaml here.
    """
    if not Path("prefect.yaml").is_file():
        raise UsageError(
            "There is no prefect.yaml here; run reviewflow ui in the project's folder."
        )
    home = artifacts.absolute() / "prefect"
    ended = _told_to_end()
    with ExitStack() as stack:
        stack.enter_context(_alone(home))
        own = os.environ.get("PREFECT_API_URL") in (None, "", os.environ.get(OURS))
        click.echo("Starting: this takes some ten seconds.")
        url = stack.enter_context(prefect_server(home, port=port, host=host))
        if not own:
            from tasks.links import FILES_PORT  # and with it Prefect, not before its settings

            stack.enter_context(served_files(artifacts.absolute(), LOOPBACK, FILES_PORT))
        if not ended.is_set():
            _create_pool()
        if not ended.is_set():
            _deploy(home)
        if not ended.is_set():
            click.echo(_what_to_click(url.removesuffix("/api"), host if own else LOOPBACK))
            _keep_working(home, artifacts / "runs", ended, own)
        click.echo("Shutting down.")


def _keep_working(home: Path, runs: Path, ended: threading.Event, own: bool) -> None:
    """Have a worker until the end is near, another one where it dies, and no run that is gone."""
    from flows.prefect_server.reaper import Crashes, mark_all

    crashes = Crashes(runs)
    while not ended.is_set():
        if own:  # else the pool may have other workers
            mark_all(runs, POOL)
        with _worker(home) as worker:
            while worker.keep_in_mind() and not ended.wait(LOOK_SECONDS):
                for run_id in crashes.mark():
                    click.echo(f"Run {run_id} is gone without an end; Prefect shows it as crashed.")
        if not ended.is_set():
            click.echo(f"The worker ended ({home / 'worker.log'} says why); here is another one.")


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Be the only ``reviewflow ui`` of these artifacts; the lock goes with its process."""
    with file_in(home, "ui.lock") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(
                f"reviewflow ui is up already for {home.parent}; end that one with Ctrl-C first, "
                "or choose another folder with --artifacts."
            ) from None
        yield


def _told_to_end() -> threading.Event:
    """An event that Ctrl-C and SIGTERM set."""
    ended = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        ended.set()

    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)
    return ended


def _create_pool() -> None:
    """Create the work pool, or bring it up to date."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.workers.process import ProcessWorker

    template = ProcessWorker.get_default_base_job_template()
    pool = WorkPoolCreate(name=POOL, type="process", base_job_template=template)
    with get_client(sync_client=True) as client:
        client.create_work_pool(pool, overwrite=True)


def _deploy(home: Path) -> None:
    """Have Prefect deploy what prefect.yaml lists; what it prints is told only where it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for us
    )
    if done.returncode:
        (home / "ui.log").write_text(done.stdout + done.stderr, encoding="utf-8")
        said = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        raise ReviewflowError(
            f"prefect deploy --all failed: {(said or ['it says nothing'])[-1][:200]} "
            f"(all of it is in {home / 'ui.log'})."
        )


class Worker:
    """A worker and the flow runs that it started.

    Parameters
    ----------
    process : the worker.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self._flow_runs: set[psutil.Process] = set()

    def keep_in_mind(self) -> bool:
        """Look which flow runs there are; tells whether the worker lives."""
        with suppress(psutil.Error):
            self._flow_runs |= set(psutil.Process(self.process.pid).children(recursive=True))
        return self.process.poll() is None

    def end(self) -> None:
        """End the worker, and return when its flow runs, which notice, have ended as well."""
        self.keep_in_mind()
        self.process.kill()
        self.process.wait()
        deadline = time.monotonic() + END_SECONDS
        while (living := list(filter(_lives, self._flow_runs))) and time.monotonic() < deadline:
            time.sleep(0.02)
        for flow_run in living:
            with suppress(psutil.Error):
                flow_run.kill()


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


@contextmanager
def _worker(home: Path) -> Iterator[Worker]:
    """A worker of the pool, in a session of its own, ended with all that it started."""
    environment = {
        "PREFECT_WORKER_QUERY_SECONDS": "2",  # how long a run waits at most until it is noticed
        **os.environ,
        UI: f"{os.getpid()}:{home}",
    }
    with (home / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "flows.prefect_server.worker", POOL],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    worker = Worker(process)
    try:
        yield worker
    finally:
        worker.end()


def _what_to_click(url: str, host: str) -> str:
    open_to = (
        "only programs on this machine can reach it"
        if host == LOOPBACK
        else f"it listens on {host}: whoever reaches this machine can start runs and read results"
    )
    return (
        f"\nPrefect's UI: {url} ({open_to})\n\n"
        f"  Deployments → on-demand → Run → Custom run  a run by hand, every setting a field\n"
        f"  Deployments → nightly                       the schedule; pause it with its switch\n"
        f"  Runs → a run → Artifacts                    losses, metrics, checks, reports\n\n"
        "Ctrl-C ends all of it."
    )
