"""What a person on call reads about a scoring: which files, how they differ, what to do."""

from typing import Any

from reviewflow.runs.alert_message import AlertMessage, alert_message
from reviewflow.runs.alerts import Alert, alerts

PLACES = {"Report": "mill:/data/report.html"}


def check(file: str, column: str, observed: str, **more: Any) -> dict[str, Any]:
    """A check of a file that failed, as run.json has it."""
    asked = f"{column} at most 0.1 in every row"
    found = {"file": file, "column": column, "asked": asked, "observed": observed}
    return {**found, "severity": "warning", "success": False, "kept": False, **more}


def scoring(version: str = "3f9a12bc", **more: Any) -> dict[str, Any]:
    """A completed scoring of two files."""
    config = {"input": "inbox", "output": "scores", "model": "imdb", "notify": {"to": ["ops"]}}
    files = [{"input": f"inbox/{day}.csv", "state": "scored"} for day in ("mon", "tue")]
    return {
        "run_id": f"2026-11-27T04-30-00-000000-{version}",
        "job": "score",
        "name": "imdb",
        "state": "completed",
        "started": "2026-11-27T03:30:00.000+00:00",
        "config": config,
        "model": {"name": "imdb", "version": version},
        "environment": {"packages": {}},
        "files": files,
        "quality": [],
        **more,
    }


BEFORE = scoring("9843e8aa", files=[{"input": "inbox/mon.csv", "state": "scored"}])


def message(run: dict[str, Any], before: dict[str, Any] | None = BEFORE) -> AlertMessage:
    """The message for a scoring."""
    return alert_message(alerts(run, None, ()), run, before, PLACES)


def test_a_drifted_file_is_named_with_how_it_differs() -> None:
    drift = {"unknown_share_before": 0.11, "unknown_share": 0.62, "rows": 300}
    files = [*scoring()["files"][:1], {"input": "inbox/tue.csv", "state": "scored", "drift": drift}]
    quality = [
        check("inbox/tue.csv", "psi_tokens", "3.38258"),
        check("inbox/tue.csv", "psi_unknown", "10.7228"),
        check("inbox/mon.csv", "psi_scores", "2.1", kept=True),
    ]
    found = message(scoring(files=files, quality=quality))
    assert found == AlertMessage(
        "imdb: drift in inbox/tue.csv",
        "What to look at: inbox/tue.csv differs from the rows that the model was measured on, so "
        "its scores may be wrong more often\n\n"
        "What changed since the last good run, 2026-11-27T04-30-00-000000-9843e8aa "
        "(27 November 2026, 03:30 UTC):\n"
        "- model imdb 9843e8aa → 3f9a12bc\n"
        "- new: inbox/tue.csv\n\n"
        "Which files: inbox/tue.csv: differs in lengths (index 3.383) and unknown words (index "
        "10.72), where an index above 0.25 is a large change; the model does not know 62% of the "
        "words of its 300 rows, and 11% in the rows that it was measured on\n\n"
        "What to do:\n"
        "- do not use the scores of inbox/tue.csv before somebody has looked whether it is the "
        "right export, column and language; the other files need nothing\n"
        "- if it is right, label some of its rows and score them with --labels, which tells the "
        "accuracy\n\n"
        "Where: Report: mill:/data/report.html",
        is_failure=False,
    )


def test_a_small_drift_wakes_nobody() -> None:
    found = message(scoring(quality=[check("inbox/tue.csv", "psi_unknown", "0.1005")]))
    assert found.title == "imdb: small drift in inbox/tue.csv"
    assert "differs in unknown words (index 0.1005)" in found.body
    assert "What to do: nothing tonight" in found.body


def test_a_file_is_told_of_in_the_night_that_scores_it_alone() -> None:
    kept = scoring(quality=[check("inbox/mon.csv", "psi_tokens", "3.4", kept=True)])
    assert alerts(kept, None, ()) == []
    (alert,) = alerts(scoring(quality=[check("inbox/mon.csv", "psi_tokens", "3.4")]), None, ())
    assert alert.text == (
        "score imdb: 1 expectation failed: inbox/mon.csv: psi_tokens at most 0.1 in every row."
    )


def test_other_checks_say_what_was_observed() -> None:
    found = message(scoring(quality=[check("inbox/tue.csv", "blank_share", "0.2")]))
    asked = "blank_share at most 0.1 in every row"
    assert f"inbox/tue.csv: share of blank texts is 0.2: asked was {asked}" in found.body


def test_a_file_without_scores_is_named_with_its_reason_and_the_command() -> None:
    broken = {"input": "inbox/tue.csv", "state": "failed", "error": "inbox/tue.csv is empty."}
    files = [*scoring()["files"][:1], broken]
    found = message(scoring(state="failed", error="inbox/tue.csv is empty.", files=files))
    assert (found.title, found.is_failure) == ("imdb: scoring failed", True)
    assert found.body.startswith("What broke: 1 of 2 files could not be scored\n")
    assert "Which files: inbox/tue.csv is empty.\n" in found.body
    assert "- mend or remove inbox/tue.csv; all other files are scored\n" in found.body
    assert "`reviewflow score inbox --output scores --model imdb`" in found.body


def test_a_scoring_that_scored_nothing_says_why() -> None:
    error = "No model called imdb was published in artifacts/models."
    found = message(scoring(state="failed", error=error, files=[], model=None), None)
    assert found.body.startswith(f"What broke: {error}\n")
    assert "mend the cause above; scores of before are as they were" in found.body


def test_a_crash_of_a_scoring_needs_nothing_now() -> None:
    found = alert_message([Alert("crashed", "imdb crashed: gone.")], scoring(), None, PLACES)
    assert found.title == "imdb: scoring crashed"
    assert "What to do: nothing now: the next run goes on" in found.body
