"""What changed since the last completed run, by the files that real runs write."""

import json
from pathlib import Path
from typing import Any

import pytest

from reviewflow.pipeline.keys import Fingerprint
from reviewflow.runs.changes import changes_since_last_run
from reviewflow.runs.keys_file import read_keys
from tests.reviewflow.small_store import TwoRuns, edit_json

SAMPLE = Path(__file__).parent / "sample_0_1"
FINGERPRINT = Fingerprint(
    stage="train",
    settings={"train": {"epochs": 10}},
    files={},
    facts={},
    code={"reviewflow.networks.train.train": "11"},
    packages={"python": "3.11.7", "torch": "2.13.0"},
    resources={"wordnet": "ww"},
).to_json()


def run(**changes: Any) -> dict[str, Any]:
    """The content of a completed run's run.json."""
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


def changes_between(
    tmp_path: Path,
    before: dict[str, Any],
    now: dict[str, Any],
    old: dict[str, Any] | None = None,
    new: dict[str, Any] | None = None,
) -> list[str] | None:
    """The phrases for two runs, by their run.json and their fingerprints by label."""
    for name, content in (("one", before), ("two", now | {"state": "running"})):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").write_text(json.dumps(content))
    keys = {label: {"fingerprint": each, "keys": []} for label, each in (old or {}).items()}
    (tmp_path / "one" / "keys.json").write_text(json.dumps(keys))
    found = changes_since_last_run(tmp_path / "two", now, new or {})
    if found is None:
        return None
    assert (found["run_id"], found["started"]) == ("one", before["started"])
    changes: list[str] = found["changes"]
    return changes


def test_nothing_changed(tmp_path: Path) -> None:
    label = {"train[relu]": FINGERPRINT}
    now = run(started="2025-06-03T14:05:21+00:00")
    assert changes_between(tmp_path, run(), now, label, label) == []


def test_settings_rows_code_packages_and_the_best(tmp_path: Path) -> None:
    now = run(
        config={"train": {"epochs": 20, "seed": 1}, "notify": {"fall": 0.2}},
        data={"rows": 25_010},
        best="tanh",
        score=0.9612,
    )
    edited = {
        **FINGERPRINT,
        "settings": {"train": {"epochs": 20}},
        "code": {"reviewflow.networks.train.train": "12", "reviewflow.new.one": "1"},
        "packages": {"python": "3.11.7", "torch": "2.14.0"},
        "resources": {"wordnet": "vv"},
    }
    labels = ("train[relu]", "train[tanh]")
    found = changes_between(
        tmp_path, run(), now, dict.fromkeys(labels, FINGERPRINT), dict.fromkeys(labels, edited)
    )
    assert found == [
        "train.epochs 10 → 20",
        "train.seed not there → 1",
        "25,000 → 25,010 rows",
        "code: reviewflow.networks.train.train, reviewflow.new.one",
        "torch 2.13.0 → 2.14.0",
        "resource wordnet changed",
        "best variant relu → tanh",
        "best ROC AUC 0.9500 → 0.9612 (+0.0112)",
    ]


def test_many_definitions_are_counted(tmp_path: Path) -> None:
    old, new = (
        {**FINGERPRINT, "code": {f"a.{letter}": digest for letter in "abcdefghijklm"}}
        for digest in "12"
    )
    found = changes_between(tmp_path, run(), run(), {"train": old}, {"train": new})
    assert found == ["code: a.a, a.b, a.c and 10 more"]


def test_an_edited_suite_is_one_change_whatever_the_stages_call_it(tmp_path: Path) -> None:
    suites, check = "reviews_suite", "suite"
    old = {
        "suites": {**FINGERPRINT, "files": {suites: "aa", "features_suite": "ff"}},
        "validate_reviews": {**FINGERPRINT, "files": {check: "aa"}},
    }
    new = {
        "suites": {**FINGERPRINT, "files": {suites: "bb", "features_suite": "ff"}},
        "validate_reviews": {**FINGERPRINT, "files": {check: "bb"}},
    }
    assert changes_between(tmp_path, run(), run(), old, new) == ["reviews suite edited"]


def test_edited_rows_are_counted_by_parts(tmp_path: Path) -> None:
    def stages(*keys: str) -> list[dict[str, Any]]:
        first = [{"stage": "suites", "part": None, "key": "s"}]
        return first + [
            {"stage": stage, "part": part, "key": f"{stage}-{key}"}
            for stage in ("ingest", "normalize")
            for part, key in enumerate(keys)
        ]

    before, now = run(stages=stages("a", "b", "c")), run(stages=stages("a", "x", "y"))
    assert changes_between(tmp_path, before, now) == ["other rows in 2 parts"]


@pytest.mark.parametrize(
    "before",
    [run(name="other"), run(state="failed"), {"state": 3}, run(config_file="/y/imdb.yaml")],
)
def test_no_run_to_compare_with(before: dict[str, Any], tmp_path: Path) -> None:
    now = run(config_file="/x/imdb.yaml")
    assert changes_between(tmp_path, before, now) is None
    assert changes_since_last_run(tmp_path / "nowhere", run(), {}) is None


def test_a_real_run_says_what_changed_since_the_one_before(two_runs: TwoRuns) -> None:
    folder = two_runs.artifacts / "runs" / two_runs.second
    since = json.loads((folder / "run.json").read_text())["since"]
    assert since["run_id"] == two_runs.first
    assert since["changes"][0] == "vectorize.max_features 300 → 200"
    assert all(phrase.startswith("best ") for phrase in since["changes"][1:])


def test_changes_of_a_real_run_are_found_though_every_step_is_cached(
    two_runs: TwoRuns, tmp_path: Path
) -> None:
    """As after a package, the code or a suite was changed and put back: no step has a reason."""
    runs = two_runs.copied(tmp_path) / "runs"
    folder = runs / two_runs.second
    content = json.loads((folder / "run.json").read_text())

    def as_it_was(keys: dict[str, Any]) -> None:
        for entry in keys.values():
            packages = entry["fingerprint"]["packages"]
            packages |= {"torch": "2.0.0"} if "torch" in packages else {}
        keys["suites"]["fingerprint"]["files"]["features_suite"] = "other"
        code = keys["normalize"]["fingerprint"]["code"]
        code["reviewflow.gone"] = "other"

    edit_json(runs / two_runs.first / "keys.json", as_it_was)
    now = read_keys(folder).fingerprints
    found = changes_since_last_run(folder, content, now)
    assert found is not None
    torch = now["train[relu, seed 0]"]["packages"]["torch"]
    assert set(found["changes"]) >= {
        f"torch 2.0.0 → {torch}",
        "features suite edited",
        "code: reviewflow.gone",
    }


def test_since_version_0_1_modules_were_renamed(tmp_path: Path) -> None:
    """Their code is not compared: that would name all of it."""
    (old,) = (SAMPLE / "runs").iterdir()
    now = read_keys(old).fingerprints
    for name in ("run.json", "keys.json"):
        (tmp_path / "runs" / "one").mkdir(parents=True, exist_ok=True)
        (tmp_path / "runs" / "one" / name).write_bytes((old / name).read_bytes())
    content = json.loads((old / "run.json").read_text())
    (tmp_path / "runs" / "two").mkdir()
    (tmp_path / "runs" / "two" / "run.json").write_text(json.dumps(content | {"state": "running"}))
    renamed = {label: {**each, "code": {"reviewflow.new": "1"}} for label, each in now.items()}
    found = changes_since_last_run(tmp_path / "runs" / "two", content, renamed)
    assert found is not None
    assert found["changes"] == ["reviewflow 0.1 → 0.2: modules renamed"]
