"""What differs between two runs is found, and said in a plan's words."""

import shutil
from pathlib import Path
from typing import Any

from reviewflow.formatting import flatten
from reviewflow.runs.diff import compare_runs
from reviewflow.runs.history import (
    references,
    run_record,
)
from reviewflow.runs.json_values import mapping
from tests.reviewflow.small_store import TwoRuns, edit_json, key_of


def compare(two_runs: TwoRuns, artifacts: Path, a: str = "", b: str = "") -> dict[str, Any]:
    """What differs between two runs of a copy of the artifacts."""
    runs = artifacts / "runs"
    one, other = run_record(runs / (a or two_runs.first)), run_record(runs / (b or two_runs.second))
    return compare_runs(one, other, artifacts / "store")


def test_a_run_does_not_differ_from_itself(two_runs: TwoRuns) -> None:
    found = compare(two_runs, two_runs.artifacts, b=two_runs.first)
    assert {name: value for name, value in found.items() if name != "runs"} == {
        name: []
        for name in ("parameters", "data", "code", "packages", "metrics", "reasons", "notes")
    }


def test_one_changed_setting_is_the_only_difference_and_reaches_the_metrics(
    two_runs: TwoRuns,
) -> None:
    found = compare(two_runs, two_runs.artifacts)
    assert found["parameters"] == [{"name": "vectorize.max_features", "a": 300, "b": 200}]
    assert (found["data"], found["code"], found["packages"], found["notes"]) == ([], [], [], [])
    changed, downstream = found["reasons"]
    assert changed == {"steps": ["vocabulary"], "reasons": ["vectorize.max_features 300 → 200"]}
    assert downstream["reasons"] == ["read other bytes"]
    assert {label.partition("[")[0] for label in downstream["steps"]} == {
        *("features", "validate_features", "train", "evaluate", "report")
    }
    for each in found["metrics"]:
        assert each["change"] == each["b"] - each["a"] != 0
    assert {(each["variant"], each["split"]) for each in found["metrics"]} >= {
        ("relu", "test"),
        ("tanh", "train"),
    }


def test_code_packages_and_rows_that_differ_are_named(two_runs: TwoRuns, tmp_path: Path) -> None:
    """As if the second run had been made with other code, packages and rows."""
    artifacts = two_runs.copied(tmp_path)
    folder = artifacts / "runs" / two_runs.second

    def other_code(keys: dict[str, Any]) -> None:
        for entry in keys.values():
            code, packages = entry["fingerprint"]["code"], entry["fingerprint"]["packages"]
            for name in code:
                if name.endswith("clean.clean_text"):
                    code[name] = "other"
            packages["numpy"] = "0.0"
        keys["vocabulary"]["fingerprint"]["code"]["reviewflow.added"] = "new"

    def other_rows(run: dict[str, Any]) -> None:
        run["data"]["rows"] = 601
        next(step for step in run["stages"] if step["stage"] == "ingest")["key"] = key_of(7)
        del run["variants"][0]["metrics"]["test"]["roc_auc"]

    edit_json(folder / "keys.json", other_code)
    edit_json(folder / "run.json", other_rows)
    found = compare(two_runs, artifacts)
    assert {"name": "rows", "a": 600, "b": 601} in found["data"]
    assert {"name": "parts with other rows", "a": 1, "b": 1} in found["data"]
    code = {each["definition"]: each for each in found["code"]}
    assert code["reviewflow.added"] == {
        "definition": "reviewflow.added",
        "change": "added",
        "stages": ["vocabulary"],
    }
    assert code["reviewflow.text.clean.clean_text"]["change"] == "changed"
    assert code["reviewflow.text.clean.clean_text"]["stages"] == ["normalize"]
    assert [pair["name"] for pair in found["packages"]] == ["numpy"]
    words = {each["steps"][0]: each["reasons"] for each in found["reasons"]}
    assert "code changed: reviewflow.text.clean.clean_text" in words["normalize"]
    (lost,) = [each for each in found["metrics"] if each["b"] is None]
    assert (lost["variant"], lost["metric"], lost["change"]) == ("relu", "roc_auc", None)


def test_parts_are_compared_by_their_rows_when_only_the_code_of_ingest_changed(
    two_runs: TwoRuns, tmp_path: Path
) -> None:
    artifacts = two_runs.copied(tmp_path)
    (old,) = {key for stage, key in references(run_record(artifacts / "runs" / two_runs.second))
              if stage == "ingest"}  # fmt: skip
    new = key_of(7)
    shutil.copytree(artifacts / "store" / "ingest" / old, artifacts / "store" / "ingest" / new)
    edit_json(artifacts / "store" / "ingest" / new / "manifest.json", lambda m: m.update(key=new))
    edit_json(
        artifacts / "runs" / two_runs.second / "run.json",
        lambda run: next(s for s in run["stages"] if s["stage"] == "ingest").update(key=new),
    )
    assert compare(two_runs, artifacts)["data"] == []


def test_a_run_without_its_keys_is_compared_as_far_as_it_goes(
    two_runs: TwoRuns, tmp_path: Path
) -> None:
    artifacts = two_runs.copied(tmp_path)
    (artifacts / "runs" / two_runs.second / "keys.json").unlink()
    found = compare(two_runs, artifacts)
    assert found["parameters"]
    assert (found["code"], found["reasons"]) == ([], [])
    assert two_runs.second in found["notes"][0]


def test_a_configuration_of_another_form_has_no_settings() -> None:
    assert flatten(mapping("no settings")) == {}
