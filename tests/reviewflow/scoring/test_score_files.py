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
    (scores / "2.csv.record.json").write_text("{")
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
