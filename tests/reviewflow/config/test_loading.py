"""From a YAML file and ``--set`` to a model, or one sentence."""

from pathlib import Path
from typing import Any

import pytest

from reviewflow.config.loading import (
    SHOWN_MISTAKES,
    apply_changes,
    quote,
    read_content,
    read_yaml,
    set_value,
    validate_model,
)
from reviewflow.config.sections import Config, Ingest
from reviewflow.errors import ConfigError


def test_a_byte_order_mark_and_an_empty_file_are_read(tmp_path: Path) -> None:
    path = tmp_path / "job.yaml"
    path.write_bytes(b"\xef\xbb\xbftrain: {epochs: 2}\n")
    assert read_yaml(path) == {"train": {"epochs": 2}}
    path.write_bytes(b"")
    assert read_yaml(path) == {}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "There is no configuration file"),
        (b"- train\n", "must hold sections"),
        (b"\xff", "is not UTF-8 text"),
        (b"a: 1\na: 2\n", "twice, in line 1 and in line 2; rename or remove one."),
    ],
)
def test_a_file_that_cannot_be_used_is_one_sentence(
    content: bytes | None, words: str, tmp_path: Path
) -> None:
    path = tmp_path / "job.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=words) as caught:
        read_yaml(path)
    assert str(path) in str(caught.value)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a directory; name a YAML file"):
        read_yaml(tmp_path)


def test_changes_come_on_top_in_order(tmp_path: Path) -> None:
    path = tmp_path / "job.yaml"
    path.write_text("train: {epochs: 2, seed: 1}\n", encoding="utf-8")
    content = read_content(path, ("train.epochs=3", "train.epochs=4", "report.reference=null"))
    assert content == {"train": {"epochs": 4, "seed": 1}, "report": {"reference": None}}


def test_a_value_may_hold_what_looks_like_a_change() -> None:
    assert apply_changes({}, ("normalize.token_pattern=a.b=c",)) == {
        "normalize": {"token_pattern": "a.b=c"}
    }


def test_nothing_is_changed_in_place() -> None:
    content = {"train": {"epochs": 2}}
    assert set_value(content, "train.epochs", 3) == {"train": {"epochs": 3}}
    assert apply_changes(content, ("split.seed=1",)) == {
        "train": {"epochs": 2},
        "split": {"seed": 1},
    }
    assert content == {"train": {"epochs": 2}}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("epochs=3", "must look like section.key=value"),
        ("train.epochs", "must look like section.key=value"),
        ("train.hidden=[1", "the value is not valid YAML"),
        ("train.hidden=3", "train must be a section with keys, not '5'"),
    ],
)
def test_a_malformed_change_is_one_sentence(change: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        apply_changes({"train": 5}, (change,))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"trian": {}}, "Here: trian is not a known setting; did you mean 'train'?"),
        ({"Train": {}}, "Here: Train is not a known setting; did you mean 'train'?"),
        (
            {"validate": {"xyz": 1}},
            "Here: validate.xyz is not a known setting; known are reviews, features, limits.",
        ),
        ({"train": 3}, "Here: train: must be a section with keys (given: '3')."),
        (
            {"split": {"method": "column"}},
            "Here: split: column must name the split's column when method is 'column'.",
        ),
        (
            {"split": {"validation_size": 0}, "publish": {"name": "imdb"}},
            "Here: split.validation_size is 0, so there are no validation rows on which "
            "publish.name compares a model with the champion; raise it, or leave publish.name out.",
        ),
        ({"variants": {"a": 3}}, "Here: variants.a: must hold names with values (given: '3')."),
    ],
)
def test_a_mistake_is_one_sentence(content: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        validate_model(Config, content, "Here")
    assert str(caught.value) == sentence


def test_many_mistakes_are_counted() -> None:
    content = {f"zzzz{n}": n for n in range(SHOWN_MISTAKES + 3)}
    with pytest.raises(ConfigError, match=r"And 3 more of the kind\.$") as caught:
        validate_model(Ingest, content, "Here")
    assert str(caught.value).count("is not a known setting") == SHOWN_MISTAKES


def test_a_quoted_value_fits_a_line() -> None:
    assert quote(3) == "'3'"
    assert quote("x" * 80) == f"'{'x' * 80}'"
    assert quote("x" * 81) == f"'{'x' * 79}…'"


def test_a_limit_is_set_by_its_name_beside_those_of_the_file() -> None:
    content = {"validate": {"limits": {"min_rows": 5, "min_balance": 0.5}}}
    changed = apply_changes(
        content, ("validate.limits.min_rows=7", "validate.limits.max_blank_share=0.1")
    )
    limits = {"min_rows": 7, "min_balance": 0.5, "max_blank_share": 0.1}
    assert validate_model(Config, changed, "Here").validate_.limits == limits
    whole = apply_changes(content, ("validate.limits={min_rows: 8, max_blank_share: 1e-3}",))
    limits = {"min_rows": 8, "max_blank_share": 0.001}
    assert validate_model(Config, whole, "Here").validate_.limits == limits
    assert content["validate"]["limits"]["min_rows"] == 5


@pytest.mark.parametrize("value", ["five", "true", ".nan", ".inf", "[1]", "null", "{a: 1}"])
def test_a_limit_that_is_not_a_number_is_refused(value: str) -> None:
    changed = apply_changes({}, (f"validate.limits.min_rows={value}",))
    with pytest.raises(ConfigError, match=r"validate\.limits.+min_rows.+number"):
        validate_model(Config, changed, "Here")
