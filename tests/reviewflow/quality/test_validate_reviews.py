"""Fail each expectation of the shipped suite of reviews, and read the table."""

from collections.abc import Callable
from pathlib import Path

import pytest

from reviewflow.quality.results import failure_table, has_failed
from reviewflow.reviews.parts import Index, PartInfo
from tests.reviewflow.quality.conftest import SUITES, Checked, Reviews, all_warnings

Check = Callable[..., Checked]
GIVEN_SPLIT = SUITES / "reviews_given_split.yaml"


def blanks() -> Reviews:
    data = Reviews()
    data.parts[1]["text"][3] = " \n\t"
    data.parts[0]["text"][7] = None
    return data


def no_label() -> Reviews:
    data = Reviews()
    data.parts[0]["label"][41] = None
    return data


def other_label() -> Reviews:
    data = Reviews()
    data.parts[1]["label"][0] = 2
    return data


def one_class() -> Reviews:
    data = Reviews()
    for part in data.parts:
        part["label"] = [1] * len(part["label"])
    return data


def three_rows() -> Reviews:
    data = Reviews()
    data.parts = [{name: column[:3] for name, column in data.parts[0].items()}]
    return data


def duplicates() -> Reviews:
    data = Reviews()
    for part in data.parts:
        rows = [row for row, side in enumerate(part["split"]) if side == "train"][:40]
        for row in rows:
            part["text"][row] = "The same words again"
    return data


def both_sides() -> Reviews:
    data = Reviews()
    assert data.parts[0]["split"][5] == "test"
    assert data.parts[1]["split"][6] == "train"
    data.parts[1]["text"][6] = data.parts[0]["text"][5]
    return data


def imbalanced_test() -> Reviews:
    data = Reviews()
    for part in data.parts:
        test = [row for row, side in enumerate(part["split"]) if side == "test"]
        for rank, row in enumerate(test):
            part["label"][row] = int(rank % 10 < 7)
    return data


def imbalanced_small_test() -> Reviews:
    data = Reviews()
    data.parts = data.parts[:1]
    for row, side in enumerate(data.parts[0]["split"]):
        if side == "test":
            data.parts[0]["label"][row] = int(row < 90)
    return data


def no_test_rows() -> Reviews:
    data = Reviews()
    for part in data.parts:
        part["split"] = ["train"] * len(part["split"])
    return data


def single_letters() -> Reviews:
    data = Reviews()
    data.parts[0]["text"][:20] = [chr(97 + row) for row in range(20)]
    return data


@pytest.mark.parametrize(
    ("tampered", "column", "frame", "words"),
    [
        (blanks, "blank", "rows", ["record 9,", "record 105,", "2 of 200 values (1 %)"]),
        (no_label, "label", "rows", ["record 43, label missing", "No blank labels."]),
        (other_label, "label", "rows", ["record 102, label 2", "label 0 or 1 in every row"]),
        (
            one_class,
            "share",
            "labels",
            ["label 1, split test, rows 40, share 1", "label 0, split all, rows 0,"],
        ),
        (three_rows, None, "rows", ["number of rows at least 20", " 3 "]),
        (duplicates, "duplicate", "rows", ["(39.5 %)", "record 4, duplicate true", "and 74 more"]),
        (both_sides, "crosses_split", "rows", ["record 7,", "record 108,"]),
        (imbalanced_test, "share", "labels", ["label 1, split test, rows 28, share 0.7"]),
        (imbalanced_small_test, "share", "labels", ["label 1, split test, rows 18, share 0.9"]),
        (no_test_rows, "share", "labels", ["label 0, split test, rows 0, share missing"]),
        (single_letters, "characters", "rows", ["record 2, characters 1", "at least 95 %"]),
    ],
)
def test_a_fault_fails_with_the_row_and_what_was_asked(
    check_reviews: Check,
    tampered: Callable[[], Reviews],
    column: str | None,
    frame: str,
    words: list[str],
) -> None:
    checked = check_reviews(tampered())
    assert has_failed(checked.results)
    assert (frame, column) in checked.failures()
    if tampered not in (three_rows, no_test_rows):
        assert len(checked.failures()) == 1
    for phrase in words:
        assert phrase in checked.table


def test_severity_warning_passes_and_is_reported(check_reviews: Check, tmp_path: Path) -> None:
    data = both_sides()
    for change in (blanks(), other_label()):
        data.parts = [
            {name: [*column, *extra[name]] for name, column in part.items()}
            for part, extra in zip(data.parts, change.parts, strict=True)
        ]
    checked = check_reviews(data, all_warnings(SUITES / "reviews.yaml", tmp_path))
    assert not has_failed(checked.results)
    assert checked.results["success"]
    assert {column for _, column in checked.failures("warning")} == {
        *("blank", "label", "duplicate", "crosses_split")
    }
    assert "and 4 with severity warning" in failure_table(checked.results)


def test_good_reviews_pass_every_expectation(check_reviews: Check) -> None:
    checked = check_reviews(Reviews())
    assert not has_failed(checked.results)
    assert checked.failures() == checked.failures("warning") == []
    assert checked.returned == {"rows": 200, "success": True, "failed": 0}


def test_results_stand_in_the_order_of_the_suite(check_reviews: Check) -> None:
    results = check_reviews(Reviews()).results["results"]
    assert [one["column"] for one in results[:4]] == [None, "blank", "characters", "characters"]
    assert results[-1]["column"] == "crosses_split"
    assert set(results[0]) == {
        *("suite", "expectation", "column", "frame", "success", "severity"),
        *("asked", "notes", "observed", "unexpected_count", "examples"),
    }


def test_a_given_split_may_share_texts(check_reviews: Check) -> None:
    checked = check_reviews(both_sides(), GIVEN_SPLIT)
    assert not has_failed(checked.results)
    assert checked.failures("warning") == [("rows", "crosses_split")]


def test_the_suite_for_given_splits_differs_in_one_severity() -> None:
    from reviewflow.quality.review_frames import REVIEW_COLUMNS
    from reviewflow.quality.suites import read_suite

    usual = read_suite(SUITES / "reviews.yaml", REVIEW_COLUMNS).expectations
    given = read_suite(GIVEN_SPLIT, REVIEW_COLUMNS).expectations
    assert usual[:-1] == given[:-1]
    assert (usual[-1].severity, given[-1].severity) == ("error", "warning")
    assert usual[-1].kwargs == given[-1].kwargs


def test_a_row_of_the_test_file_is_named_with_its_file(check_reviews: Check) -> None:
    data = blanks()
    infos = [PartInfo(rows=100, file=number, digests={}, runs=((0, 2),)) for number in range(2)]
    data.index = Index(tuple(infos))
    table = check_reviews(data).table
    assert "record 9, file main, blank true" in table
    assert "record 5, file test, blank true" in table


def test_same_reviews_same_bytes_and_texts_stay_inside(
    check_reviews: Check, tmp_path: Path
) -> None:
    first = check_reviews(both_sides())
    content = (first.folder / "results.json").read_bytes()
    first.folder.rename(tmp_path / "first")
    (tmp_path / "in").rename(tmp_path / "elsewhere")
    assert (check_reviews(both_sides()).folder / "results.json").read_bytes() == content
    pages = sorted((tmp_path / "out" / "data_docs").iterdir())
    assert [page.name for page in pages] == ["index.html", "labels.html", "rows.html"]
    for page in pages:
        html = page.read_text()
        assert "<script" not in html
        assert "http:" not in html
        assert "https:" not in html
        assert "A review number" not in html
