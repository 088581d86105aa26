"""The figures of a configuration over its runs, against pandas on what was written."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from reviewflow.errors import UsageError
from reviewflow.evaluation.metrics import METRICS
from reviewflow.runs.identity import RunIdentity
from reviewflow.runs.trend import (
    Trend,
    TrendSubject,
    changes_by_run,
    find_subject,
    read_trend,
    report_addresses,
    run_lines,
    trend_key,
)
from tests.reviewflow.runs.nightly_runs import MODEL, TRAITS, write_nightly_runs
from tests.reviewflow.small_store import edit_json

NAMES = [metric.name for metric in METRICS]
Written = list[dict[str, Any]]


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Written]:
    """Many nights in a folder of runs, and what was written."""
    runs = tmp_path_factory.mktemp("nights") / "runs"
    return runs, write_nightly_runs(runs, 400, scored_every=7)


@pytest.fixture(scope="module")
def trend(nights: tuple[Path, Written]) -> Trend:
    runs, _ = nights
    return read_trend(runs, find_subject(runs, None), NAMES)


@pytest.fixture
def few(tmp_path: Path) -> Path:
    """Ten nights and two scorings, to be changed."""
    write_nightly_runs(tmp_path / "runs", 10, scored_every=5)
    return tmp_path / "runs"


def expected(written: Written) -> pd.DataFrame:
    """Values and changes of the nights, the oldest first."""
    rows = []
    for content in written:
        if content["job"] != "sentiment":
            continue
        line = {"run_id": content["run_id"], "way": content["config"]["split"]["seed"]}
        if content["state"] == "completed":
            best = content["best"]["variant"]
            (own,) = (each for each in content["variants"] if each["name"] == best)
            counts = [
                each["train"] + each["validation"] + each["test"]
                for each in content["data"]["classes"]
            ]
            line |= {
                "test.roc_auc": own["metrics"]["test"]["roc_auc"],
                "test.log_loss": own["metrics"]["test"]["log_loss"],
                "validation.accuracy": own["metrics"]["validation"]["accuracy"],
                "rows": content["data"]["rows"],
                "seconds": content["seconds"],
                "share.positive": counts[1] / sum(counts),
            }
        rows.append(line)
    return pd.DataFrame(rows).set_index("run_id").sort_index()


def test_figures_and_changes_of_many_nights(nights: tuple[Path, Written], trend: Trend) -> None:
    table = expected(nights[1])
    assert [run.run_id for run in trend.runs] == list(table.index)
    assert len(trend.runs) == 400
    changes = changes_by_run(trend.runs)
    completed = table.dropna()
    assert 350 < len(completed) < 400
    for name in set(table.columns) - {"way"}:
        ours = pd.Series({run.run_id: run.figures.get(name) for run in trend.runs}, dtype=float)
        pd.testing.assert_series_equal(ours, table[name].astype(float), check_names=False)
        by_way = completed.groupby("way")[name] if "." in name else completed[name]
        differences = (completed[name] if name.startswith("share.") else by_way).diff()
        theirs = differences.dropna()
        found = {
            run.run_id: own[name].difference
            for run, own in zip(trend.runs, changes, strict=True)
            if name in own
        }
        assert list(found) == list(theirs.index)
        assert list(found.values()) == pytest.approx(list(theirs))


def test_drift_is_the_largest_of_the_files_scored_in_a_run(
    nights: tuple[Path, Written], trend: Trend
) -> None:
    scorings = [content for content in nights[1] if content["job"] == "score"]
    assert len(trend.scored) == len(scorings) == 58
    for run, content in zip(trend.scored, scorings, strict=True):
        new = [each for each in content["files"] if each["state"] == "scored"]
        for trait in TRAITS:
            largest = max(each["drift"][trait]["psi"] for each in new)
            assert run.figures[f"drift.{trait}"] == largest
            assert run.chance[f"drift.{trait}"] == 0.05
        assert run.figures["rows"] == 1001


def test_runs_that_did_not_complete_have_no_figures(trend: Trend) -> None:
    states = {run.state for run in trend.runs}
    assert states == {"completed", "failed", "cancelled"}
    for run in trend.runs:
        assert bool(run.figures) == (run.state == "completed")
        assert (run.error is None) == (run.state == "completed")


def test_a_change_is_against_the_last_comparable_run(few: Path) -> None:
    training = sorted(path.name for path in few.iterdir() if "T04-30" in path.name)
    for name, size in zip(training[:4], (0.2, 0.2, 0.5, 0.2), strict=True):
        edit_json(few / name / "run.json", lambda content, size=size: _set_split(content, size))
    own = read_trend(few, find_subject(few, None), NAMES)
    changes = changes_by_run(own.runs)
    assert "test.roc_auc" not in changes[2]
    assert changes[2]["rows"].since == training[1]
    assert changes[3]["test.roc_auc"].since == training[1]
    assert changes[3]["rows"].since == training[2]


def _set_split(content: dict[str, Any], size: float) -> None:
    content["state"] = "completed"
    content["config"]["split"]["test_size"] = size


def test_runs_of_another_file_or_other_data_are_counted_only(few: Path) -> None:
    before = read_trend(few, find_subject(few, None), NAMES)
    record = json.loads(next(few.glob("2024-01-01T04*/run.json")).read_text())
    for day, change in ((1, {"config_file": "/other/nightly.yaml"}), (2, {"job": "moons"})):
        copied = {**record, **change, "run_id": f"2023-01-0{day}T00-00-00-aaaaaa"}
        folder = few / copied["run_id"]
        folder.mkdir()
        (folder / "run.json").write_text(json.dumps(copied))
    after = read_trend(few, before.subject, NAMES)
    assert after.runs == before.runs
    assert (before.others, after.others) == (0, 1)
    assert trend_key(before.subject.identity).startswith("nightly-")


def test_only_so_many_runs_are_read(few: Path) -> None:
    subject = find_subject(few, None)
    newest = read_trend(few, subject, NAMES, most=3)
    assert newest.runs == read_trend(few, subject, NAMES).runs[-3:]


@pytest.mark.parametrize(
    ("wanted", "job"),
    [
        (None, "sentiment"),
        ("nightly", "sentiment"),
        ("/project/nightly.yaml", "sentiment"),
        (MODEL, "score"),
    ],
)
def test_a_configuration_is_found_by_file_name_or_model(
    few: Path, wanted: str | None, job: str
) -> None:
    found = find_subject(few, wanted)
    assert found.identity.job == job
    assert found.model == MODEL
    trend = read_trend(few, found, NAMES)
    assert (len(trend.runs), len(trend.scored)) == ((10, 2) if job == "sentiment" else (0, 2))


def test_what_no_run_has_is_a_sentence(few: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"No run in .* is of 'nightlies'; did you mean nightly\?"):
        find_subject(few, "nightlies")
    with pytest.raises(UsageError, match=r"is of 'slow'; `reviewflow runs` lists all\."):
        find_subject(few, "slow")
    with pytest.raises(UsageError, match=r"No run in .*"):
        find_subject(few, "/elsewhere/nightly.yaml")
    with pytest.raises(UsageError, match=r"There is no run in .* yet"):
        find_subject(tmp_path / "nothing", None)


def test_the_list_of_runs_has_the_same_changes(few: Path) -> None:
    trend = read_trend(few, find_subject(few, None), NAMES)
    changes = {
        run.run_id: own for run, own in zip(trend.runs, changes_by_run(trend.runs), strict=True)
    }
    lines = run_lines(few)
    assert [line["run_id"] for line in lines] == sorted(
        (path.name for path in few.iterdir()), reverse=True
    )
    for line in lines:
        change = changes.get(line["run_id"], {}).get("test.roc_auc")
        assert line["change"] == (change.difference if change else None)
        assert line["change_since"] == (change.since if change else None)


def test_configurations_of_one_name_are_told_apart_in_the_list(few: Path) -> None:
    (first, *_) = sorted(few.glob("2024-*/run.json"))
    twin = few / "2025-01-01T00-00-00-aaaaaa" / "run.json"
    twin.parent.mkdir()
    twin.write_bytes(first.read_bytes())
    edit_json(twin, lambda content: content.update(config_file="/other/nightly.yaml"))
    (line,) = (each for each in run_lines(few) if each["run_id"] == twin.parent.name)
    assert line["score"] is not None
    assert line["change"] is None


def test_names_for_files_are_plain_and_differ() -> None:
    identities = [
        RunIdentity("sentiment", "imdb"),
        RunIdentity("sentiment", "IMDb!"),
        RunIdentity("sentiment", "نقد"),
        RunIdentity("sentiment", "imdb", data="other.csv"),
        RunIdentity("sentiment", "x" * 300),
    ]
    keys = [trend_key(identity) for identity in identities]
    assert len(set(keys)) == len(keys)
    for key in keys:
        assert set(key) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
        assert len(key) < 60


def test_a_trend_is_json(few: Path) -> None:
    trend = read_trend(few, TrendSubject(find_subject(few, None).identity, MODEL), NAMES)
    content = json.loads(json.dumps(trend.to_json(), allow_nan=False))
    assert content["name"] == "nightly"
    assert [run["comparison"] for run in content["runs"]] == [0] * 5 + [1] * 5


def test_reports_are_seen_from_the_page(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    for name in ("one", "two"):
        (runs / name).mkdir(parents=True)
    (runs / "one" / "report.html").write_text("")
    points = {"runs": [{"run_id": "one"}, {"run_id": "two"}]}
    page = tmp_path / "trends" / "x.html"
    assert report_addresses(points, page, runs) == {"one": "../runs/one/report.html"}
