"""Each file is scored once, by whichever process comes first."""

import csv
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from reviewflow.config.sections import Ingest
from reviewflow.context import Context
from reviewflow.errors import InputError, QualityError, UsageError
from reviewflow.models.bundle import read_bundle
from reviewflow.models.predictor import Model
from reviewflow.scoring.score_file import rejects_path
from reviewflow.scoring.score_files import FileOutcome, score_once, targets
from reviewflow.scoring.scoring_options import ScoringOptions
from tests.conftest import PlannedRun, Reviews
from tests.reviewflow.scoring import SCORING_SUITE

OPTIONS = ScoringOptions(Ingest(text_column="review"))


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    """Three daily files, not changed for an hour."""
    folder = tmp_path / "inbox"
    folder.mkdir()
    (tmp_path / "scores").mkdir()
    for day in "123":
        path = folder / f"{day}.csv"
        path.write_text(f'review\ngood {day}\nbad {day}\n""\n')
        os.utime(path, (time.time() - 3600,) * 2)
    return folder


def score_all(model: Model, inbox: Path, options: ScoringOptions = OPTIONS) -> list[FileOutcome]:
    chosen = targets(str(inbox), inbox.parent / "scores")
    return [score_once(model, target, options, Context()) for target in chosen]


def states(outcomes: list[FileOutcome]) -> list[str]:
    return [outcome.state for outcome in outcomes]


def test_a_folder_is_scored_once_a_file(model: Model, inbox: Path) -> None:
    first = score_all(model, inbox)
    assert states(first) == ["scored"] * 3
    assert [o.record["rows_in"] for o in first] == [3] * 3
    assert all(o.record["rows_out"] + o.record["rejects"] == 3 for o in first)
    (inbox / "4.csv").write_text("review\nfine\n")
    again = score_all(model, inbox)
    assert states(again) == ["kept"] * 3 + ["scored"]
    assert again[0].record == first[0].record


def test_a_changed_file_is_scored_again_and_a_touched_one_is_not(model: Model, inbox: Path) -> None:
    score_all(model, inbox)
    os.utime(inbox / "1.csv")
    (inbox / "2.csv").write_text("review\nother\n")
    assert states(score_all(model, inbox)) == ["kept", "scored", "kept"]


def test_what_is_damaged_or_read_otherwise_is_scored_again(model: Model, inbox: Path) -> None:
    score_all(model, inbox)
    scores = inbox.parent / "scores"
    (scores / "1.csv.parquet").write_bytes(b"half")
    (scores / "2.csv.parquet.record.json").write_text("{")
    assert states(score_all(model, inbox)) == ["scored", "scored", "kept"]
    other = ScoringOptions(Ingest(text_column="review"), prefix="my_")
    assert states(score_all(model, inbox, other)) == ["scored"] * 3


def test_a_new_champion_scores_again_only_if_asked(
    model: Model, three_classes: PlannedRun, inbox: Path
) -> None:
    score_all(model, inbox)
    other = Model(read_bundle(three_classes.folder("publish")))
    assert states(score_all(other, inbox)) == ["kept"] * 3
    asked = score_all(other, inbox, ScoringOptions(Ingest(text_column="review"), rescore=True))
    assert states(asked) == ["scored"] * 3
    assert {outcome.record["model_version"] for outcome in asked} == {other.version}


def test_a_file_that_changed_moments_ago_waits(model: Model, inbox: Path) -> None:
    os.utime(inbox / "2.csv")
    options = ScoringOptions(Ingest(text_column="review"), settle_seconds=60)
    assert states(score_all(model, inbox, options)) == ["scored", "waiting", "scored"]
    assert not (inbox.parent / "scores" / "2.csv.parquet").exists()


def test_one_broken_file_stops_no_other(model: Model, inbox: Path) -> None:
    (inbox / "2.csv").write_text('review\n"open')
    outcomes = score_all(model, inbox)
    assert states(outcomes) == ["scored", "failed", "scored"]
    assert isinstance(outcomes[1].error, InputError)


def test_two_scorers_share_the_files(model: Model, inbox: Path) -> None:
    start = Barrier(2)

    def work(_: int) -> list[FileOutcome]:
        start.wait()
        return score_all(model, inbox)

    with ThreadPoolExecutor(2) as pool:
        both = [*pool.map(work, range(2))]
    for pair in zip(*both, strict=True):
        assert sorted(outcome.state for outcome in pair) in (["busy", "scored"], ["kept", "scored"])


def test_scores_without_a_record_are_made_again_to_equal_bytes(model: Model, inbox: Path) -> None:
    (killed,) = targets(str(inbox / "1.csv"), inbox.parent / "scores")  # before its record
    score_once(model, killed, OPTIONS, Context())
    before = killed.output.read_bytes()
    killed.record.unlink()
    assert score_once(model, killed, OPTIONS, Context()).state == "scored"
    assert killed.output.read_bytes() == before
    assert json.loads(killed.record.read_text())["rows_out"] == 2


def test_an_output_that_does_not_fit_is_refused(inbox: Path) -> None:
    with pytest.raises(UsageError, match="the output must be a folder"):
        targets(str(inbox), inbox.parent / "out.parquet")
    with pytest.raises(UsageError, match=r"must end in \.parquet or \.csv"):
        targets(str(inbox / "1.csv"), inbox.parent / "out.xlsx")
    with pytest.raises(UsageError, match="There is no folder"):
        targets(str(inbox / "1.csv"), inbox.parent / "nowhere" / "out.csv")
    with pytest.raises(UsageError, match="is the input itself"):
        targets(str(inbox / "1.csv"), inbox / "1.csv")


def test_an_empty_folder_has_nothing_to_score_and_a_missing_one_is_told(tmp_path: Path) -> None:
    (tmp_path / "inbox").mkdir()
    assert targets(str(tmp_path / "inbox"), tmp_path / "scores") == ()
    with pytest.raises(InputError):
        targets(str(tmp_path / "inbox" / "*.csv"), tmp_path / "scores")


def test_the_folder_of_scores_is_made(model: Model, inbox: Path) -> None:
    new = inbox.parent / "new" / "scores"
    assert [each.output.parent for each in targets(str(inbox), new)] == [new] * 3
    assert new.is_dir()


def test_labels_and_checks_are_recorded_and_a_failed_check_writes_nothing(
    model: Model, reviews: Reviews, tmp_path: Path
) -> None:
    path = tmp_path / "labelled.csv"
    rows = [[reviews[row][0], reviews[row][1]] for row in range(100)]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["review", "truth"], *rows])
    options = ScoringOptions(
        Ingest(text_column="review"), label_column="truth", suite=SCORING_SUITE
    )
    (target,) = targets(str(path), tmp_path / "out.parquet")
    record = score_once(model, target, options, Context()).record
    table = pq.read_table(target.output)
    right = pc.equal(table["truth"], table["label"].cast(pa.string())).to_pylist()
    assert record["live"]["accuracy"] == sum(right) / len(right)
    promised = model.bundle.content["intervals"]["test"]["accuracy"]
    assert record["live"]["promised"] == promised["mean"]
    assert all(check["success"] for check in record["checks"] if check["severity"] == "error")

    strict = replace(options, limits={"max_blank_share": 0.0})
    with path.open("a", encoding="utf-8") as file:
        file.write(",\n")
    (other,) = targets(str(path), tmp_path / "other.parquet")
    outcome = score_once(model, other, strict, Context())
    assert isinstance(outcome.error, QualityError)
    assert not [each for each in tmp_path.iterdir() if each.name.startswith("other")]


def test_files_that_would_overwrite_each_other_are_refused(tmp_path: Path) -> None:
    for folder in ("d1", "d2"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "day.csv").write_text("review\ngood\n")
    with pytest.raises(UsageError, match=r"d1/day\.csv and .*d2/day\.csv would both be scored to"):
        targets(str(tmp_path / "*" / "day.csv"), tmp_path / "out")
    with pytest.raises(UsageError, match="is the folder of the input"):
        targets(str(tmp_path / "d1"), tmp_path / "d1")


@pytest.mark.parametrize("side", ["out.csv", "out.csv.rejects.csv", "out.csv.record.json"])
def test_no_file_of_the_scoring_is_the_input(side: str, tmp_path: Path) -> None:
    (tmp_path / side).write_text("review\ngood\n")
    with pytest.raises(UsageError, match="is the input itself"):
        targets(str(tmp_path / side), tmp_path / "out.csv")


def test_outputs_of_two_formats_have_rejects_and_records_of_their_own(
    model: Model, inbox: Path
) -> None:
    for ending in ("csv", "parquet"):
        (target,) = targets(str(inbox / "1.csv"), inbox.parent / f"out.{ending}")
        assert score_once(model, target, OPTIONS, Context()).state == "scored"
    for ending in ("csv", "parquet"):
        (target,) = targets(str(inbox / "1.csv"), inbox.parent / f"out.{ending}")
        assert rejects_path(target.output).is_file()
        assert score_once(model, target, OPTIONS, Context()).state == "kept"


def test_scores_of_another_model_are_made_again(model: Model, inbox: Path) -> None:
    (target,) = targets(str(inbox / "1.csv"), inbox.parent / "out.csv")
    for name in ("films", "books"):
        options = replace(OPTIONS, model=name)
        assert score_once(model, target, options, Context()).state == "scored"
        assert score_once(model, target, options, Context()).state == "kept"


def test_a_stricter_limit_judges_scores_of_before(model: Model, inbox: Path) -> None:
    (target,) = targets(str(inbox / "1.csv"), inbox.parent / "out.csv")
    loose = replace(OPTIONS, suite=SCORING_SUITE)
    assert score_once(model, target, loose, Context()).state == "scored"
    strict = replace(loose, limits={"max_blank_share": 0.1})
    outcome = score_once(model, target, strict, Context())
    assert isinstance(outcome.error, QualityError)
    assert not target.output.exists()
    assert target.output.with_name("out.csv.earlier").is_file()


def test_scores_of_an_earlier_content_do_not_stand_for_a_file_that_fails(
    model: Model, inbox: Path
) -> None:
    (target,) = targets(str(inbox / "1.csv"), inbox.parent / "out.csv")
    options = replace(OPTIONS, suite=SCORING_SUITE)
    assert score_once(model, target, options, Context()).state == "scored"
    (inbox / "1.csv").write_text("review\ngood\n" + '""\n' * 9)
    assert score_once(model, target, options, Context()).state == "failed"
    assert not target.output.exists()
    assert not target.record.exists()


def test_a_value_that_cannot_be_scored_stops_its_file_alone(model: Model, inbox: Path) -> None:
    (inbox / "2.csv").unlink()
    (inbox / "2.jsonl").write_text(json.dumps({"review": "bad \ud800 x"}) + "\n")
    pq.write_table(pa.table({"review": [["a"], ["b"]]}), inbox / "4.parquet")
    outcomes = score_all(model, inbox)
    assert states(outcomes) == ["scored", "failed", "scored", "failed"]
    assert {type(each.error) for each in outcomes if each.error} == {InputError}


def test_lists_do_not_fit_into_csv(model: Model, tmp_path: Path) -> None:
    pq.write_table(pa.table({"review": ["good"], "tags": [["a"]]}), tmp_path / "in.parquet")
    (target,) = targets(str(tmp_path / "in.parquet"), tmp_path / "out.csv")
    outcome = score_once(model, target, OPTIONS, Context())
    assert "which CSV cannot" in str(outcome.error)
    assert not list(tmp_path.glob("*making*")) + list(tmp_path.glob(".*making*"))


def test_a_file_of_the_future_does_not_wait_for_ever(model: Model, inbox: Path) -> None:
    os.utime(inbox / "1.csv", (time.time() + 86_400,) * 2)
    assert states(score_all(model, inbox, replace(OPTIONS, settle_seconds=60))) == ["scored"] * 3
