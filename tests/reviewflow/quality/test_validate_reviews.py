"""Fail each expectation of the shipped suite of reviews, and read the table."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewflow.quality.results import has_failed
from reviewflow.quality.review_frames import review_frames
from reviewflow.reviews.parts import Index, LeftOut, PartInfo
from reviewflow.reviews.split import SPLITS
from tests.reviewflow.quality.conftest import (
    CLASS_NAMES,
    SUITES,
    Checked,
    Reviews,
    all_warnings,
    index_of,
)

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
            part["text"][row] = f"The same words again, {row % 2}"
    return data


def both_sides() -> Reviews:
    data = Reviews()
    assert data.parts[0]["split"][5] == "test"
    assert data.parts[1]["split"][6] == "train"
    data.parts[1]["text"][6] = data.parts[0]["text"][5]
    data.parts[1]["label"][6] = data.parts[0]["label"][5]
    return data


def two_labels() -> Reviews:
    data = Reviews()
    assert data.parts[0]["label"][4] != data.parts[1]["label"][7]
    data.parts[1]["text"][7] = data.parts[0]["text"][4]
    return data


def rare_class() -> Reviews:
    data = Reviews()
    for part in data.parts:
        for row, side in enumerate(part["split"]):
            part["label"][row] = int(row % 10 in (1, 2) if side == "train" else row % 2)
    return data


def four_test_rows() -> Reviews:
    data = Reviews()
    for number, part in enumerate(data.parts):
        test = [row for row, side in enumerate(part["split"]) if side == "test"]
        for rank, row in enumerate(test):
            part["label"][row] = int(rank >= 4 * (1 - number))
    return data


def with_blank_records(*records: int) -> Reviews:
    data = Reviews()
    parts = list(index_of(data.parts).parts)
    parts[1] = replace(parts[1], left_out=(LeftOut(0, None, len(records), records[:3]),))
    data.index = Index(tuple(parts))
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
        (
            other_label,
            "outside_classes",
            "rows",
            ["record 102, outside_classes true", "outside_classes false in every row"],
        ),
        (
            one_class,
            "rows",
            "labels",
            [
                "label 0, class negative, split test, rows 0, share 0",
                "label 0, class negative, split all, rows 0,",
            ],
        ),
        (
            four_test_rows,
            "rows",
            "labels",
            [
                "label 0, class negative, split test, rows 4, share 0.1",
                "validate.limits.min_rows_per_class: 5",
            ],
        ),
        (three_rows, None, "rows", ["number of rows at least 20", " 3 "]),
        (both_sides, "crosses_split", "rows", ["record 7,", "record 108,"]),
        (
            no_test_rows,
            "rows",
            "labels",
            ["label 0, class negative, split test, rows 0, share missing"],
        ),
        (single_letters, "characters", "rows", ["record 2, characters 1", "at least 95 %"]),
        (
            lambda: with_blank_records(*range(102, 118)),
            "blank_share",
            "source",
            ["blank_share at most 0.05", "0.0740741", "first_blank_records 102, 103, 104"],
        ),
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
    if tampered != three_rows:
        assert len(checked.failures()) == 1
    for phrase in words:
        assert phrase in checked.table


@pytest.mark.parametrize(
    ("tampered", "column", "words"),
    [
        (duplicates, "duplicate", ["(39 %)", "record 6, duplicate true", "and 73 more"]),
        (two_labels, "contradicts", ["record 6, contradicts true", "record 109, contradicts true"]),
        (
            rare_class,
            "balance",
            ["label 1, class positive, split train, rows 40, share 0.25, balance 0.5"],
        ),
        (
            lambda: with_blank_records(102, 105),
            "blank_share",
            ["first_blank_records 102, 105, blank_share 0.00990099"],
        ),
    ],
)
def test_what_real_files_hold_is_a_warning(
    check_reviews: Check, tampered: Callable[[], Reviews], column: str, words: list[str]
) -> None:
    checked = check_reviews(tampered())
    assert checked.failures() == []
    assert column in {name for _, name in checked.failures("warning")}
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
        *("blank", "outside_classes", "duplicate", "contradicts", "crosses_split")
    }
    assert "and 5 with severity warning" in checked.text


def test_good_reviews_pass_every_expectation(check_reviews: Check) -> None:
    checked = check_reviews(Reviews())
    assert not has_failed(checked.results)
    assert checked.failures() == checked.failures("warning") == []
    assert checked.returned == {"rows": 200, "success": True, "failed": 0}


def test_results_stand_in_the_order_of_the_suite(check_reviews: Check) -> None:
    results = check_reviews(Reviews()).results["results"]
    assert [one["column"] for one in results[:4]] == [*(None, None, "blank_share", "blank_share")]
    assert results[-1]["column"] == "crosses_split"
    assert set(results[0]) == {
        *("suite", "expectation", "column", "frame", "success", "severity"),
        *("asked", "notes", "limit", "observed", "unexpected_count", "examples"),
    }
    assert results[0]["limit"] == {"name": "min_rows", "value": 20}
    assert results[1]["limit"] is None


def test_the_sentence_names_the_suite_and_the_setting(check_reviews: Check) -> None:
    sentence = check_reviews(four_test_rows()).text.partition("\n")[0]
    assert sentence == (
        f"The reviews failed 1 of 20 checks of {SUITES / 'reviews.yaml'} with severity error; "
        "nothing was trained. Mend the data, change validate.limits.min_rows_per_class, or give "
        "the check severity: warning in a copy of its suite, named by validate.reviews:"
    )


@pytest.mark.parametrize("suite", [SUITES / "reviews.yaml", GIVEN_SPLIT])
def test_a_text_on_both_sides_of_a_given_split_is_a_warning(
    check_reviews: Check, suite: Path
) -> None:
    checked = check_reviews(both_sides(), suite, given_split=True)
    assert not has_failed(checked.results)
    assert checked.failures("warning") == [("rows", "crosses_split")]


def test_the_suite_of_published_splits_warns_of_a_random_one(check_reviews: Check) -> None:
    checked = check_reviews(both_sides(), GIVEN_SPLIT)
    assert not has_failed(checked.results)
    assert checked.failures("warning") == [("rows", "crosses_split")]


def test_the_suite_for_given_splits_differs_in_one_severity() -> None:
    from reviewflow.quality.review_frames import REVIEW_COLUMNS
    from reviewflow.quality.suites import read_suite

    usual = read_suite(SUITES / "reviews.yaml", REVIEW_COLUMNS).expectations
    given = read_suite(GIVEN_SPLIT, REVIEW_COLUMNS).expectations
    differing = [pair for pair in zip(usual, given, strict=True) if pair[0] != pair[1]]
    assert differing == [(usual[-2], replace(usual[-2], severity="warning"))]
    assert usual[-2].severity == "error"


@pytest.mark.parametrize(
    ("tampered", "limits"),
    [
        (four_test_rows, {"min_rows_per_class": 4}),
        (duplicates, {"max_duplicate_share": 0.4}),
        (rare_class, {"min_balance": 0.5}),
        (lambda: with_blank_records(*range(102, 118)), {"max_blank_share": 0.1}),
        (lambda: with_blank_records(102, 105), {"warn_blank_share": 1}),
        (three_rows, {"min_rows": 3, "min_rows_per_class": 0}),
        (single_letters, {"max_odd_length_share": 0.1, "warn_odd_length_share": 0.1}),
        (both_sides, {"max_crossing_share": 0.01}),
        (no_label, {"max_unlabelled_share": 0.005}),
    ],
)  # fmt: skip
def test_a_limit_lets_pass_what_the_suite_does_not(
    check_reviews: Check, tampered: Callable[[], Reviews], limits: dict[str, float]
) -> None:
    checked = check_reviews(tampered(), **limits)
    asked = {one["limit"]["name"] for one in checked.results["results"] if one["limit"]}
    assert set(limits) <= asked
    failed = [one for one in checked.results["results"] if not one["success"]]
    assert [one for one in failed if (one["limit"] or {}).get("name") in limits] == []
    assert checked.failures() == []


def three_classes() -> Reviews:
    """Every seventh row is a validation row, and none of them has class 2."""
    data = Reviews()
    for part in data.parts:
        part["split"][::7] = ["validation"] * len(part["split"][::7])
        part["label"] = [
            row % 3 if side != "validation" else row % 2 for row, side in enumerate(part["split"])
        ]
    return data


def test_three_classes_are_counted_in_each_split(check_reviews: Check) -> None:
    checked = check_reviews(three_classes(), classes=3)
    assert checked.failures() == checked.failures("warning") == []


def test_a_third_class_without_test_rows_is_an_error(check_reviews: Check) -> None:
    data = three_classes()
    for part in data.parts:
        for row, side in enumerate(part["split"]):
            if side == "test":
                part["label"][row] = row % 2
    checked = check_reviews(data, classes=3)
    assert checked.failures() == [("labels", "rows")]
    assert "label 2, class neutral, split test, rows 0, share 0" in checked.table


rows = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.sampled_from([None, 0, 1, 2]),
        st.sampled_from([*SPLITS]),
        st.booleans(),
    ),
    max_size=24,
)


@given(rows, st.integers(0, 24))
def test_flags_of_repeated_texts_equal_those_of_a_plain_loop(
    rows: list[tuple[int, int | None, str, bool]], cut: int
) -> None:
    parts = [rows[:cut], rows[cut:]]
    tables = [
        pa.table(
            {
                "label": pa.array([label for _, label, _, _ in part], pa.int8()),
                "text_hash": pa.array([text for text, _, _, _ in part], pa.uint64()),
                "characters": pa.array([5] * len(part), pa.int32()),
                "blank": pa.array([blank for _, _, _, blank in part], pa.bool_()),
            }
        )
        for part in parts
    ]
    splits = [
        pa.table({"split": pa.array([s for _, _, s, _ in part], pa.string())}) for part in parts
    ]
    frames = review_frames(tables, splits, lambda part, row: {}, CLASS_NAMES, True)
    table = frames["rows"].table
    same = [[other for other in rows if other[0] == text] for text, _, _, _ in rows]
    assert table["duplicate"].tolist() == [
        not blank and text in [before for before, *_ in rows[:n]]
        for n, (text, _, _, blank) in enumerate(rows)
    ]
    assert table["contradicts"].tolist() == [
        not blank and label is not None and len({o[1] for o in others} - {None}) > 1
        for (_, label, _, blank), others in zip(rows, same, strict=True)
    ]
    assert table["crosses_split"].tolist() == [
        not blank and len({other[2] for other in others}) > 1
        for (_, _, _, blank), others in zip(rows, same, strict=True)
    ]
    assert table["split"].tolist() == [split for _, _, split, _ in rows]
    check_label_frame(rows, frames["labels"].table)


def check_label_frame(rows, table) -> None:  # type: ignore[no-untyped-def]
    """Compare rows, share and balance of each class and split with counts by hand."""
    used = [name for name in SPLITS if name != "validation" or name in {row[2] for row in rows}]
    assert table["split"].tolist() == [name for name in (*used, "all") for _ in range(3)]
    assert table["label"].tolist() == [0, 1, 2] * (len(used) + 1)
    for row in table.itertuples():
        inside = [label for _, label, split, _ in rows if row.split in (split, "all")]
        known = [label for label in inside if label is not None]
        assert row.rows == known.count(row.label)
        assert row.split_rows == len(known)
        assert row.even_rows == len(known) / 3
        shares = [row.rows / len(known), 3 * row.rows / len(known)] if known else [math.nan] * 2
        np.testing.assert_allclose([row.share, row.balance], shares)


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
    assert [page.name for page in pages] == [
        *("index.html", "labels.html", "rows.html", "source.html")
    ]
    for page in pages:
        html = page.read_text()
        assert "<script" not in html
        assert "http:" not in html
        assert "https:" not in html
        assert "A review number" not in html
