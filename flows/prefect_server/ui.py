"""Serve Prefect's UI with work pool, deployments and worker.

::

    prefect_server ─▶ work pool ─▶ deploy prefect.yaml ─▶ worker ─▶ wait ─▶ end the worker
                                                                            and the server
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from uuid import UUID

import click
import psutil

from flows.prefect_server.lifecycle import LOOPBACK, SERVER_PASSWORD, prefect_server
from flows.prefect_server.locks import POLL_SECONDS, UI_LOCK, open_in, take_ui_lock
from flows.prefect_server.prune import Pruner
from flows.prefect_server.room import Room
from flows.prefect_server.startup import USUAL_PORT
from flows.prefect_server.static import file_server
from flows.prefect_server.time_zone import next_starts
from flows.prefect_server.ui_checks import check_host, check_modules, is_loopback
from flows.signals import event_of_signals
from reviewflow.errors import ReviewflowError, UsageError
from tasks.environment import OWN_SERVER, SHOWN_AT, UI

POOL = "reviewflow"
WATCH_SECONDS = 2.0
FLOW_RUNS_SECONDS = 40.0  # longest wait for flow runs that were asked to end


def serve_ui(artifacts: Path, port: int | None, host: str) -> None:
    """Serve Prefect's UI until a signal ends it.

    Parameters
    ----------
    port, host : where the server listens, unless ``PREFECT_API_URL`` names one. Without a port
        it is Prefect's usual one, or that of the server that a run has started.

    Raises
    ------
    UsageError
        The port is taken. Another ``ui`` runs. The working directory has no prefect.yaml, or has a
        module that hides a package of reviewflow. The network could reach the UI without a
        password.
    """
    if not Path("prefect.yaml").is_file():
        raise UsageError(
            "There is no prefect.yaml here; change to a project's folder, or create one with "
            "`reviewflow init --to FOLDER`."
        )
    check_modules(Path.cwd())
    check_host(host)
    home = artifacts.absolute() / "prefect"
    pruner = Pruner(home, at_once=True)
    with ExitStack() as stack:
        ended = stack.enter_context(event_of_signals())
        stack.enter_context(_only_ui(home))
        own = os.environ.get("PREFECT_API_URL") in (None, "", os.environ.get(OWN_SERVER))
        click.echo("Starting: this takes some ten seconds.")
        url = stack.enter_context(
            prefect_server(
                home,
                port or USUAL_PORT,
                host,
                still_starting=lambda: click.echo("Still starting."),
                joins_any=port is None,
            )
        )
        if not own:
            from tasks.links import FILES_PORT  # and with it Prefect, not before its settings

            shown_at = os.environ.get(SHOWN_AT) or url.removesuffix("/api")
            stack.enter_context(file_server(artifacts.absolute(), LOOPBACK, FILES_PORT, shown_at))
        if not ended.is_set():
            _create_pool()
        if not ended.is_set():
            _deploy(home)
        if not ended.is_set():
            click.echo(_where_to_click(url.removesuffix("/api"), host, own))
            _keep_worker(home, artifacts / "runs", ended, own, pruner)
        click.echo("Shutting down.")


def _keep_worker(home: Path, runs: Path, ended: threading.Event, own: bool, pruner: Pruner) -> None:
    """Keep a worker and what Prefect shows of its runs, until the end.

    Marks dead runs, ends cancelled ones, says what others wait for, and removes old ones.

    Parameters
    ----------
    own : whether the server is this checkout's own; else the pool may have other workers.
    """
    from flows.prefect_server.cancelling import CancellingRuns
    from flows.prefect_server.reaper import Reaper, mark_all_ended
    from flows.prefect_server.waiting import WaitingRuns

    reaper, waiting, cancelling = Reaper(runs), WaitingRuns(POOL), CancellingRuns(POOL)
    room = Room(home)
    while not ended.is_set():
        if own:
            with room.patience():
                mark_all_ended(runs, POOL)
        with _worker(home) as worker:
            while worker.track_children() and not ended.wait(WATCH_SECONDS):
                with room.patience():
                    if own:
                        _prune(pruner)
                    waiting.explain()
                    cancelling.end(worker.processes_of)
                    for run_id in reaper.mark_zombies():
                        click.echo(f"Run {run_id} is gone without an end; Prefect says crashed.")
                    reaper.mark_gone(worker.gone_runs())
        if not ended.is_set():
            click.echo(f"The worker ended ({home / 'worker.log'} says why); here is another one.")


def _prune(pruner: Pruner) -> None:
    """Remove a batch of old runs if that is due, and report the end of it."""
    if pruner.is_due() and not pruner.remove_batch() and pruner.removed:
        click.echo(pruner.sentence())


@contextmanager
def _only_ui(home: Path) -> Iterator[None]:
    """Be the only ``reviewflow ui`` of these artifacts.

    The lock ends with its process.
    """
    with open_in(home, UI_LOCK) as file:
        if not take_ui_lock(file):
            raise UsageError(
                f"reviewflow ui is up already for {home.parent}; end that one with Ctrl-C first, "
                "or choose another folder with --artifacts."
            )
        yield


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
    """Deploy what prefect.yaml lists.

    Prefect's output is shown only where it fails.
    """
    done = subprocess.run(
        [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for us
    )
    if done.returncode:
        output = done.stdout + done.stderr
        (home / "ui.log").write_text(output, encoding="utf-8")
        lines = [line.strip() for line in output.splitlines() if line.strip()]
        raise ReviewflowError(
            f"prefect deploy --all failed: {(lines or ['it printed nothing'])[-1][:200]} "
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
        self._ids: dict[psutil.Process, UUID] = {}

    def track_children(self) -> bool:
        """Remember the flow runs, and return whether the worker lives."""
        with suppress(psutil.Error):
            self._flow_runs |= set(psutil.Process(self.process.pid).children(recursive=True))
        for process in self._flow_runs - self._ids.keys():
            with suppress(psutil.Error):
                if identity := process.environ().get("PREFECT__FLOW_RUN_ID"):
                    self._ids[process] = UUID(identity)
        return self.process.poll() is None

    def processes_of(self, flow_run_id: UUID) -> list[psutil.Process]:
        """Return the processes that start or perform a flow run."""
        return [
            process
            for process, identity in self._ids.items()
            if identity == flow_run_id and _lives(process)
        ]

    def gone_runs(self) -> set[UUID]:
        """Return the flow runs whose processes have all ended."""
        going = {identity for process, identity in self._ids.items() if _lives(process)}
        return set(self._ids.values()) - going

    def end(self) -> None:
        """Kill the worker and wait for its flow runs, which notice, to exit."""
        self.track_children()
        self.process.kill()
        self.process.wait()
        deadline = time.monotonic() + FLOW_RUNS_SECONDS
        while (living := list(filter(_lives, self._flow_runs))) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
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
    """Keep a worker of the pool, in a session of its own."""
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


def _next_starts() -> str:
    """Return a sentence on when the schedules start their next runs."""
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        starts = next_starts(client.read_deployments())
    return f"Next by schedule: {'; '.join(starts)}." if starts else "No schedule is active."


def _where_to_click(url: str, host: str, own: bool) -> str:
    """Return what to read at the start, and link all reports in Prefect."""
    from tasks.links import list_address, publish_list_link

    publish_list_link()
    open_to = (
        "only programs on this machine can reach it"
        if is_loopback(host) or not own
        else f"it listens on {host} and asks for the password in {SERVER_PASSWORD}"
    )
    return (
        f"\nPrefect's UI: {url} ({open_to})\n"
        f"All reports:  {url if own else ''}{list_address()}\n\n"
        f"  Deployments → on-demand → Run → Custom run  a run by hand, every setting a field\n"
        f"  Deployments → nightly                       the schedule; pause it with its switch\n"
        f"  Runs → a run → Artifacts                    losses, metrics, checks, reports\n\n"
        f"{_next_starts()}\n"
        "Ctrl-C ends all of it."
    )
