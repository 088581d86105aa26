"""Reasons: what changed between two fingerprints, as data and in words."""

from typing import Any

import pytest

from reviewflow.pipeline.reasons import WORDS, Reason, differences, reason_text

BEFORE: dict[str, Any] = {
    "stage": "train",
    "settings": {"train": {"learning_rate": 0.01, "hidden": [512, 128]}},
    "files": {"reviews_suite": "aa"},
    "facts": {"rows": "r1"},
    "code": {"reviewflow.a": "11", "reviewflow.b": "22"},
    "packages": {"torch": "2.13.0"},
    "resources": {"wordnet": "ww"},
}
RATE = Reason("setting", "train.learning_rate", 0.01, 0.05)


@pytest.mark.parametrize(
    ("change", "reason", "words"),
    [
        (
            {"settings": {"train": {"learning_rate": 0.05, "hidden": [512, 128]}}},
            RATE,
            "train.learning_rate 0.01 → 0.05",
        ),
        (
            {"files": {"reviews_suite": "bb"}},
            Reason("file", "reviews_suite", "aa", "bb"),
            "reviews suite edited",
        ),
        ({"facts": {"rows": "r2"}}, Reason("fact", "rows", "r1", "r2"), "other rows"),
        (
            {"code": {"reviewflow.a": "12", "reviewflow.b": "22"}},
            Reason("code", "reviewflow.a", "11", "12"),
            "code changed: reviewflow.a",
        ),
        (
            {"code": {"reviewflow.a": "11"}},
            Reason("code", "reviewflow.b", "22", None),
            "code changed: reviewflow.b",
        ),
        (
            {"packages": {"torch": "2.14.0"}},
            Reason("package", "torch", "2.13.0", "2.14.0"),
            "torch 2.13.0 → 2.14.0",
        ),
        (
            {"resources": {"wordnet": "vv"}},
            Reason("resource", "wordnet", "ww", "vv"),
            "resource wordnet changed",
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_change_is_one_reason(change: dict[str, Any], reason: Reason, words: str) -> None:
    assert differences(BEFORE, {**BEFORE, **change}) == [reason]
    assert reason_text([reason]) == words


def test_nothing_changed_gives_no_reason() -> None:
    assert differences(BEFORE, dict(BEFORE)) == []
    assert reason_text([]) == ""


def test_settings_come_first_and_reasons_are_separated_by_semicolons() -> None:
    settings = {"train": {"learning_rate": 0.05, "hidden": [512, 128]}}
    now = {**BEFORE, "code": {}, "settings": settings}
    assert reason_text(differences(BEFORE, now)) == (
        "train.learning_rate 0.01 → 0.05; code changed: reviewflow.a, reviewflow.b"
    )


def test_an_entry_of_a_map_that_comes_or_goes_is_a_reason() -> None:
    without, added = ({**BEFORE, "settings": {"limits": x}} for x in ({}, {"min_rows": 5}))
    assert differences(without, without) == []
    assert differences(without, added) == [Reason("setting", "limits.min_rows", None, 5)]
    assert differences(added, without) == [Reason("setting", "limits.min_rows", 5, None)]
    assert reason_text(differences(added, without)) == "limits.min_rows 5 → null"
    assert differences(added, {**BEFORE, "settings": {"limit": {}}}) == []


def test_many_definitions_and_inputs_are_counted() -> None:
    code = [Reason("code", f"m.f{number}", "1", "2") for number in range(5)]
    assert reason_text(code) == "code changed: m.f0, m.f1, m.f2 and 2 more"
    inputs = [Reason("input", f"train[{name}]") for name in "abc"]
    assert reason_text(inputs) == "train[a] and 2 others gave other bytes"
    assert reason_text(inputs[:2]) == "train[a] and train[b] gave other bytes"


def test_every_kind_has_words() -> None:
    for kind in WORDS:
        assert reason_text([Reason(kind, "name", "old", "new")])
