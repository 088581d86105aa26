"""Past runs are listed and found, whatever their files hold."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reviewflow.config.sections import Config
from reviewflow.errors import StoreError, UsageError
from reviewflow.runs.diff import compare_runs
from reviewflow.runs.gc import collect_garbage
from reviewflow.runs.history import (
    find_run,
    last_completed,
    references,
    run_details,
    run_record,
    run_records,
    run_summary,
)
from reviewflow.runs.identity import RunIdentity
from reviewflow.runs.record import RunRecorder
from tests.reviewflow.small_store import TwoRuns, edit_json, key_of, write_run

IDS = ("2024-01-01T00-00-00-aaaaaa", "2024-01-02T00-00-00-bbbbbb", "2024-01-02T00-00-01-cccccc")


def test_runs_are_listed_newest_first_with_their_figures(two_runs: TwoRuns) -> None:
    newest, oldest = map(run_summary, run_records(two_runs.artifacts / "runs"))
    content = json.loads((two_runs.artifacts / "runs" / "latest" / "run.json").read_text())
    assert (newest["run_id"], oldest["run_id"]) == (two_runs.second, two_runs.first)
    assert (newest["state"], newest["name"], newest["rows"]) == ("completed", "small", 600)
    assert newest["best"] == content["best"]["variant"]
    metrics = {v["name"]: v["metrics"] for v in content["variants"]}
    chosen_by = {name: own["validation"]["roc_auc"] for name, own in metrics.items()}
    assert chosen_by[newest["best"]] == max(chosen_by.values())
    assert newest["roc_auc"] == metrics[newest["best"]]["test"]["roc_auc"]
    assert (newest["chosen_on"], newest["chosen_by"]) == ("validation", "roc_auc")
    assert oldest["cached"] == 0
    assert newest["cached"] + newest["ran"] == oldest["ran"] == len(content["stages"])


def test_a_page_sums_up_stages_and_names_what_failed_a_check(
    two_runs: TwoRuns, tmp_path: Path
) -> None:
    folder = two_runs.copied(tmp_path) / "runs" / two_runs.second
    page = run_details(run_record(folder))
    stages = {stage["stage"]: stage for stage in page["stages"]}
    assert stages["train"]["ran"] == 2
    assert stages["ingest"]["cached"] == stages["ingest"]["steps"]
    assert stages["vocabulary"]["reasons"] == ["vectorize.max_features 300 → 200"]
    assert [variant["name"] for variant in page["variants"]] == ["relu", "tanh"]
    failures = page["quality"]["failures"]
    edit_json(folder / "run.json", lambda run: run["quality"][0].update(success=False))
    more = run_details(run_record(folder))["quality"]["failures"]
    assert len(more) == len(failures) + 1


def test_the_last_completed_run_is_of_the_same_job_and_name(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    assert last_completed(runs, RunIdentity("sentiment", "imdb")) is None
    write_run(tmp_path, "2024-01-01T00-00-00-aaaaaa")
    write_run(tmp_path, "2024-01-03T00-00-00-bbbbbb")
    write_run(tmp_path, "2024-01-02T00-00-00-cccccc", job="moons")
    write_run(tmp_path, "2024-01-04T00-00-00-dddddd", name="other")
    write_run(tmp_path, "2024-01-05T00-00-00-eeeeee", state="failed")
    garbled = write_run(tmp_path, "2024-01-06T00-00-00-ffffff")
    (garbled / "run.json").write_text("{", encoding="utf-8")
    (runs / "latest").symlink_to("2024-01-01T00-00-00-aaaaaa")
    found = {
        title: last_completed(runs, RunIdentity(*title))
        for title in [("sentiment", "imdb"), ("moons", "imdb"), ("sentiment", "other")]
    }
    assert {title: run and run.run_id[9] for title, run in found.items()} == {
        ("sentiment", "imdb"): "3",
        ("moons", "imdb"): "2",
        ("sentiment", "other"): "4",
    }
    assert last_completed(runs, RunIdentity("moons", "other")) is None
    earlier = last_completed(
        runs, RunIdentity("sentiment", "imdb"), before="2024-01-03T00-00-00-bbbbbb"
    )
    assert earlier is not None
    assert earlier.run_id == "2024-01-01T00-00-00-aaaaaa"


def test_two_files_of_one_name_have_two_histories(tmp_path: Path) -> None:
    """And so have two data files; what version 0.1 did not record counts as equal."""
    runs = tmp_path / "runs"

    def run(day: int, config_file: str | None, data: str | None) -> None:
        write_run(
            tmp_path, f"2024-01-0{day}T00-00-00-aaaaaa", name="reviews",
            config_file=config_file, config={"ingest": {"path": data}},
        )  # fmt: skip

    def last(config_file: str | None, data: str | None) -> str | None:
        found = last_completed(runs, RunIdentity("sentiment", "reviews", config_file, data))
        return found and found.run_id[9]

    run(2, "/x/reviews.yaml", "a.csv")
    run(3, "/y/reviews.yaml", "a.csv")
    run(4, "/x/reviews.yaml", "b.csv")
    assert last("/x/reviews.yaml", "a.csv") == "2"
    assert last("/y/reviews.yaml", "a.csv") == "3"
    assert last("/x/reviews.yaml", "b.csv") == "4"
    assert last("/y/reviews.yaml", "b.csv") is None
    assert last(None, "a.csv") == "3"
    run(1, None, "b.csv")
    assert last("/y/reviews.yaml", "b.csv") == "1"


def test_a_folder_without_a_record_is_not_a_run(tmp_path: Path) -> None:
    write_run(tmp_path, IDS[0])
    (tmp_path / "runs" / "notes").mkdir()
    (tmp_path / "runs" / "notes" / "page.html").write_text("a page")
    (tmp_path / "runs" / ".2024-01-03T00-00-00-000000-aaaaaa").mkdir()
    assert [run.run_id for run in run_records(tmp_path / "runs")] == [IDS[0]]
    going = RunRecorder(
        tmp_path / "runs",
        "sentiment",
        "imdb",
        Config.model_validate({"ingest": {"path": "reviews.csv"}}),
    )
    (going.folder / "run.json").unlink()
    assert [run.state for run in run_records(tmp_path / "runs")] == ["unreadable", "completed"]
    going.finish("completed", None, {})


def test_a_run_is_found_by_its_id_the_beginning_of_it_and_a_link(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    for run_id in IDS:
        write_run(tmp_path, run_id)
    (runs / "latest").symlink_to(IDS[1])
    (runs / "latest-moons").symlink_to(IDS[0])
    (runs / "notes.txt").write_text("no run")
    assert [run.run_id for run in run_records(runs)] == list(reversed(IDS))
    assert find_run(runs, IDS[2]).run_id == IDS[2]
    assert find_run(runs, "2024-01-01").run_id == IDS[0]
    assert find_run(runs, "latest").run_id == IDS[1]
    assert find_run(runs, "latest-moons").run_id == IDS[0]


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ("2024-01-02", "2 runs begin with '2024-01-02'"),
        ("2024-01-01T00-00-00-aaaaab", f"the nearest is {IDS[0]}"),
        ("lates", "the nearest is latest,"),
        ("nothing", "; `reviewflow runs` lists all."),
        ("latest-moons", "none has completed. There is latest."),
        ("../runs", "There is no run"),
        ("latest-/../" + IDS[0], "There is no run"),
        ("", "There is no run ''"),
    ],
)
def test_an_unknown_run_gives_a_sentence_with_the_nearest(
    tmp_path: Path, wanted: str, words: str
) -> None:
    for run_id in IDS:
        write_run(tmp_path, run_id)
    (tmp_path / "runs" / "latest").symlink_to(IDS[1])
    with pytest.raises(UsageError) as error:
        find_run(tmp_path / "runs", wanted)
    assert words in str(error.value)


def test_without_any_run_the_sentence_says_so(tmp_path: Path) -> None:
    assert run_records(tmp_path / "runs") == []
    for wanted in ("latest", "2024"):
        with pytest.raises(UsageError, match=r"There is no run"):
            find_run(tmp_path / "runs", wanted)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["name", "state", "stage", "key", "test", "x"]), inner)
    ),
    max_leaves=8,
)


FIELDS = (
    *("run_id", "job", "name", "state", "error", "started", "seconds", "config", "environment"),
    *("stages", "quality", "variants", "best", "data"),
)


@given(changes=st.dictionaries(st.sampled_from(FIELDS), JSON), cut=st.integers(0, 400), keys=JSON)
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_run_json_whatever_it_says_makes_a_command_fail(
    tmp_path: Path, changes: dict[str, Any], cut: int, keys: object
) -> None:
    shutil.rmtree(tmp_path / "runs", ignore_errors=True)
    write_run(tmp_path, IDS[0], [("train", key_of(1))])
    folder = write_run(tmp_path, IDS[1], [("train", key_of(2))])
    edit_json(folder / "run.json", lambda run: run.update(changes))
    (folder / "keys.json").write_text(
        json.dumps({"train": keys, "a": {"fingerprint": keys, "keys": []}})
    )
    _read_everything(tmp_path)
    text = (folder / "run.json").read_text()
    (folder / "run.json").write_text(text[: min(cut, len(text) - 1)])
    assert run_record(folder).state == "unreadable"
    _read_everything(tmp_path)


def _read_everything(artifacts: Path) -> None:
    found = run_records(artifacts / "runs")
    assert len(found) == 2
    for run in found:
        run_details(run)
        references(run)
    collect_garbage(artifacts, 1, dry_run=True)
    if not any(run.trouble for run in found):
        compare_runs(*found, artifacts / "store")


@pytest.mark.parametrize("text", ["", "[]", "null", '"text"', "{}", "[" * 100_000, "\x00", "{"])
def test_a_garbled_run_is_unreadable_and_cannot_be_compared(tmp_path: Path, text: str) -> None:
    folder = write_run(tmp_path, IDS[0])
    (folder / "run.json").write_text(text)
    run = run_record(folder)
    assert (run.state, run_summary(run)["run_id"]) == ("unreadable", IDS[0])
    assert run.trouble
    with pytest.raises(StoreError, match="cannot be compared"):
        compare_runs(run, run, tmp_path / "store")


def test_a_failed_run_has_no_best(tmp_path: Path) -> None:
    content = {"best": {"variant": "relu", "metric": "f1"}, "variants": [{"name": "relu"}]}
    for run_id, state in zip(IDS, ("completed", "failed", "cancelled"), strict=True):
        write_run(tmp_path, run_id, state=state, **content)
    summaries = map(run_summary, run_records(tmp_path / "runs"))
    best = {each["state"]: each["best"] for each in summaries}
    assert best == {"completed": "relu", "failed": None, "cancelled": None}
