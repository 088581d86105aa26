"""What changed since the last run."""

import json
from pathlib import Path
from typing import Any

import pytest

from reviewflow.runs.changes import changes_since_last_run


def run(**changes: Any) -> dict[str, Any]:
    score = changes.pop("score", 0.95)
    best = changes.pop("best", "relu")
    return {
        "job": "sentiment",
        "name": "imdb",
        "state": "completed",
        "started": "2025-06-02T14:05:21+00:00",
        "config": {"train": {"epochs": 10}, "notify": {"fall": 0.1}},
        "data": {"rows": 25_000},
        "stages": [],
        "variants": [{"name": best, "metrics": {"test": {"roc_auc": score}}}],
        "best": {"variant": best},
    } | changes


def told(tmp_path: Path, before: dict[str, Any], now: dict[str, Any]) -> dict[str, Any] | None:
    for name, content in (("one", before), ("two", now | {"state": "running"})):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").write_text(json.dumps(content))
    return changes_since_last_run(tmp_path / "two", now)


def test_nothing_changed(tmp_path: Path) -> None:
    found = told(tmp_path, run(), run(started="2025-06-03T14:05:21+00:00"))
    assert found == {"run_id": "one", "started": "2025-06-02T14:05:21+00:00", "changes": []}


def test_settings_rows_code_and_the_best(tmp_path: Path) -> None:
    now = run(
        config={"train": {"epochs": 20, "seed": 1}, "notify": {"fall": 0.2}},
        data={"rows": 25_010},
        stages=[{"stage": "train", "reason": "code changed: a.b, c.d; torch 1 → 2"}],
        best="tanh",
        score=0.9612,
    )
    found = told(tmp_path, run(), now)
    assert found is not None
    assert found["changes"] == [
        "train.epochs 10 → 20",
        "train.seed not there → 1",
        "25,000 → 25,010 rows",
        "code: a.b, c.d",
        "best variant relu → tanh",
        "best ROC AUC 0.9500 → 0.9612 (+0.0112)",
    ]


def test_code_that_a_reason_only_counts_is_more(tmp_path: Path) -> None:
    now = run(stages=[{"stage": "train", "reason": "code changed: a.b, c.d and 10 more"}])
    found = told(tmp_path, run(), now)
    assert found is not None
    assert found["changes"] == ["code: a.b, c.d and more"]


def test_edited_rows_are_told_by_parts(tmp_path: Path) -> None:
    stages = [{"stage": "ingest", "part": part, "reason": "new rows"} for part in (0, 2)]
    found = told(tmp_path, run(), run(stages=stages))
    assert found is not None
    assert found["changes"] == ["other rows in 2 parts"]


@pytest.mark.parametrize("before", [run(name="other"), run(state="failed"), {"state": 3}])
def test_no_run_to_compare_with(before: dict[str, Any], tmp_path: Path) -> None:
    assert told(tmp_path, before, run()) is None
    assert changes_since_last_run(tmp_path / "nowhere", run()) is None
