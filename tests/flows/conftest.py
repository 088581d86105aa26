"""``reviewflow ui`` in a project folder of its own, for all tests that look at it from outside."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import psutil
import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId
from prefect.client.schemas.objects import Artifact, FlowRun

from tests.conftest import (
    ROOT,
    SMALL_NETWORK,
    WORDS,
    Reviews,
    small_config,
    write_config,
    write_reviews,
)

WAIT_SECONDS = 300.0
POLL_SECONDS = 0.2  # a look is often a request, which takes the server's time
TOKEN = "hush-5f3a9c"  # in the webhook's address, which must be in no file
TIME_ZONE = "America/New_York"  # of the machine, as the tests have it
READY = "Ctrl-C ends all of it."

# what the form is sent with: a run of a second, and one that is there until it is ended
SHORT: dict[str, Any] = {
    "split": {"validation_size": 0.1},
    "select": {"on": "validation"},
    "vectorize": {**WORDS},
    "train": {**SMALL_NETWORK, "epochs": 2},
    "variants": "relu: {}\ntanh: {train.activation: tanh}\n",
}
LONG: dict[str, Any] = {**SHORT, "train": {**SHORT["train"], "epochs": 100_000}}

Value = TypeVar("Value")


def until(look: Callable[[], Value], what: str, seconds: float = WAIT_SECONDS) -> Value:
    """Call a function until its value is true, and return that value."""
    deadline = time.monotonic() + seconds
    while not (value := look()):
        assert time.monotonic() < deadline, f"waited in vain for: {what}"
        time.sleep(POLL_SECONDS)
    return value


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def living(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that have not ended; one that waits to be reaped has."""
    left = []
    for process in processes:
        try:
            if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                left.append(process)
        except psutil.Error:
            continue
    return left


class Hook(BaseHTTPRequestHandler):
    """Takes messages, and answers with the next of the server's statuses, or else 200."""

    def do_POST(self) -> None:
        """Take a message."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = self.server.statuses.pop(0) if self.server.statuses else 200  # type: ignore[attr-defined]
        self.server.requests.append((status, self.path, json.loads(body)))  # type: ignore[attr-defined]
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep the output of the tests clean."""


@dataclass
class Webhook:
    """A webhook's address and what came to it."""

    url: str
    requests: list[tuple[int, str, dict[str, Any]]]
    statuses: list[int] = field(default_factory=list)

    def taken(self, event: str) -> list[dict[str, Any]]:
        """The messages of one kind that were taken."""
        return [
            body for status, _, body in self.requests if status == 200 and body["event"] == event
        ]


@contextmanager
def listening() -> Iterator[Webhook]:
    """A webhook on a port of its own."""
    server: HTTPServer
    with ThreadingHTTPServer(("127.0.0.1", 0), Hook) as server:
        hook = Webhook(f"http://127.0.0.1:{server.server_port}/{TOKEN}", [])
        server.requests, server.statuses = hook.requests, hook.statuses  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield hook
        server.shutdown()


@dataclass
class Project:
    """A project's folder with what runs there: the command, the API, the files that are served."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    webhook: Webhook | None = None
    prefix: tuple[str, ...] = ()  # of every command, such as one that enters a namespace
    environment: dict[str, str] = field(default_factory=dict)  # of every command

    @property
    def url(self) -> str:
        """Where the UI is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def artifacts(self) -> Path:
        """Where results are kept."""
        return self.folder / "artifacts"

    @property
    def reviews(self) -> Path:
        """The file of reviews."""
        return self.folder / "data" / "raw" / "imdb_reviews.csv"

    @property
    def printed(self) -> str:
        """The output of ``reviewflow ui``."""
        return (self.folder / "ui.txt").read_text()

    def command(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Start ``reviewflow`` in the folder."""
        return subprocess.Popen(
            [*self.prefix, sys.executable, "-m", "flows.commands.main", *arguments],
            cwd=self.folder,
            env=bare(self.environment | environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def json_of(self, *arguments: str) -> Any:
        """The answer of ``reviewflow … --json``."""
        process = self.command(*arguments, "--json")
        output, _ = process.communicate(timeout=WAIT_SECONDS)
        return json.loads(output)

    def client(self) -> SyncPrefectClient:
        """Prefect's own client of this server."""
        return SyncPrefectClient(f"{self.url}/api")

    def begin(self, deployment: str, parameters: dict[str, Any] | None = None) -> UUID:
        """Start a run as the UI does."""
        with self.client() as client:
            identity = client.read_deployment_by_name(deployment).id
            return client.create_flow_run_from_deployment(identity, parameters=parameters).id

    def flow_run(self, identity: UUID) -> FlowRun:
        """What Prefect says of a flow run."""
        with self.client() as client:
            return client.read_flow_run(identity)

    def ended(self, identity: UUID) -> FlowRun:
        """The same, once it has ended."""

        def look() -> FlowRun | None:
            run = self.flow_run(identity)
            return run if run.state and run.state.is_final() else None

        return until(look, f"the end of flow run {identity}")

    def task_runs(self, identity: UUID) -> dict[str, str]:
        """The states of a flow run's task runs, by name."""
        with self.client() as client:
            answer = client.request(
                "POST",
                "/task_runs/filter",
                json={"flow_runs": {"id": {"any_": [str(identity)]}}},
            )
        return {run["name"]: run["state_name"] for run in answer.json()}

    def artifacts_of(self, identity: UUID) -> list[Artifact]:
        """What a flow run shows in the UI."""
        chosen = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[identity]))
        with self.client() as client:
            return client.read_artifacts(artifact_filter=chosen)

    def record(self, identity: UUID) -> dict[str, Any]:
        """run.json of a flow run."""
        for path in (self.artifacts / "runs").glob("2*/run.json"):
            content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            if content["flow_run_id"] == str(identity):
                return content
        return {}

    def training(self, identity: UUID) -> bool:
        """Whether a run has come as far as training."""
        state = self.flow_run(identity).state
        assert state
        assert not state.is_final(), f"{state.name}: {state.message}"
        return any(a.type == "progress" for a in self.artifacts_of(identity))


def bare(environment: dict[str, str]) -> dict[str, str]:
    """This process's environment without what the tests' own server set, and something more."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PREFECT_", "REVIEWFLOW_"))
    }
    return {**kept, **environment}


def project_in(folder: Path, reviews: Reviews) -> Project:
    """Make a folder a project: configurations, deployments, reviews."""
    (folder / "configs").symlink_to(ROOT / "configs")
    (folder / "prefect.yaml").write_bytes((ROOT / "prefect.yaml").read_bytes())
    (folder / "data" / "raw").mkdir(parents=True)
    project = Project(folder, free_port())
    write_reviews(project.reviews, reviews)
    return project


@contextmanager
def serving(
    project: Project, *options: str, end: signal.Signals = signal.SIGINT, **environment: str
) -> Iterator[Project]:
    """Have ``reviewflow ui`` up; a signal ends it and everything that it started."""
    with (project.folder / "ui.txt").open("wb") as output:
        process = subprocess.Popen(
            [
                *project.prefix,
                sys.executable,
                "-m",
                "flows.commands.main",
                "ui",
                "--port",
                str(project.port),
                *options,
            ],
            cwd=project.folder,
            env=bare(project.environment | environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    project.process = process
    try:
        until(lambda: READY in project.printed or process.poll() is not None, "the UI")
        assert process.poll() is None, project.printed
        yield project
    finally:
        family = [psutil.Process(process.pid)] if process.poll() is None else []
        family += [child for parent in family for child in parent.children(recursive=True)]
        called = {each.pid: each.cmdline()[1:4] for each in living(family)}
        process.send_signal(end)
        try:
            until(lambda: process.poll() is not None, "the end of reviewflow ui")
            until(lambda: not living(family), f"the end of all of {called}")
        finally:
            for each in living(family):
                each.kill()
            process.wait()
    assert process.returncode == 0, project.printed
    assert project.printed.endswith("Shutting down.\n")


@pytest.fixture(scope="session")
def served(reviews: Reviews, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """``reviewflow ui`` with a webhook, in a project where a run was made before it was up."""
    project = project_in(tmp_path_factory.mktemp("project"), reviews)
    write_config(project.folder / "before.yaml", small_config(project.reviews))
    run = project.command("run", "--config", "before.yaml")
    output, errors = run.communicate(timeout=WAIT_SECONDS)
    assert run.returncode == 0, output + errors
    quick = {
        "TZ": TIME_ZONE,
        "PREFECT_WORKER_QUERY_SECONDS": "0.5",
        "PREFECT_WORKER_PREFETCH_SECONDS": "0",
        "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "1",
        "PREFECT_SERVER_SERVICES_SCHEDULER_MAX_RUNS": "4",
    }
    with listening() as hook, serving(project, REVIEWFLOW_WEBHOOK_URL=hook.url, **quick):
        project.webhook = hook
        yield project
