"""A suite that would check nothing is refused in a sentence that names the right name."""

from pathlib import Path

import pytest

from reviewflow.errors import ConfigError
from reviewflow.quality.review_frames import REVIEW_COLUMNS
from reviewflow.quality.suites import read_suite
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
    ("text", "words"),
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
    tmp_path: Path, text: str, words: str
) -> None:
    path = suite_file(tmp_path, text)
    with pytest.raises(ConfigError) as refusal:
        read_suite(path, REVIEW_COLUMNS)
    message = str(refusal.value)
    assert words in message
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
def test_a_missing_file_is_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError):
        read_suite(tmp_path / name, REVIEW_COLUMNS)


def test_severity_and_frame_have_defaults(tmp_path: Path) -> None:
    suite = read_suite(suite_file(tmp_path, one(f"{BETWEEN}, {GOOD}")), REVIEW_COLUMNS)
    (only,) = suite.expectations
    assert (suite.name, only.severity, only.frame, only.notes) == ("mine", "error", "rows", "")


@pytest.mark.parametrize("name", ["reviews.yaml", "features.yaml"])
def test_every_between_comes_with_not_null_and_a_row_count(name: str) -> None:
    from reviewflow.quality.feature_frames import FEATURE_COLUMNS

    columns = REVIEW_COLUMNS if name == "reviews.yaml" else FEATURE_COLUMNS
    entries = read_suite(SUITES / name, columns).expectations
    for entry in entries:
        if entry.type == BETWEEN[6:]:
            beside = [other for other in entries if other.frame == entry.frame]
            assert any("not_be_null" in o.type and o.columns == entry.columns for o in beside)
            assert any("row_count" in other.type for other in beside)
