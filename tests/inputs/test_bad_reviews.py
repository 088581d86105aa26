"""Fail every expectation of the shipped suite of reviews in a real job."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from reviewflow.errors import QualityError
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
    in_table,
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
        replaced(*((record, " " * record, "positive") for record in range(4, 12))),
        {("source", "blank_share")},
        ("blank_share at most 0.05", "0.08", "first_blank_records 4, 5, 6"),
        warned={("source", "blank_share")},
    ),
    "no label": BadReviews(
        replaced((7, "No word.", "")), {("rows", "label")}, ("record 7, label missing",)
    ),
    "one class": BadReviews(
        words_in_turn(100, 1.0),
        {("labels", "rows")},
        ("label 0, class negative, split train, rows 0, share 0",),
        warned={("labels", "balance")},
    ),
    "three rows": BadReviews(
        made_up(3),
        {("rows", None), ("labels", "rows")},
        ("number of rows at least 20", "3"),
    ),
    "four test rows of a class": BadReviews(
        made_up(100),
        {("labels", "rows")},
        ("label 0, class negative, split test, rows 4, share 0.2", 'split != "validation"'),
        words_in_turn(20, 0.8),
    ),
    "no label in the test split": BadReviews(
        made_up(100),
        {("rows", "label"), ("labels", "rows")},
        ("label 0, class negative, split test, rows 0, share missing",),
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
WARNED = {
    "two blanks": BadReviews(
        replaced((6, "  ", "positive"), (9, "", "negative")), set(), (),
        warned={("source", "blank_share")},
    ),
    "40 % copies": BadReviews(
        [*made_up(90), *made_up(80)], set(), (), words_in_turn(30, 0.5),
        warned={("rows", "duplicate")},
    ),
    "a text on both sides": BadReviews(
        made_up(100), set(), (), [*words_in_turn(40, 0.5), made_up(5)[4]],
        warned={("rows", "crosses_split")},
    ),
    "a text with two labels": BadReviews(
        [*made_up(100), [made_up(1)[0][0], "positive"]], set(), (), words_in_turn(40, 0.5),
        warned={("rows", "contradicts")},
    ),
    "200 to 30": BadReviews(
        words_in_turn(230, 200 / 230, 5000), set(), (), words_in_turn(40, 0.5),
        warned={("labels", "balance")},
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
            bad = {**BAD_REVIEWS, **WARNED}[name]
            configs = [
                with_reviews(config, folder, bad.rows, bad.test)
                for config in (base.strict, base.lenient)
            ]
            known[name] = check_data(*configs, artifacts, "reviews", bool(bad.failures))
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


@pytest.mark.parametrize("name", WARNED)
def test_what_real_files_hold_is_trained_on(name: str, check_bad_reviews: Check) -> None:
    checked = check_bad_reviews(name)
    assert_reported(checked, set(), WARNED[name].warned, ())
    assert failures(checked.results, "warning") == WARNED[name].warned


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
    words = ("record 9, file test, outside_classes true",)
    assert_reported(label_two, {("rows", "outside_classes")}, set(), words)
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
    failed = set().union(*(check_bad_reviews(name).failed for name in BAD_REVIEWS | WARNED))
    assert not_failed(suite, failed | label_two.failed | null_text.failed) == GUARDS


# A random split alone has copies in two splits by our own doing: see test_a_random_split_… below.
GUARDS: list[Place] = [
    ("source", None),
    ("source", "blank_share"),
    ("labels", None),
    ("labels", "rows"),
    ("labels", "balance"),
    ("rows", "crosses_split"),
]


def random_split(base: Base, folder: Path, **validate: object) -> Path:
    """Return a configuration of a random split of reviews, of which 100 occur twice."""
    config = with_reviews(base.strict, folder, [*made_up(160), *made_up(100)], [])
    content = yaml.safe_load(config.read_text(encoding="utf-8"))
    content["split"] = {"method": "random"}
    content["validate"].update(validate)
    return write_config(config, content)


def test_a_random_split_with_texts_in_two_splits_is_an_error(base: Base, tmp_path: Path) -> None:
    with pytest.raises(QualityError) as refusal:
        plan_and_run(random_split(base, tmp_path), base.copy(tmp_path), CHECKS)
    table = str(refusal.value)
    assert in_table("validate.limits.max_crossing_share: 0", table)
    assert in_table("The split.method hash keeps copies of a text together.", table)


@pytest.mark.parametrize(
    "validate",
    [
        {"reviews": str(SUITES / "reviews_given_split.yaml")},
        {"limits": {"max_crossing_share": 0.9}},
    ],
    ids=["suite", "limit"],
)
def test_a_published_random_split_has_two_ways_out(
    base: Base, tmp_path: Path, validate: dict[str, object]
) -> None:
    done = plan_and_run(random_split(base, tmp_path, **validate), base.copy(tmp_path), CHECKS)
    assert ("rows", "duplicate") in failures(quality_entries(done.run), "warning")
