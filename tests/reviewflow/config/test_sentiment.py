"""The sentiment job's configuration: shipped files, and what is computed once."""

import pickle
from pathlib import Path
from typing import Any

import pytest

from reviewflow.config.sections import Config
from reviewflow.config.sentiment import read_config, validate_config
from reviewflow.errors import ConfigError
from tests.conftest import ROOT

FILES = sorted(path for path in (ROOT / "configs").glob("*.yaml") if path.name != "moons.yaml")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_shipped_files_are_valid(path: Path) -> None:
    config = read_config(path)
    assert config.variant_configs
    assert Config.model_validate(config.model_dump(mode="json", by_alias=True)) == config


def test_variants_are_computed_once() -> None:
    config = read_config(FILES[0])
    assert config.variant_configs is config.variant_configs
    assert config.variant_changes is config.variant_changes
    assert config.sections is config.sections


def test_what_is_computed_once_is_no_part_of_the_configuration() -> None:
    config = Config(variants={"a": {}})
    assert config.variant_configs
    assert config.sections
    assert config == Config(variants={"a": {}})
    assert "variant_configs" not in config.model_dump()
    assert pickle.loads(pickle.dumps(config)) == config


@pytest.mark.parametrize(
    ("train", "sentence"),
    [
        (
            {"early_stopping": {"patienc": 3}},
            "job.yaml: train.early_stopping.patienc is not a known setting; "
            "did you mean 'patience'?",
        ),
        ({"hidden": 3}, "job.yaml: train.hidden: must be a list (given: '3')."),
        ({"hidden": {"a": 1}}, "job.yaml: train.hidden: must be a list."),
    ],
)
def test_a_mistake_is_told_once_in_words(train: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError) as refused:
        validate_config({"train": train}, "job.yaml")
    assert str(refused.value) == sentence


def test_a_wrong_variant_is_found_when_the_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "job.yaml"
    path.write_text("variants: {a: {train.epoch: 1}}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"Variant 'a': train\.epoch is not a known setting"):
        read_config(path)
