"""``reviewflow ui``: deployments, what a run shows, how runs end, and crashes."""

import json
import os
import pty
import re
import signal
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
import pytest
from prefect.client.schemas.filters import ArtifactCollectionFilter, ArtifactCollectionFilterKey
from prefect.exceptions import PrefectHTTPStatusError
from prefect.states import Cancelling

from flows.base import STOPPED as RUN_STOPPED
from flows.commands.errors import INTERRUPTED
from flows.prefect_server.worker import IS_REFUSED
from tests.conftest import Reviews, small_config, write_config
from tests.flows.conftest import (
    LONG,
    SHORT,
    TIME_ZONE,
    TOKEN,
    WAIT_SECONDS,
    Project,
    bare,
    living,
    project_in,
    serving,
    until,
)

pytestmark = pytest.mark.slow


def get(url: str) -> str:
    """What is answered at an address."""
    with urllib.request.urlopen(url, timeout=WAIT_SECONDS) as answer:
        text: str = answer.read().decode()
        return text


def worker_of(project: Project) -> psutil.Process:
    """The worker of a running ``reviewflow ui``."""

    def look() -> psutil.Process | None:
        assert project.process
        for child in psutil.Process(project.process.pid).children():
            if "flows.prefect_server.worker" in child.cmdline():
                return child
        return None

    return until(look, "a worker")


def process_of(identity: UUID, worker: psutil.Process) -> psutil.Process:
    """The process of one of the worker's flow runs; the nightly one may be going as well."""
    (process,) = (
        child
        for child in worker.children()
        if child.environ().get("PREFECT__FLOW_RUN_ID") == str(identity)
    )
    return process


def begun(project: Project) -> tuple[UUID, psutil.Process, psutil.Process]:
    """A run in the middle of its training, its worker and its process."""
    identity = project.begin("sentiment/on-demand", LONG)
    until(lambda: project.training(identity), "training")
    worker = worker_of(project)
    return identity, worker, process_of(identity, worker)


def whole(project: Project) -> bool:
    """Whether every artifact of the store is whole."""
    return bool(project.command("store", "verify").wait(WAIT_SECONDS) == 0)


# ----------------------------------------------------------------------------- what is deployed


def test_everything_in_prefect_yaml_is_deployed_for_this_folder(served: Project) -> None:
    with served.client() as client:
        deployments = {each.name: each for each in client.read_deployments()}
    assert {"nightly", "on-demand", "demo"} <= set(deployments)
    for name in ("nightly", "on-demand", "demo"):
        deployed = deployments[name]
        assert deployed.work_pool_name == "reviewflow"
        assert deployed.description
        assert deployed.version == "1"
        ((step, asked),) = ((k, v) for each in deployed.pull_steps or [] for k, v in each.items())
        assert step.endswith("set_working_directory")
        assert Path(asked["directory"]) == served.folder
    (schedule,) = deployments["nightly"].schedules
    assert (schedule.schedule.cron, schedule.schedule.timezone) == ("30 4 * * *", TIME_ZONE)  # type: ignore[union-attr]
    assert schedule.active
    assert re.search(
        rf"^Next by schedule: nightly on \w+day, .+ at 04:30 \({TIME_ZONE}\)\.$",
        served.printed,
        re.MULTILINE,
    )
    assert deployments["nightly"].parameters == {"config": "configs/nightly.yaml"}
    assert deployments["on-demand"].schedules == []
    assert deployments["demo"].schedules == []
    tags = {name: set(deployments[name].tags) for name in ("nightly", "on-demand", "demo")}
    assert tags == {
        "nightly": {"sentiment", "scheduled"},
        "on-demand": {"sentiment", "by-hand"},
        "demo": {"moons"},
    }
    strategies = {"nightly": "CANCEL_NEW", "on-demand": "ENQUEUE", "score-inbox": "ENQUEUE"}
    for name, strategy in strategies.items():
        limit, options = (
            deployments[name].global_concurrency_limit,
            deployments[name].concurrency_options,
        )
        assert limit is not None
        assert limit.limit == 1
        assert options is not None
        assert options.collision_strategy == strategy


def test_the_page_calls_the_api_it_came_from_and_only_this_machine_is_listened_to(
    served: Project,
) -> None:
    assert json.loads(get(f"{served.url}/ui-settings"))["api_url"] == "/api"
    assert served.process
    family = [psutil.Process(served.process.pid)]
    family += family[0].children(recursive=True)
    sockets = [c for each in family for c in each.net_connections() if c.status == "LISTEN"]
    assert served.port in {c.laddr.port for c in sockets}
    assert {c.laddr.ip for c in sockets} == {"127.0.0.1"}


# --------------------------------------------------------------------------- what a run shows


def test_a_run_from_the_form_shows_what_it_did_and_its_links_open(served: Project) -> None:
    identity = served.begin("sentiment/on-demand", SHORT)
    run = served.ended(identity)
    assert run.state
    assert run.state.name == "Completed", run.state.message
    assert run.name.startswith("on-demand · 600 rows · ")
    assert run.name.endswith(" changed stages")
    record = served.record(identity)
    assert record["state"] == "completed"
    assert record["config"]["train"]["epochs"] == 2
    assert [variant["name"] for variant in record["variants"]] == ["relu", "tanh"]

    tasks = until(
        lambda: "publish" in (found := served.task_runs(identity)) and found, "the task runs"
    )
    assert {"ingest", "normalize", "train[relu]", "train[tanh]", "report"} <= set(tasks)
    assert tasks["ingest"] == "Cached"  # the run from the command line did that
    assert tasks["train[tanh]"] == "Completed"

    artifacts = served.artifacts_of(identity)
    progress = {a.description: a.data for a in artifacts if a.type == "progress"}
    assert set(progress.values()) == {100.0}
    of_training = {str(text).partition(":")[0] for text in progress}
    assert of_training == {"on-demand · train[relu]", "on-demand · train[tanh]"}
    assert all("loss 0." in str(text) for text in progress)
    keyed = {a.key: str(a.data) for a in artifacts if a.key}
    assert {row["variant"] for row in json.loads(keyed["metrics"])} == {"relu", "tanh"}
    assert "number of rows at least 20" in keyed["quality-reviews"]
    assert "quality-features" in keyed
    assert keyed["report"].startswith("# ")
    assert re.search(r" · took [0-9.,]+ s · ", keyed["report"])
    links = {key: data for key, data in keyed.items() if str(key).startswith("link-")}
    of_checks = {"link-data-docs-reviews", "link-data-docs-features"}
    assert set(links) == {"link-report", "link-trend", *of_checks}
    address = {key: served.url + data.partition("(")[2].rstrip(")") for key, data in links.items()}
    assert record["run_id"] in get(address["link-report"])
    assert record["run_id"] in get(address["link-trend"])
    for suite, first in (("reviews", "rows.html"), ("features", "features.html")):
        docs = address[f"link-data-docs-{suite}"]
        assert f'href="{first}"' in get(docs)
        assert "great expectations" in get(f"{docs.rpartition('/')[0]}/{first}").lower()


def test_links_of_a_run_from_before_the_ui_was_up_work(served: Project) -> None:
    with served.client() as client:
        (run,) = (r for r in client.read_flow_runs() if r.deployment_id is None)
    assert run.name.startswith("before · 600 rows · ")
    (link,) = (a for a in served.artifacts_of(run.id) if a.key == "link-report")
    page = get(served.url + str(link.data).partition("(")[2].rstrip(")"))
    assert served.record(run.id)["run_id"] in page


def test_all_reports_are_at_one_address(served: Project) -> None:
    assert f"All reports:  {served.url}/reviewflow/\n" in served.printed
    with served.client() as client:
        (link,) = client.read_latest_artifacts(
            artifact_filter=ArtifactCollectionFilter(
                key=ArtifactCollectionFilterKey(any_=["link-reports"])
            )
        )
        (run,) = (r for r in client.read_flow_runs() if r.deployment_id is None)
    assert link.data == "[All runs](/reviewflow/)"
    page = get(f"{served.url}/reviewflow/")
    own = f"runs/{served.record(run.id)['run_id']}/report.html"
    assert f'href="{own}"' in page
    assert "before" in get(f"{served.url}/reviewflow/{own}")


def test_prefects_own_database_is_not_served(served: Project) -> None:
    for path in (
        "prefect/prefect.db",
        "runs/../prefect/prefect.db",
        "runs/%2e%2e/prefect/prefect.db",
    ):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            get(f"{served.url}/reviewflow/{path}")


def test_a_wrong_table_of_variants_is_a_failed_run_that_says_so(served: Project) -> None:
    run = served.ended(served.begin("sentiment/on-demand", {**SHORT, "variants": "- relu"}))
    assert run.state
    assert run.state.name == "Failed", run.state.message
    assert "variants: must be a table, a line a variant" in str(run.state.message)


def test_a_value_out_of_bounds_is_refused_before_anything_starts(served: Project) -> None:
    wrong = {**SHORT, "train": {"epochs": 0}}
    with pytest.raises(PrefectHTTPStatusError) as refused:
        served.begin("sentiment/on-demand", wrong)
    assert refused.value.response.status_code == 409


# ------------------------------------------------------------------------------ how runs are ended


def test_a_run_that_came_meanwhile_waits_and_starts_after_one_was_cancelled(
    served: Project,
) -> None:
    first, worker, process = begun(served)
    second = waiting(served, first)
    with served.client() as client:
        client.set_flow_run_state(first, Cancelling())
    assert end_states(served, first) == ("Cancelled", "cancelled")
    assert "run again to go on" in served.record(first)["error"]
    states = set(served.task_runs(first).values())
    assert "Cancelled" in states
    assert not states & {"Failed", "Crashed"}
    until(lambda: not living([process]), "the process's end")
    assert living([worker])
    assert end_states(served, second) == ("Completed", "completed")
    assert whole(served)


def waiting(project: Project, first: UUID) -> UUID:
    """A second run that waits for the end of the first, and says so."""
    second = project.begin("sentiment/on-demand", SHORT)
    reason = f"/runs/flow-run/{first}): this deployment has one run at a time."
    until(lambda: reason in "".join(logs_of(project, second)), "the reason in its log")
    assert project.flow_run(second).state_name == "AwaitingConcurrencySlot"
    assert not [line for line in logs_of(project, second) if IS_REFUSED in line]
    return second


def logs_of(project: Project, identity: UUID) -> list[str]:
    """What the log of a run says."""
    wanted = {"logs": {"flow_run_id": {"any_": [str(identity)]}}}
    with project.client() as client:
        return [
            line["message"] for line in client.request("POST", "/logs/filter", json=wanted).json()
        ]


def test_a_worker_killed_with_its_run_leaves_a_crash_and_the_next_run_goes_on(
    served: Project,
) -> None:
    identity, worker, process = begun(served)
    second = waiting(served, identity)
    worker.kill()
    process.kill()
    run = served.ended(identity)
    assert run.state
    assert run.state.name == "Crashed", run.state.message
    assert "the next run goes on" in str(run.state.message)
    assert {line["run_id"]: line["state"] for line in served.json_of("runs")}[
        served.record(identity)["run_id"]
    ] == "crashed"
    (message,) = until(lambda: messages_of(served, run.name), "the message")
    assert message["event"] == "crashed"
    until(lambda: "here is another one" in served.printed, "another worker")
    assert end_states(served, second) == ("Completed", "completed")

    other = {**SHORT, "train": {**SHORT["train"], "seed": 1}}
    following = served.begin("sentiment/on-demand", other)
    assert end_states(served, following) == ("Completed", "completed")
    stages = {each["stage"]: each["state"] for each in served.record(following)["stages"]}
    assert stages["normalize"] == stages["features"] == "cached"
    assert stages["train"] == "ran"
    assert whole(served)


def test_a_run_whose_worker_is_killed_ends_since_nobody_could_cancel_it(served: Project) -> None:
    identity, worker, process = begun(served)
    worker.kill()
    assert end_states(served, identity) == ("Cancelled", "cancelled")
    until(lambda: not living([process]), "the process's end")
    assert whole(served)


def test_a_run_whose_process_is_killed_is_a_crash_that_its_worker_reports(
    served: Project,
) -> None:
    identity, worker, process = begun(served)
    second = waiting(served, identity)
    process.kill()
    run = served.ended(identity)
    assert run.state
    assert run.state.name == "Crashed", run.state.message
    assert end_states(served, second) == ("Completed", "completed")  # a dead run keeps no place
    (message,) = until(lambda: messages_of(served, run.name), "the message")
    assert message["event"] == "crashed"
    assert living([worker])


def messages_of(project: Project, title: str) -> list[dict[str, Any]]:
    """The messages that begin with the name of a run, which are dropped once returned."""
    assert project.webhook
    messages = [body for _, _, body in project.webhook.requests if body["text"].startswith(title)]
    if messages:
        project.webhook.requests.clear()
    return messages


def test_the_webhooks_address_is_in_no_file_and_no_answer(served: Project) -> None:
    files = [path for path in served.artifacts.rglob("*") if path.is_file()]
    assert [path for path in files if TOKEN.encode() in path.read_bytes()] == []
    with served.client() as client:
        for kind in ("logs", "flow_runs", "task_runs"):
            page = {"limit": 200, "sort": "TIMESTAMP_DESC"} if kind == "logs" else {"limit": 200}
            assert TOKEN not in client.request("POST", f"/{kind}/filter", json=page).text


def end_states(project: Project, identity: UUID) -> tuple[str, str]:
    """The states of a run at its end, in Prefect and in run.json."""
    run = project.ended(identity)
    assert run.state
    state = until(
        lambda: (found := project.record(identity).get("state")) != "running" and found, "run.json"
    )
    return run.state.name or "", str(state)


def assert_recorded_as_stopped(project: Project, run_id: str) -> None:
    """The run ended as cancelled in run.json and in Prefect, and left the store whole."""
    record = json.loads((project.artifacts / "runs" / run_id / "run.json").read_text())
    assert (record["state"], record["error"]) == ("cancelled", RUN_STOPPED)
    flow_run = project.flow_run(UUID(record["flow_run_id"]))
    assert flow_run.state
    assert flow_run.state.name == "Cancelled"
    assert whole(project)


def run_ids(project: Project) -> set[str]:
    """The ids of all runs."""
    return {path.name for path in (project.artifacts / "runs").glob("2*")}


LONG_RUN = ("run", "--config", "before.yaml", "--set", "train.epochs=100000")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_run_from_the_command_line_with_a_sentence(
    served: Project, number: signal.Signals
) -> None:
    before = run_ids(served)
    run = served.command(*LONG_RUN)
    assert run.stdout
    assert any("train" in line and "epoch" in line for line in run.stdout)
    run.send_signal(number)
    _, errors = run.communicate(timeout=WAIT_SECONDS)
    assert run.returncode == 130
    assert errors == f"Error: {RUN_STOPPED}\n"
    (run_id,) = run_ids(served) - before
    assert_recorded_as_stopped(served, run_id)


def test_a_terminal_that_is_closed_ends_its_run(served: Project) -> None:
    before = run_ids(served)
    screen, terminal = pty.openpty()
    program = (
        "import os, sys; os.login_tty(0);"
        "os.execv(sys.executable, [sys.executable, '-m', 'flows.commands.main', *sys.argv[1:]])"
    )
    run = subprocess.Popen(
        [sys.executable, "-c", program, *LONG_RUN],
        cwd=served.folder,
        env={**bare({}), "TERM": "xterm"},
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    screen_bytes = b""
    while not re.search(rb"train.*epoch", screen_bytes):
        screen_bytes += os.read(screen, 1 << 16)
    os.close(screen)  # which sends SIGHUP
    with suppress(ProcessLookupError):
        run.send_signal(signal.SIGHUP)  # as a shell does that ends with its terminal
    assert run.wait(WAIT_SECONDS) == 130
    (run_id,) = run_ids(served) - before
    assert_recorded_as_stopped(served, run_id)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_before_the_run_has_begun_ends_with_a_sentence_and_no_server(
    tmp_path: Path, reviews: Reviews, number: signal.Signals
) -> None:
    project = project_in(tmp_path, reviews[:40])
    write_config(project.folder / "before.yaml", small_config(project.reviews))
    run = project.command("run", "--config", "before.yaml")
    family = until(lambda: psutil.Process(run.pid).children(recursive=True), "the server's start")
    run.send_signal(number)
    _, errors = run.communicate(timeout=WAIT_SECONDS)
    assert (run.returncode, errors) == (130, f"{INTERRUPTED}\n")
    until(lambda: not living(family), "the server's end")
    assert run_ids(project) == set()


# -------------------------------------------------------------------------- what cannot be started


def refused(project: Project, *arguments: str) -> tuple[int, str]:
    """Exit code and sentence of a ``reviewflow ui`` that does not start."""
    process = project.command("ui", *arguments)
    _, errors = process.communicate(timeout=WAIT_SECONDS)
    assert errors.startswith("Error: ")
    assert errors.count("\n") == 1
    return process.returncode, errors


def test_a_second_ui_of_the_same_artifacts_is_refused(served: Project) -> None:
    code, sentence = refused(served, "--port", str(served.port))
    assert code == 2
    assert "is up already" in sentence


def test_a_busy_port_is_one_sentence(served: Project, tmp_path: Path) -> None:
    arguments = ("--port", str(served.port), "--artifacts", str(tmp_path))
    code, sentence = refused(served, *arguments)
    assert code == 2
    assert f"127.0.0.1:{served.port}" in sentence
    assert "choose another --port" in sentence


def test_a_folder_without_deployments_is_one_sentence(tmp_path: Path) -> None:
    code, sentence = refused(Project(tmp_path, 0))
    assert code == 2
    assert "no prefect.yaml" in sentence


@pytest.fixture
def database(tmp_path: Path, reviews: Reviews) -> Iterator[tuple[Project, Path]]:
    """A project whose server was not started yet, and where its database will be."""
    project = project_in(tmp_path, reviews[:40])
    path = project.artifacts / "prefect" / "prefect.db"
    path.parent.mkdir(parents=True)
    return project, path


def test_a_garbled_database_is_one_sentence(database: tuple[Project, Path]) -> None:
    project, path = database
    path.write_bytes(b"not a database at all" * 100)
    code, sentence = refused(project, "--port", str(project.port))
    assert code == 1
    assert "file is not a database" in sentence
    assert "loses the history in Prefect's UI and no results" in sentence


def test_a_locked_database_is_one_sentence(database: tuple[Project, Path]) -> None:
    project, path = database
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE flow (id)")
    connection.execute("BEGIN IMMEDIATE")
    code, sentence = refused(project, "--port", str(project.port))
    connection.close()
    assert code == 1
    assert f"{path} is locked by another program" in sentence


# ------------------------------------------------------------------- beside a server that is there


def test_a_server_that_is_configured_is_used_and_files_have_a_port_of_their_own(
    prefect_api: str, tmp_path: Path, reviews: Reviews
) -> None:
    project = project_in(tmp_path, reviews[:40])
    with serving(project, end=signal.SIGHUP, PREFECT_API_URL=prefect_api):
        assert f"Prefect's UI: {prefect_api.removesuffix('/api')} " in project.printed
        assert not (project.artifacts / "prefect" / "prefect.db").exists()
        page = project.artifacts / "runs" / "page.html"
        page.parent.mkdir(parents=True)
        page.write_text("a report")
        assert get("http://127.0.0.1:4210/reviewflow/runs/page.html") == "a report"
        assert "All reports:  http://127.0.0.1:4210/reviewflow/\n" in project.printed
        shown_at = prefect_api.removesuffix("/api")
        assert f'href="{shown_at}"' in get("http://127.0.0.1:4210/reviewflow/")
    assert json.loads(get(f"{prefect_api}/health")) is True  # the signal was not for that one
    with pytest.raises(urllib.error.URLError):
        get("http://127.0.0.1:4210/reviewflow/runs/page.html")


# ------------------------------------------------------------------------------- to be reached


def status_of(url: str, password: str | None = None) -> int:
    """The status of the answer at an address."""
    request = urllib.request.Request(url)
    if password:
        request.add_header("Authorization", f"Basic {b64encode(password.encode()).decode()}")
    try:
        with urllib.request.urlopen(request, timeout=WAIT_SECONDS) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_an_address_that_others_can_reach_asks_for_a_password(
    tmp_path: Path, reviews: Reviews
) -> None:
    project = project_in(tmp_path, reviews[:40])
    page = project.artifacts / "runs" / "page.html"
    page.parent.mkdir(parents=True)
    page.write_text("a report")
    password = "ann:not for everybody"
    with serving(
        project,
        "--host",
        "0.0.0.0",
        end=signal.SIGTERM,
        PREFECT_SERVER_API_AUTH_STRING=password,
    ):
        assert "listens on 0.0.0.0 and asks for the password" in project.printed
        assert json.loads(get(f"{project.url}/api/health")) is True
        for path in ("/api/admin/version", "/reviewflow/", "/reviewflow/runs/page.html"):
            assert status_of(f"{project.url}{path}") == 401
            assert status_of(f"{project.url}{path}", "ann:wrong") == 401
            assert status_of(f"{project.url}{path}", password) == 200
        code, sentence = refused_run(project)
        assert code == 2
        assert "asks for a password; set PREFECT_API_AUTH_STRING" in sentence
    assert password not in project.printed


def refused_run(project: Project) -> tuple[int, str]:
    """The exit code and the last line of a run without the password."""
    run = project.command("run", "--config", "configs/fast.yaml")
    _, errors = run.communicate(timeout=WAIT_SECONDS)
    return run.returncode, errors.splitlines()[-1]
