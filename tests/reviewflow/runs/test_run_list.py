"""The list of runs with their pages: what is there is linked, and nothing outside."""

import json
from pathlib import Path
from typing import Any

import pytest

from reviewflow.runs import run_list as module
from reviewflow.runs.run_list import run_list
from reviewflow.runs.trend import run_lines
from tests.reviewflow.runs.nightly_runs import MODEL, write_nightly_runs
from tests.reviewflow.small_store import edit_json


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("list")
    write_nightly_runs(folder / "runs", 30, scored_every=3)
    return folder


def test_lines_are_those_of_the_command(artifacts: Path) -> None:
    lines = run_lines(artifacts / "runs")
    found = run_list(artifacts)
    assert len(lines) == found["total"] == 40
    assert [{name: run[name] for name in lines[0]} for run in found["runs"]] == lines
    assert found["names"] == [("nightly", "sentiment"), (MODEL, "score")]
    assert found["older"] is None


def test_a_list_in_parts_has_every_run_once(
    artifacts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run_lines(artifacts / "runs")
    monkeypatch.setattr(module, "MOST_RUNS", 7)
    monkeypatch.setattr(module, "READ_RUNS", 25)
    before, found = None, []
    while True:
        part = run_list(artifacts, before=before)
        found += part["runs"]
        if (before := part["older"]) is None:
            break
    assert [run["run_id"] for run in found] == [line["run_id"] for line in whole]
    assert [run["change"] for run in found[:15]] == [line["change"] for line in whole[:15]]


@pytest.mark.parametrize(
    ("name", "job", "count"),
    [("nightly", None, 30), (MODEL, "score", 10), (MODEL, "sentiment", 0), ("../runs", None, 0)],
)
def test_one_configuration_alone(artifacts: Path, name: str, job: str | None, count: int) -> None:
    found = run_list(artifacts, name, job)
    assert len(found["runs"]) == count
    assert {run["name"] for run in found["runs"]} <= {name}
    assert found["total"] == 40


def test_only_pages_that_are_there_are_linked(tmp_path: Path) -> None:
    (content,) = write_nightly_runs(tmp_path / "runs", 1)
    folder = tmp_path / "runs" / content["run_id"]

    def pages(**data_docs: str) -> Any:
        docs = {"data_docs": data_docs}
        edit_json(folder / "run.json", lambda run: run.update(artifacts=docs))
        (run,) = run_list(tmp_path)["runs"]
        return run["pages"]

    own = f"runs/{content['run_id']}"
    assert pages() == {"run.json": f"{own}/run.json"}
    (folder / "report.html").touch()
    docs = tmp_path / "store" / "validate_reviews" / "k1" / "data_docs" / "index.html"
    docs.parent.mkdir(parents=True)
    docs.touch()
    (tmp_path / "secret" / "data_docs").mkdir(parents=True)
    (tmp_path / "secret" / "data_docs" / "index.html").touch()
    found = pages(
        reviews=f"elsewhere/store/{docs.relative_to(tmp_path / 'store')}",
        gone="store/validate_reviews/k2/data_docs/index.html",
        outside="store/../secret/data_docs/index.html",
        odd="/etc/passwd",
    )
    assert found == {
        "Report": f"{own}/report.html",
        "Data Docs, reviews": "store/validate_reviews/k1/data_docs/index.html",
        "run.json": f"{own}/run.json",
    }


def test_a_published_version_and_its_scorings_are_named(tmp_path: Path) -> None:
    night, scoring = write_nightly_runs(tmp_path / "runs", 1, scored_every=1)
    published = {"name": MODEL, "version": "3f9a12bc", "gate": {"promoted": True}}
    for run, extra in ((night, {"published": published}), (scoring, {"model": published})):
        path = tmp_path / "runs" / run["run_id"] / "run.json"
        path.write_text(json.dumps(run | extra))
    scored, trained = run_list(tmp_path)["runs"]
    assert (trained["version"], trained["promoted"]) == ("3f9a12bc", True)
    assert (trained["scored_as"], scored["scored_as"]) == (MODEL, None)
    assert scored["version"] == "3f9a12bc"


def test_damaged_records_and_none_are_a_list(tmp_path: Path) -> None:
    assert run_list(tmp_path)["runs"] == []
    for name, text in (("2026-01-01T00-00-00-a", "{"), ("2026-01-01T00-00-01-b", "[]")):
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / "run.json").write_text(text)
    states = [(run["state"], run["pages"]) for run in run_list(tmp_path)["runs"]]
    assert states == [("unreadable", {}), ("unreadable", {})]
