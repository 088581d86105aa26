"""What a person on call reads: what broke, what changed, which rows, and what to do."""

from typing import Any

import pytest

from reviewflow.runs.alert_message import AlertMessage, alert_message
from reviewflow.runs.alerts import Alert, alerts

PLACES = {"Report": "mill:/data/report.html"}
DUPLICATES = {
    "success": False,
    "severity": "error",
    "frame": "rows",
    "asked": "duplicate false in at least 99 % of the rows",
    "observed": "9 of 600 values (1.5 %) fail: true",
    "unexpected_count": 9,
    "limit": {"name": "max_duplicates", "value": 0.01},
    "examples": [{"record": number, "duplicate": True} for number in (1017, 20, 21, 22)],
}


def content(**more: Any) -> dict[str, Any]:
    """A completed run as run.json has it."""
    return {
        "run_id": "2026-11-27T04-30-00-000000-abcdef",
        "job": "sentiment",
        "name": "imdb",
        "config_file": "/data/configs/imdb.yaml",
        "state": "completed",
        "started": "2026-11-27T03:30:00.000+00:00",
        "config": {
            "ingest": {"path": "imdb.csv"},
            "train": {"epochs": 20},
            "notify": {"metric": "test.roc_auc", "fall": 0.01, "to": ["ops"]},
        },
        "environment": {"packages": {"numpy": "2.3.0"}},
        "quality": [],
        "stages": [],
        **more,
    }


BEFORE = content(
    run_id="2026-11-26T04-30-00-000000-fedcba", started="2026-11-26T03:30:00.000+00:00"
)


def message(run: dict[str, Any], before: dict[str, Any] | None = BEFORE) -> AlertMessage:
    """The message for a run."""
    return alert_message(alerts(run, before, ("log_loss",)), run, before, PLACES)


def test_a_failed_check_gives_rows_limit_and_command() -> None:
    since = {
        "run_id": BEFORE["run_id"],
        "started": BEFORE["started"],
        "changes": ["600 → 640 rows"],
    }
    stages = [
        {"stage": "ingest", "variant": None, "state": "ran"},
        {"stage": "validate_reviews", "variant": None, "state": "failed"},
    ]
    run = content(
        state="failed",
        error="The reviews failed 1 of 13 checks:\n\nseverity  expected",
        quality=[{"success": True, "asked": "no blank text"}, DUPLICATES],
        since=since,
        stages=stages,
    )
    assert message(run) == AlertMessage(
        "imdb: run failed in validate reviews",
        "What broke:\n"
        "- stage validate reviews\n"
        "- 1 expectation of severity error failed, so nothing was trained\n\n"
        "What changed since the last good run, 2026-11-26T04-30-00-000000-fedcba "
        "(26 November 2026, 03:30 UTC): 600 → 640 rows\n\n"
        "Which rows: duplicate false in at least 99 % of the rows: 9 of 600 values (1.5 %) fail: "
        "true; record 1017, duplicate yes; record 20, duplicate yes; record 21, duplicate yes; "
        "and 6 more\n\n"
        "What to do:\n"
        "- mend these rows in imdb.csv, or change validate.limits.max_duplicates if they are "
        "right\n"
        "- then run again: `reviewflow run --config /data/configs/imdb.yaml`; what was finished "
        "is kept\n\n"
        "Where: Report: mill:/data/report.html",
        is_failure=True,
    )


def test_a_failed_training_names_its_variants() -> None:
    stages = [
        {"stage": "train", "variant": name, "state": "failed", "part": None}
        for name in ("relu", "tanh", "relu")
    ]
    run = content(state="failed", error="The loss is not a number.", stages=stages)
    found = message(run)
    assert found.title == "imdb: run failed in train"
    assert "- stage train, variant relu and tanh\n- The loss is not a number.\n" in found.body
    assert "- mend the cause above\n" in found.body
    assert "Which rows" not in found.body


def test_a_failure_before_the_rows_are_known_compares_settings_and_packages() -> None:
    run = content(
        state="failed",
        error="There is no file imdb.csv; check ingest.path.",
        config={**content()["config"], "train": {"epochs": 10}},
        environment={"packages": {"numpy": "2.4.0", "torch": "2.13.0"}},
    )
    body = message(run).body
    assert body.startswith("What broke: There is no file imdb.csv; check ingest.path.\n")
    assert "UTC):\n- train.epochs 20 → 10\n- numpy 2.3.0 → 2.4.0\n\n" in body
    same = content(state="failed", error="There is no file imdb.csv; check ingest.path.")
    assert "UTC): nothing: settings and packages are the same\n" in message(same).body
    assert "What changed: this configuration has no completed run yet" in message(same, None).body


def test_a_broken_file_is_named_with_its_size_and_the_champion_goes_on() -> None:
    before = {
        **BEFORE,
        "input": {"files": 1, "bytes": 4_200_000, "modified": "2026-11-26T01:00:00+00:00"},
    }
    run = content(
        state="failed",
        error="imdb.csv: record 1,674 has 1 cell where the header has 2.",
        input={"files": 1, "bytes": 2_100_000, "modified": "2026-11-27T01:00:00+00:00"},
    )
    found = alert_message(alerts(run, before, ()), run, before, PLACES, "imdb 3f9a12bc")
    assert found.title == "imdb: run failed on imdb.csv"
    assert (
        "UTC): the input file 4.2 MB → 2.1 MB, written 27 November 2026, 01:00 UTC\n" in found.body
    )
    assert "The model: imdb 3f9a12bc is still the champion and scores new files\n" in found.body
    assert "- mend imdb.csv, or have it exported again\n" in found.body
    longer = {**run, "input": {**before["input"], "bytes": 4_200_043}}
    assert "the input file 43 bytes longer, written" in message(longer, before).body
    same = {**run, "input": before["input"]}
    assert (
        "nothing: input file (size and time), settings and packages" in message(same, before).body
    )


@pytest.mark.parametrize(
    "error",
    [
        "The artifacts folder artifacts cannot be written (No space left on device); free space.",
        "Prefect's database cannot be written: the disk that holds artifacts/prefect is full.",
    ],
)
def test_a_full_disk_says_how_to_make_room(error: str) -> None:
    run = content(state="failed", error=error, stages=[{"stage": "train", "state": "failed"}])
    found = message(run)
    assert found.title == "imdb: run failed: the disk is full"
    assert "- free space on that disk: `reviewflow store gc --keep-runs 20` removes" in found.body
    assert "mend" not in found.body


def test_a_message_says_which_model_scores_now() -> None:
    def model(promoted: bool, champion: str, **more: Any) -> str:
        gate = {"promoted": promoted, "reason": "a loss is not excluded.", "champion": champion}
        published = {"name": "imdb", "version": "new", "gate": gate}
        warned = [{**DUPLICATES, "severity": "warning"}]
        run = content(quality=warned, published=published, **more)
        return alert_message(alerts(run, None, ()), run, None, PLACES, "imdb old").body

    assert "The model: imdb new of this run is the champion now" in model(True, "old")
    refused = model(False, "old")
    assert "- imdb old is still the champion and scores new files\n" in refused
    assert "- imdb new of this run is not promoted: a loss is not excluded.\n" in refused
    assert "is not promoted" not in model(False, "new")


def test_all_alerts_of_a_run_are_one_message() -> None:
    def run(auc: float, **more: Any) -> dict[str, Any]:
        variants = [{"name": "tanh", "metrics": {"test": {"roc_auc": auc}}}]
        return content(best={"variant": "tanh"}, variants=variants, **more)

    warned = run(0.8, quality=[{**DUPLICATES, "severity": "warning"}])
    found = message(warned, {**run(0.9), "run_id": "before"})
    assert found.title == "imdb: 1 expectation failed and test.roc_auc fell"
    assert not found.is_failure
    assert "- 1 expectation of severity warning failed, and the run went on\n" in found.body
    assert "the best test.roc_auc fell from 0.9000 to 0.8000" in found.body
    assert f"`reviewflow compare before {warned['run_id']}` shows" in found.body


def test_a_crash_says_that_there_is_nothing_to_do_now() -> None:
    run = content(state="crashed")
    found = alert_message([Alert("crashed", "imdb crashed: gone.")], run, None, PLACES)
    assert (found.title, found.is_failure) == ("imdb: run crashed", True)
    assert found.body.startswith("What broke: imdb crashed: gone.\n")
    assert "What to do: nothing now: the next run goes on" in found.body


def test_a_message_stays_short_and_on_its_lines() -> None:
    many = [{**DUPLICATES, "asked": f"rule {number}"} for number in range(40)]
    since = {"run_id": "before", "changes": [f"code: f{number}\nx" for number in range(40)]}
    error = "x" * 5000
    run = content(state="failed", error=error, quality=many, since=since)
    body = message(run).body
    assert "- and 35 more expectations\n" in body
    assert "- and 32 more changes\n" in body
    assert len(message({**run, "quality": []}).body) < 3000
    acting = content(state="failed", error="no \x1b[31mred\x07")
    assert message(acting).body.isprintable() or "\x1b" not in message(acting).body


def test_a_record_of_another_form_still_gives_a_message() -> None:
    odd = {"state": "failed", "error": None, "quality": 3, "stages": [{"state": "failed"}], "x": 1}
    assert message(odd, {}).title.endswith(": run failed")


def test_a_check_of_two_suites_is_told_once() -> None:
    warning = {"success": False, "severity": "warning", "asked": "balance at least 1"}
    quality = [{**warning, "suite": "reviews"}, {**warning, "suite": "features"}]
    run = content(state="completed", quality=quality)
    assert message(run).body.count("balance at least 1") == 1
    assert [alert.text for alert in alerts(run, None, ())] == [
        "sentiment imdb: 1 expectation failed: balance at least 1."
    ]
