"""`reviewflow settings`: all of them, a section, one, or JSON."""

import json

import pytest

from tests.flows.commands.invoke import assert_plain, reviewflow


def test_all_settings_are_listed_by_section() -> None:
    text = reviewflow("settings").stdout
    assert "train: The network and how it is trained." in text
    assert "split.test_size" in text
    assert "select.costs.false_negative" in text


@pytest.mark.parametrize(("name", "others"), [("train", 20), ("train.epochs", 0)])
def test_a_section_or_a_setting_is_chosen(name: str, others: int) -> None:
    listed = json.loads(reviewflow("settings", name, "--json").stdout)
    assert len(listed) > others
    assert {each["section"] for each in listed} == {"train"}
    assert set(listed[0]) == {"name", "section", "default", "values", "description"}


def test_an_unknown_one_is_a_sentence() -> None:
    sentence = assert_plain(reviewflow("settings", "train.epoch"), 2)
    assert "did you mean train.epochs?" in sentence
