"""Expectations and their results in plain words."""

import pytest

from reviewflow.quality.describe import expectation_words, result_words, value


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
        ("expect_table_row_count_to_equal", {"value": 1}, "exactly 1 row"),
        ("expect_table_row_count_to_equal", {"value": 2}, "exactly 2 rows"),
        ("expect_column_values_to_not_be_null", {"column": "a"}, "a is filled in every row"),
        ("expect_column_mean_to_be_between", {"column": "a", "max_value": 1000},
         "mean of a at most 1,000"),
        ("expect_column_values_to_match_regex", {"column": "a", "regex": "x"},
         "column values to match regex (column a, regex x)"),
    ],
)  # fmt: skip
def test_expectations_are_described_in_words(
    type_: str, kwargs: dict[str, object], words: str
) -> None:
    assert expectation_words(type_, kwargs) == words


def test_results_are_described_in_words() -> None:
    assert result_words({"observed_value": 0.25}) == "0.25"
    assert result_words({"element_count": 0, "unexpected_count": 0}) == "no row to look at"
    assert value(1.0000001) == "1.0000001"
    assert value("\x1b[31mred") == "\\x1b[31mred"
