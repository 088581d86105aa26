"""A suite that would check nothing is refused in a sentence that names the right name."""

import json
from pathlib import Path

import pytest

from reviewflow.context import Context
from reviewflow.errors import ConfigError
from reviewflow.quality.conditions import gallery_arguments
from reviewflow.quality.describe import expectation_words, result_words, value
from reviewflow.quality.review_frames import REVIEW_COLUMNS
from reviewflow.quality.suites import read_suite
from reviewflow.quality.validate_suites import validate_suites
from tests.reviewflow.quality.conftest import SUITES

BETWEEN = "type: expect_column_values_to_be_between"
GOOD = "kwargs: {column: characters, min_value: 1}"


def suite_file(folder: Path, text: str) -> Path:
    path = folder / "suite.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def one(entry: str) -> str:
    return f"name: mine\nexpectations:\n  - {{{entry}}}\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty"),
        ("name: mine\n", "holds no expectations"),
        ("name: mine\nexpectations: []\n", "would pass anything"),
        ("- a\n", "must hold name: and expectations:"),
        ("name: [\n", "not valid YAML"),
        ("nam: x\nexpectations: []\n", "did you mean 'name'?"),
        (one("type: expect_column_values_to_be_betwen"), f"did you mean '{BETWEEN[6:]}'?"),
        (one("type: expect_wonders"), "is not an expectation of Great Expectations"),
        (one("kwargs: {}"), "has no type:"),
        ("expectations: [3]\n", "must have type: and kwargs:"),
        (one(f"{BETWEEN}, {GOOD}, severity: eror"), "did you mean 'error'?"),
        (one(f"{BETWEEN}, {GOOD}, severity: critical"), "known are error, warning."),
        (one(f"{BETWEEN}, {GOOD}, severity: 3"), "unknown severity 3"),
        (one(f"{BETWEEN}, {GOOD}, meta: {{frame: row}}"), "did you mean 'rows'?"),
        (one(f"{BETWEEN}, {GOOD}, meta: {{fram: rows}}"), "did you mean 'frame'?"),
        (one(f"{BETWEEN}, {GOOD}, severty: error"), "did you mean 'severity'?"),
        (one(f"{BETWEEN}, kwargs: {{column: charcters, min_value: 1}}"), "mean 'characters'?"),
        (one(f"{BETWEEN}, kwargs: {{column: share, min_value: 1}}"), "not a column of frame rows"),
        (one(f"{BETWEEN}, kwargs: {{column: characters, min_valu: 1}}"), "mean 'min_value'?"),
        (one(f"{BETWEEN}, kwargs: {{column: characters}}"), "cannot both be None"),
        (one(f"{BETWEEN}, kwargs: {{min_value: 1}}"), "column: field required"),
        (one(f"{BETWEEN}, kwargs: {{column: characters, min_value: 2, max_value: 1}}"), "swap"),
        (one(f"{BETWEEN}, kwargs: {{column: characters, mostly: 2, min_value: 1}}"), "mostly"),
        (one(f"{BETWEEN}, kwargs: {{column: label, result_format: BASIC}}"), "no place in kwargs"),
        (one(f"{BETWEEN}, kwargs: {{column: label, min_value: 0, row_condition: 'labl > 3'}}"),
         "did you mean 'label'?"),
        (one(f"{BETWEEN}, kwargs: {{column: label, min_value: 0, row_condition: 'label or 3'}}"),
         "must be comparisons joined by 'and'"),
        (one(f"{BETWEEN}, kwargs: {{column: label, min_value: 0, row_condition: 'label >'}}"),
         "is no comparison"),
        (one(f"{BETWEEN}, kwargs: {{column: label, min_value: 0, row_condition: f() > 1}}"),
         "must compare a column with a value"),
        ("a: &a [1]\nexpectations: *b\n", "not valid YAML"),
        ("expectations: []\nexpectations: []\n", "'expectations' twice, in line 1 and in line 2"),
        ("expectations: &a [*a, *a]\n", "refers to itself"),
        ("expectations: " + "[" * 1500, "nested too deeply"),
    ],
)  # fmt: skip
def test_a_bad_suite_is_refused_with_the_nearest_right_name(
    tmp_path: Path, text: str, told: str
) -> None:
    path = suite_file(tmp_path, text)
    with pytest.raises(ConfigError) as refusal:
        read_suite(path, REVIEW_COLUMNS)
    message = str(refusal.value)
    assert told in message
    assert str(path) in message
    assert "\n" not in message
    assert len(message) < 700


def test_anchors_that_multiply_are_refused(tmp_path: Path) -> None:
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    path = suite_file(tmp_path, "\n".join(lines))
    with pytest.raises(ConfigError, match="too large, too deep or refers to itself"):
        read_suite(path, REVIEW_COLUMNS)


@pytest.mark.parametrize("name", ["missing.yaml", "."])
def test_a_file_that_is_not_there_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError):
        read_suite(tmp_path / name, REVIEW_COLUMNS)


def test_severity_and_frame_have_defaults(tmp_path: Path) -> None:
    suite = read_suite(suite_file(tmp_path, one(f"{BETWEEN}, {GOOD}")), REVIEW_COLUMNS)
    (only,) = suite.expectations
    assert (suite.name, only.severity, only.frame, only.notes) == ("mine", "error", "rows", "")


@pytest.mark.parametrize(
    "entry",
    [
        f"{BETWEEN}, kwargs: {{column: split, min_value: 1}}",
        "type: unexpected_rows_expectation, kwargs: {unexpected_rows_query: select 1}",
    ],
)
def test_what_cannot_be_evaluated_is_refused_in_rehearsal(tmp_path: Path, entry: str) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(ConfigError, match="cannot be evaluated"):
        validate_suites(
            reviews_suite=suite_file(tmp_path, one(entry)),
            features_suite=SUITES / "features.yaml",
            folder=tmp_path / "out",
            context=Context(),
        )
    assert not list((tmp_path / "out").iterdir())


def test_the_shipped_suites_are_judged_good_and_silently(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    given = {"reviews_suite": SUITES / "reviews.yaml", "features_suite": SUITES / "features.yaml"}
    figures = validate_suites(**given, folder=folder, context=Context())
    types = json.loads((folder / "suites.json").read_text())
    assert figures["rows"] == len(types["reviews"]) + len(types["features"])
    assert types["reviews"][0] == "expect_table_row_count_to_be_between"
    assert list(tmp_path.iterdir()) == [folder]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["reviews.yaml", "features.yaml"])
def test_not_null_and_a_row_count_stand_beside_every_between(name: str) -> None:
    from reviewflow.quality.feature_frames import FEATURE_COLUMNS

    columns = REVIEW_COLUMNS if name == "reviews.yaml" else FEATURE_COLUMNS
    entries = read_suite(SUITES / name, columns).expectations
    for entry in entries:
        if entry.type == BETWEEN[6:]:
            beside = [other for other in entries if other.frame == entry.frame]
            assert any("not_be_null" in o.type and o.columns == entry.columns for o in beside)
            assert any("row_count" in other.type for other in beside)


@pytest.mark.parametrize(
    ("type_", "kwargs", "words"),
    [
        ("expect_column_values_to_be_between", {"column": "a", "min_value": 0, "max_value": 1},
         "a between 0 and 1 in every row"),
        ("expect_column_values_to_be_between",
         {"column": "a", "min_value": 0, "strict_min": True, "row_condition": "b > 3"},
         "a above 0 in every row where b > 3"),
        ("expect_column_values_to_be_in_set",
         {"column": "a", "value_set": [0, 1, 2], "mostly": 0.85},
         "a 0, 1 or 2 in at least 85 % of the rows"),
        ("expect_table_row_count_to_be_between", {"min_value": 2, "max_value": 2},
         "number of rows exactly 2"),
        ("expect_column_mean_to_be_between", {"column": "a", "max_value": 1000},
         "mean of a at most 1,000"),
        ("expect_column_values_to_match_regex", {"column": "a", "regex": "x"},
         "column values to match regex (column a, regex x)"),
    ],
)  # fmt: skip
def test_what_is_asked_is_told_in_words(type_: str, kwargs: dict[str, object], words: str) -> None:
    assert expectation_words(type_, kwargs) == words


def test_what_is_seen_is_told_in_words() -> None:
    assert result_words({"observed_value": 0.25}) == "0.25"
    assert result_words({"element_count": 0, "unexpected_count": 0}) == "no values to look at"
    assert value(1.0000001) == "1.0000001"
    assert value("\x1b[31mred") == "\\x1b[31mred"


def test_a_condition_becomes_the_gallery_s_own_form() -> None:
    assert gallery_arguments({"row_condition": 'rows >= -3 and split == "test"'}) == {
        "row_condition": {
            "type": "and",
            "conditions": [
                {
                    "type": "comparison",
                    "column": {"name": "rows"},
                    "operator": ">=",
                    "parameter": -3,
                },
                {
                    "type": "comparison",
                    "column": {"name": "split"},
                    "operator": "==",
                    "parameter": "test",
                },
            ],
        }
    }
