"""Describe an expectation and its result in plain words."""

import re
from collections.abc import Mapping
from typing import Any

from reviewflow.errors import escape

STATISTICS = {
    "expect_column_max_to_be_between": "largest",
    "expect_column_mean_to_be_between": "mean of",
    "expect_column_median_to_be_between": "median of",
    "expect_column_min_to_be_between": "smallest",
    "expect_column_stdev_to_be_between": "standard deviation of",
    "expect_column_sum_to_be_between": "sum of",
    "expect_column_unique_value_count_to_be_between": "number of distinct values of",
    "expect_column_proportion_of_unique_values_to_be_between": "share of distinct values of",
    "expect_column_proportion_of_non_null_values_to_be_between": "share of filled values of",
}


def expectation_words(type_: str, kwargs: Mapping[str, Any]) -> str:
    """Return what is expected: ``blank false in at least 95 % of the rows``."""
    column = str(kwargs.get("column", ""))
    mostly = kwargs.get("mostly", 1)
    rows = "every row" if mostly == 1 else f"at least {share(mostly)} of the rows"
    if type_ == "expect_column_values_to_be_between":
        sentence = f"{column} {limits(kwargs)} in {rows}"
    elif type_ == "expect_column_values_to_be_in_set":
        allowed = kwargs.get("value_set") or []
        sentence = f"{column} {words(allowed, 'or')} in {rows}"
    elif type_ == "expect_column_values_to_not_be_null":
        sentence = f"{column} is filled in {rows}"
    elif type_ == "expect_table_row_count_to_be_between":
        sentence = f"number of rows {limits(kwargs)}"
    elif type_ == "expect_table_row_count_to_equal":
        count = kwargs.get("value")
        sentence = f"exactly {value(count)} {'row' if count == 1 else 'rows'}"
    elif type_ in STATISTICS:
        sentence = f"{STATISTICS[type_]} {column} {limits(kwargs)}"
    else:
        sentence = _generic(type_, kwargs)
    condition = kwargs.get("row_condition")
    return f"{sentence} where {value(condition)}" if condition else sentence


def result_words(result: Mapping[str, Any]) -> str:
    """Return the result: ``3 of 25,000 values (0.012 %) fail: 1.5, -0.1``.

    Parameters
    ----------
    result : the ``result`` of one expectation, as ``to_json_dict`` returns it.
    """
    if "unexpected_count" in result:
        checked = result["element_count"] - result.get("missing_count", 0)
        unexpected = result["unexpected_count"]
        if not checked:
            return "no row to look at"
        if not unexpected:
            return f"all of {checked:,} values"
        if checked == 1:
            return ", ".join(value(one) for one in result["partial_unexpected_list"])
        values = list(dict.fromkeys(value(one) for one in result["partial_unexpected_list"]))
        examples = f": {', '.join(values[:3])}{', …' if len(values) > 3 else ''}"
        percent = share(unexpected / checked)
        return f"{unexpected:,} of {checked:,} values ({percent}) fail{examples}"
    return value(result["observed_value"]) if "observed_value" in result else ""


def limits(kwargs: Mapping[str, Any]) -> str:
    """Return limits in words: ``between 0 and 1``, ``at least 20``."""
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    above = "above" if kwargs.get("strict_min") else "at least"
    below = "below" if kwargs.get("strict_max") else "at most"
    if low is None:
        return f"{below} {value(high)}"
    if high is None:
        return f"{above} {value(low)}"
    if low == high:
        return f"exactly {value(low)}"
    if kwargs.get("strict_min") or kwargs.get("strict_max"):
        return f"{above} {value(low)} and {below} {value(high)}"
    return f"between {value(low)} and {value(high)}"


def words(values: list[Any], last: str) -> str:
    """Return a list as a person writes it: ``0, 1 or 2``."""
    listed = [value(one) for one in values]
    return f" {last} ".join(filter(None, [", ".join(listed[:-1]), *listed[-1:]]))


def value(given: Any) -> str:
    """Return a value as a person writes it.

    1.0000001 is not 1 and keeps its digits.
    """
    if given is None:
        return "missing"
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, int):
        return f"{given:,}"
    if isinstance(given, float):
        if given.is_integer():
            return f"{given:,.0f}"
        short = f"{given:.6g}"
        return f"{given:.9g}" if float(short).is_integer() else short
    if isinstance(given, list):
        return f"[{', '.join(value(one) for one in given[:5])}{', …' if len(given) > 5 else ''}]"
    if isinstance(given, dict):
        return ", ".join(f"{key} {value(one)}" for key, one in sorted(given.items(), key=str)[:5])
    return escape(str(given))[:120]


def share(part: float) -> str:
    """Return a share as per cent: ``0.384 %``."""
    return f"{100 * part:.3g} %"


def _generic(type_: str, kwargs: Mapping[str, Any]) -> str:
    """Return the name of the expectation in words, and its sorted arguments."""
    name = re.sub("^expect_", "", type_).replace("_", " ")
    given = {key: one for key, one in sorted(kwargs.items()) if key != "row_condition"}
    listed = ", ".join(f"{key} {value(one)}" for key, one in given.items())
    return f"{name} ({listed})" if listed else name
