"""Limits: named in a suite, changed by the configuration, refused where they make no sense."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewflow.errors import ConfigError
from reviewflow.quality.feature_frames import FEATURE_COLUMNS
from reviewflow.quality.limits import Limit, check_limit_names
from reviewflow.quality.review_frames import REVIEW_COLUMNS
from reviewflow.quality.suites import read_suite, with_limits
from tests.reviewflow.quality.conftest import SUITES
from tests.reviewflow.quality.test_suites import BETWEEN, one, suite_file

SHIPPED = (SUITES / "reviews.yaml", SUITES / "features.yaml")
NAMED = "meta: {limit: shortest}"


@pytest.mark.parametrize(
    ("entry", "limit"),
    [
        ("{column: characters, min_value: 1}, " + NAMED, Limit("shortest", "min_value", 1)),
        (
            "{column: characters, min_value: 1, max_value: 9}, "
            "meta: {limit: {name: longest, argument: max_value}}",
            Limit("longest", "max_value", 9),
        ),
        (
            "{column: characters, min_value: 1, mostly: 0.9}, "
            "meta: {limit: {name: max_odd_share, argument: 1 - mostly}}",
            Limit("max_odd_share", "1 - mostly", 0.1),
        ),
        (
            "{column: characters, min_value: 1}, "
            "meta: {limit: {name: max_odd_share, argument: 1 - mostly}}",
            Limit("max_odd_share", "1 - mostly", 0),
        ),
    ],
)
def test_a_limit_stands_for_one_argument(tmp_path: Path, entry: str, limit: Limit) -> None:
    suite = read_suite(suite_file(tmp_path, one(f"{BETWEEN}, kwargs: {entry}")), REVIEW_COLUMNS)
    assert suite.expectations[0].limit == limit


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("min_value: 1, max_value: 9}, meta: {limit: length", "kwargs has min_value and max_value"),
        ("min_value: 1, mostly: 0.5}, meta: {limit: length", "kwargs has min_value and mostly"),
        ("min_value: 1}, meta: {limit: {name: a, argument: mostly}", "mostly, which is not a num"),
        ("min_value: 1}, meta: {limit: {name: a, argument: [1]}", "which is not a number"),
        ("min_value: 1}, meta: {limit: {argument: min_value}", "limit must be a name, or like"),
        ("min_value: 1}, meta: {limit: {name: a, by: 2}", "limit must be a name, or like"),
        ("min_value: 1}, meta: {limit: 3", "limit must be a name, or like"),
        ("min_value: 1}, meta: {limit: Least.Length", "in small letters, such as min_rows"),
        ("min_value: 1}, meta: {limt: a", "did you mean 'limit'?"),
    ],
)
def test_an_unclear_limit_is_refused(tmp_path: Path, entry: str, words: str) -> None:
    path = suite_file(tmp_path, one(f"{BETWEEN}, kwargs: {{column: characters, {entry}}}"))
    with pytest.raises(ConfigError) as refusal:
        read_suite(path, REVIEW_COLUMNS)
    assert words in str(refusal.value)
    assert str(path) in str(refusal.value)


@pytest.mark.parametrize("column", ["minimum", "maximum"])
def test_the_range_of_the_features_cannot_have_a_limit(tmp_path: Path, column: str) -> None:
    bounds = f"kwargs: {{column: {column}, min_value: 0}}"
    path = suite_file(tmp_path, one(f"{BETWEEN}, {bounds}, meta: {{frame: features, limit: low}}"))
    with pytest.raises(ConfigError, match="the range of the features has no limit to change"):
        read_suite(path, FEATURE_COLUMNS)


def test_an_unknown_name_is_refused_with_the_nearest_one_and_the_list() -> None:
    with pytest.raises(ConfigError) as refusal:
        check_limit_names({"min_rows": 3, "max_duplicates_share": 0.3}, SHIPPED)
    message = str(refusal.value)
    assert message.startswith("validate.limits.max_duplicates_share is not a limit of ")
    assert "did you mean 'max_duplicate_share'? Known are max_blank_share, " in message
    assert "warn_odd_length_share." in message
    assert "features.yaml" in message


def test_suites_that_cannot_be_read_have_no_names(tmp_path: Path) -> None:
    broken = [suite_file(tmp_path, text) for text in ("expectations: 3", "- 1")]
    check_limit_names({}, (tmp_path / "none.yaml",))
    for path in (tmp_path / "none.yaml", *broken):
        with pytest.raises(ConfigError, match="known are none: name some by meta"):
            check_limit_names({"min_rows": 3}, (path,))


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"max_duplicate_share": 15.0}, "must be a share from 0 to 1; 0.05 means 5 %"),
        ({"max_blank_share": -0.1}, "must be a share from 0 to 1"),
        ({"min_rows": 2.5}, "must be a whole number, as 20 is"),
        ({"min_rows_per_class": 0.5}, "must be a whole number, as 5 is"),
        ({"min_rows": -3.0}, "min_rows: -3 must not be negative"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused(limits: dict[str, float], words: str) -> None:
    suite = read_suite(SHIPPED[0], REVIEW_COLUMNS)
    with pytest.raises(ConfigError) as refusal:
        with_limits(suite, limits)
    assert words in str(refusal.value)
    assert f"validate.limits.{next(iter(limits))}" in str(refusal.value)


def test_limits_in_the_wrong_order_are_refused(tmp_path: Path) -> None:
    entry = "kwargs: {column: characters, min_value: 1, max_value: 9}"
    meta = "meta: {limit: {name: shortest, argument: min_value}}"
    suite = read_suite(suite_file(tmp_path, one(f"{BETWEEN}, {entry}, {meta}")), REVIEW_COLUMNS)
    with pytest.raises(ConfigError, match=r"validate\.limits\.shortest: 10: min_value 10 is above"):
        with_limits(suite, {"shortest": 10.0})


def limits_of(name: str) -> dict[str, float]:
    columns = REVIEW_COLUMNS if name == "reviews" else FEATURE_COLUMNS
    named = [entry.limit for entry in read_suite(SUITES / f"{name}.yaml", columns).expectations]
    return {limit.name: limit.value for limit in named if limit}


@given(st.floats(0, 1), st.sampled_from(["reviews", "features"]))
def test_a_changed_limit_is_read_back_as_it_was_given(value: float, name: str) -> None:
    columns = REVIEW_COLUMNS if name == "reviews" else FEATURE_COLUMNS
    given = {
        limit: value if limit.endswith("_share") or limit == "min_balance" else float(round(value))
        for limit in limits_of(name)
    }
    suite = read_suite(SUITES / f"{name}.yaml", columns)
    changed = with_limits(suite, given)
    for before, after in zip(suite.expectations, changed.expectations, strict=True):
        if before.limit is None:
            assert after == before
            continue
        assert after.limit is not None
        assert after.limit.value == given[before.limit.name]
        differing = {
            key: given for key, given in after.kwargs.items() if given != before.kwargs.get(key)
        }
        assert set(differing) <= {before.limit.argument.rpartition(" ")[2]}
        for key, number in differing.items():
            wanted = after.limit.value
            assert number == pytest.approx(1 - wanted if key == "mostly" else wanted, abs=1e-12)
    assert with_limits(suite, {}) == with_limits(suite, {"unknown": 1.0}) == suite


def test_shared_names_have_one_value() -> None:
    reviews, features = limits_of("reviews"), limits_of("features")
    shared = reviews.keys() & features.keys()
    assert shared == {"min_balance", "min_rows_per_class"}
    assert {name: reviews[name] for name in shared} == {name: features[name] for name in shared}
