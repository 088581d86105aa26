"""Fail every expectation of the shipped suite of reviews in a real job."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from reviewflow.jobs.sentiment_summary import quality_entries
from reviewflow.quality.review_frames import REVIEW_COLUMNS
from reviewflow.quality.suites import read_suite
from tests.conftest import plan_and_run, write_config
from tests.inputs.attempt import csv_text, made_up
from tests.inputs.tampering import (
    CHECKS,
    SUITES,
    Base,
    Check,
    CheckResults,
    Place,
    assert_reported,
    check_data,
    failures,
    label,
    not_failed,
    tamper,
)


@dataclass(frozen=True)
class BadReviews:
    """Reviews that fail the shipped suite, the expectations that fail, and words of the table.

    Attributes
    ----------
    test : reviews of the test file; empty for none.
    """

    rows: list[list[str]]
    failures: set[Place]
    words: tuple[str, ...]
    test: list[list[str]] = field(default_factory=list)
    warned: set[Place] = field(default_factory=set)


def replaced(*changes: tuple[int, str, str]) -> list[list[str]]:
    """Return the made-up reviews with some records replaced."""
    rows = made_up(100)
    for record, text, word in changes:
        rows[record - 2] = [text, word]
    return rows


def words_in_turn(count: int, share: float, first: int = 1000) -> list[list[str]]:
    """Return ``count`` reviews, a share of them positive."""
    return [
        [text, "positive" if place < share * count else "negative"]
        for place, (text, _) in enumerate(made_up(count, first))
    ]


BAD_REVIEWS = {
    "blanks": BadReviews(
        replaced((6, "  ", "positive"), (9, "", "negative")),
        {("rows", "blank")},
        ("record 6, blank true", "record 9, blank true", "2 of 100 values"),
    ),
    "no label": BadReviews(
        replaced((7, "No word.", "")), {("rows", "label")}, ("record 7, label missing",)
    ),
    "one class": BadReviews(
        words_in_turn(100, 1.0),
        {("labels", "share")},
        ("label 0, split train, rows 0, share 0",),
    ),
    "three rows": BadReviews(made_up(3), {("rows", None)}, ("number of rows at least 20", "3")),
    "40 % copies": BadReviews(
        [*made_up(90), *made_up(80)],
        {("rows", "duplicate")},
        ("80 of 200 values (40 %)", "at least 85 %", "record 92, file main, duplicate true"),
        words_in_turn(30, 0.5),
    ),
    "a text on both sides": BadReviews(
        made_up(100),
        {("rows", "crosses_split")},
        ("record 6, file main, crosses_split true", "record 42, file test"),
        [*words_in_turn(40, 0.5), made_up(5)[4]],
    ),
    "70 to 30 in the test split": BadReviews(
        made_up(100),
        {("labels", "share")},
        ("label 1, split test, rows 28, share 0.7", "split_rows >= 30"),
        words_in_turn(40, 0.7),
    ),
    "nine in ten in a small test split": BadReviews(
        made_up(100),
        {("labels", "share")},
        ("label 1, split test, rows 18, share 0.9",),
        words_in_turn(20, 0.9),
    ),
    "no label in the test split": BadReviews(
        made_up(100),
        {("rows", "label"), ("labels", "share")},
        ("label 0, split test, rows 0, share missing",),
        [[text, ""] for text, _ in made_up(20, first=1000)],
    ),
    "single letters": BadReviews(
        [[chr(97 + place), word] if place < 10 else [text, word]
         for place, (text, word) in enumerate(made_up(100))],
        {("rows", "characters")},
        ("record 2, characters 1", "at least 95 %"),
        warned={("rows", "characters")},
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def check_bad_reviews(base: Base, tmp_path_factory: pytest.TempPathFactory) -> Check:
    """Return the results of bad reviews. Each are checked once, in one artifacts folder."""
    known: dict[str, CheckResults] = {}
    artifacts = base.copy(tmp_path_factory.mktemp("reviews"))

    def of(name: str) -> CheckResults:
        if name not in known:
            folder = tmp_path_factory.mktemp("checked")
            bad = BAD_REVIEWS[name]
            configs = [
                with_reviews(config, folder, bad.rows, bad.test)
                for config in (base.strict, base.lenient)
            ]
            known[name] = check_data(*configs, artifacts, "reviews", True)
        return known[name]

    return of


def with_reviews(config: Path, folder: Path, rows: list[list[str]], test: list[list[str]]) -> Path:
    """Return a configuration of the base with other reviews."""
    content = yaml.safe_load(config.read_text(encoding="utf-8"))
    content["ingest"] = {"path": str(folder / "reviews.csv")}
    if test:
        content["ingest"]["test_path"] = str(folder / "test.csv")
    for name, table in (("reviews", rows), ("test", test)):
        (folder / f"{name}.csv").write_text(csv_text(table), encoding="utf-8", newline="")
    return write_config(folder / config.name, content)


@pytest.mark.parametrize("name", BAD_REVIEWS)
def test_bad_reviews_are_not_trained_on(name: str, check_bad_reviews: Check) -> None:
    bad = BAD_REVIEWS[name]
    assert_reported(check_bad_reviews(name), bad.failures, bad.warned, bad.words)


@pytest.fixture(scope="module")
def label_two(base: Base, tmp_path_factory: pytest.TempPathFactory) -> CheckResults:
    """A label that no map can give, in a whole artifact of ingest."""
    artifacts = base.copy(tmp_path_factory.mktemp("label"))
    shutil.rmtree(artifacts / "store" / "validate_reviews")
    tamper(artifacts, "ingest", "reviews.parquet", 1, label(2))
    return check_data(base.strict, base.lenient, artifacts, "reviews", True)


@pytest.fixture(scope="module")
def null_text(base: Base, tmp_path_factory: pytest.TempPathFactory) -> CheckResults:
    """A text that is null, as Parquet files may hold it."""
    artifacts = base.copy(tmp_path_factory.mktemp("null"))
    shutil.rmtree(artifacts / "store" / "validate_reviews")
    nothing = {"text": None, "characters": None}
    tamper(artifacts, "ingest", "reviews.parquet", 1, lambda rows: rows[7].update(nothing))
    return check_data(base.strict, base.lenient, artifacts, "reviews", True)


def test_a_label_two_and_a_null_text_are_not_trained_on(
    label_two: CheckResults, null_text: CheckResults
) -> None:
    assert_reported(label_two, {("rows", "label")}, set(), ("record 9, file test, label 2",))
    assert_reported(
        null_text,
        {("rows", "blank"), ("rows", "characters")},
        set(),
        ("record 9, file test, blank true", "record 9, file test, characters missing"),
    )


def test_every_expectation_of_the_reviews_fails_somewhere(
    check_bad_reviews: Check, label_two: CheckResults, null_text: CheckResults
) -> None:
    suite = read_suite(SUITES / "reviews.yaml", REVIEW_COLUMNS)
    failed = set().union(*(check_bad_reviews(name).failed for name in BAD_REVIEWS))
    assert not_failed(suite, failed | label_two.failed | null_text.failed) == [("labels", None)]


def test_a_given_split_with_a_text_on_both_sides_only_warns(base: Base, tmp_path: Path) -> None:
    bad = BAD_REVIEWS["a text on both sides"]
    config = with_reviews(base.strict, tmp_path, bad.rows, bad.test)
    content = yaml.safe_load(config.read_text(encoding="utf-8"))
    content["validate"]["reviews"] = str(SUITES / "reviews_given_split.yaml")
    done = plan_and_run(write_config(config, content), base.copy(tmp_path), CHECKS)
    assert failures(quality_entries(done.run), "warning") == {("rows", "crosses_split")}
