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
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

import click

from flows.files import served_files
from flows.server import LOOPBACK, OURS, prefect_server
from reviewflow.errors import ReviewflowError, UsageError

POOL = "reviewflow"
LOOK_SECONDS = 2.0
END_SECONDS = 40.0  # the worker gives a flow run 30 seconds to end


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
        _prefect(home, "work-pool", "create", POOL, "--type", "process", "--overwrite")
        _prefect(home, "--no-prompt", "deploy", "--all")
        click.echo(_what_to_click(url.removesuffix("/api"), host if own else LOOPBACK))
        _keep_working(home, artifacts / "runs", ended)
        click.echo("Shutting down.")


def _keep_working(home: Path, runs: Path, ended: threading.Event) -> None:
    """Have a worker until the end is near, another one where it dies, and no run that is gone."""
    from flows.crashed import mark_crashed

    known: set[str] = set()
    while not ended.is_set():
        with _worker(home) as worker:
            while worker.poll() is None and not ended.wait(LOOK_SECONDS):
                for run_id in mark_crashed(runs, known):
                    click.echo(f"Run {run_id} is gone without an end; Prefect shows it as crashed.")
        if not ended.wait(LOOK_SECONDS):
            click.echo(f"The worker ended ({home / 'worker.log'} says why); here is another one.")


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Be the only ``reviewflow ui`` of these artifacts; the lock goes with its process."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        file = (home / "ui.lock").open("a")
    except OSError as error:
        raise ReviewflowError(
            f"Prefect's home {home} cannot be written ({error.strerror}); "
            "make it writable or choose another folder with --artifacts."
        ) from None
    with file:
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


def _prefect(home: Path, *arguments: str) -> None:
    """Run one of Prefect's own commands; what it prints is told only where it fails."""
    command = [sys.executable, "-m", "prefect", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        (home / "ui.log").write_text(done.stdout + done.stderr, encoding="utf-8")
        said = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        raise ReviewflowError(
            f"prefect {' '.join(arguments)} failed: {(said or ['it says nothing'])[-1][:200]} "
            f"(all of it is in {home / 'ui.log'})."
        )


@contextmanager
def _worker(home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A worker of the pool, in a session of its own, to be ended with all that it started."""
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", POOL]
    with (home / "worker.log").open("ab") as log:
        worker = subprocess.Popen(
            [*command, "--type", "process"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield worker
    finally:
        worker.terminate()
        try:
            worker.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()


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
