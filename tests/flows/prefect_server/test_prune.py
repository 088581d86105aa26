"""Old flow runs go from a real Prefect server, and nothing else does."""

import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from flows.prefect_server.prune import DAYS_VARIABLE, KEEP_VARIABLE, PAUSE_SECONDS, STAMP, Pruner
from reviewflow.errors import UsageError

# Makes runs with a task run, a log line and an artifact each, and removes old ones. The API gives a
# state the time of its call, so their times are set in the database.
MAKE_AND_PRUNE = """
import sqlite3, sys, time
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path
from flows.prefect_server.lifecycle import prefect_server
from flows.prefect_server.prune import Pruner
home = Path(sys.argv[1])
pruner = Pruner(home)
with prefect_server(home):
    from prefect import flow, task
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import ArtifactCreate, LogCreate
    from prefect.states import Cancelled, Completed, Crashed, Failed, Running, Scheduled
    ENDS = (Completed, Failed, Crashed, Cancelled)
    times = []
    @task
    def work(): pass
    def make(client, name, number, state, days):
        @flow(name=name)
        def job(): pass
        run = client.create_flow_run(job, name=f"{name} {number}", state=state)
        client.create_task_run(work, run.id, str(number), state=Completed())
        client.create_artifact(ArtifactCreate(key="metrics", data="x", flow_run_id=run.id))
        now = datetime.now(timezone.utc)
        client.create_logs(
            [LogCreate(name="a", level=20, message="m", timestamp=now, flow_run_id=run.id)])
        moment = str(now.replace(tzinfo=None) - timedelta(days=days))
        ended = moment if isinstance(number, int) else None
        times.append((moment, moment, ended, str(run.id)))
    with get_client(sync_client=True) as client:
        for number in range(40):
            make(client, "sentiment", number, ENDS[number % 4](), number * 0.1)
        for number, days in enumerate((0, 1, 100, 200)):
            make(client, "moons", number, Completed(), days + 0.05)
            make(client, "other", number, Completed(), days)
        make(client, "sentiment", "going", Running(), 300)
        make(client, "score", "to come", Scheduled(), 300)
    time.sleep(3)  # the server writes some of it down in the background
    with closing(sqlite3.connect(home / "prefect.db", timeout=60)) as database:
        changed = database.executemany(
            "UPDATE flow_run SET start_time = ?, expected_start_time = ?, end_time = ?"
            " WHERE id = ?", times).rowcount
        database.commit()
    assert changed == len(times), changed
    start = time.monotonic()
    print(pruner.remove_for_a_moment(), time.monotonic() - start, flush=True)
    while pruner.is_due():
        print(pruner.remove_for_a_moment(), flush=True)
    time.sleep(3)  # so it does with the logs
"""
AGAIN = """
import sys, time
from pathlib import Path
from flows.prefect_server.lifecycle import prefect_server
with prefect_server(Path(sys.argv[1])):
    time.sleep(8)
"""


def rows(home: Path, query: str) -> list[tuple[object, ...]]:
    """The rows of a query of the server's database."""
    with closing(sqlite3.connect(home / "prefect.db")) as database:
        return list(database.execute(query))


def run_script(script: str, home: Path, **environment: str) -> str:
    """Run a script in a process of its own, and return its output."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    kept.pop("REVIEWFLOW_PREFECT_API_URL", None)
    done = subprocess.run(
        [sys.executable, "-c", script, str(home)],
        env=kept | {"REVIEWFLOW_START_SECONDS": "600"} | environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_ended_runs_beyond_the_limits_go_and_all_others_stay(tmp_path: Path) -> None:
    home = tmp_path / "prefect"
    printed = run_script(MAKE_AND_PRUNE, home, **{KEEP_VARIABLE: "15", DAYS_VARIABLE: "1"})
    assert "removed from Prefect's history, which keeps the newest 15 of the last 1 day" in printed
    names = {str(name) for (name,) in rows(home, "SELECT name FROM flow_run")}
    young = {f"sentiment {number}" for number in range(10)} | {"moons 0"}
    others = {f"other {number}" for number in range(4)}
    assert names == young | others | {"sentiment going", "score to come"}
    assert (home / STAMP).exists()
    for table in ("task_run", "log"):
        left = rows(home, f"SELECT DISTINCT flow_run_id FROM {table}")
        assert len(left) == len(names), table
    run_script(AGAIN, home)
    ((artifacts,),) = rows(home, "SELECT count(DISTINCT flow_run_id) FROM artifact")
    assert artifacts == len(names)
    ((latest,),) = rows(home, "SELECT flow_run_id FROM artifact_collection")
    assert (latest,) in rows(home, "SELECT id FROM flow_run")


def test_a_day_passes_between_two_looks(tmp_path: Path) -> None:
    assert Pruner(tmp_path).is_due()
    stamp = tmp_path / STAMP
    stamp.touch()
    assert not Pruner(tmp_path).is_due()
    assert Pruner(tmp_path, at_once=True).is_due()
    for age in (PAUSE_SECONDS + 5, -3600):  # a clock that was set back does not stop it
        os.utime(stamp, (time.time() - age,) * 2)
        assert Pruner(tmp_path).is_due()


@pytest.mark.parametrize("value", ["0", "-1", "many", "1e3", "9999999"])
@pytest.mark.parametrize("variable", [KEEP_VARIABLE, DAYS_VARIABLE])
def test_a_limit_that_is_no_number_is_one_sentence(
    variable: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(UsageError, match=f"{variable} is '{value}'; give a whole number"):
        Pruner(tmp_path)


def test_a_server_that_is_gone_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(pruner: Pruner) -> int:
        raise ConnectionError("gone")

    monkeypatch.setattr(Pruner, "_remove_oldest", fail)
    pruner = Pruner(tmp_path)
    assert pruner.remove_for_a_moment() is None
    assert pruner.is_due()
