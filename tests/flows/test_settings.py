"""What a flow run is started with: a file or the form's sections, and which wins (neither)."""

import inspect
from pathlib import Path
from typing import Any

import pytest
from prefect.utilities.callables import parameter_schema

from flows.moons import moons
from flows.parameters import DEFAULTS, FORM, VARIANTS, chosen_config, variant_table
from flows.sentiment import sentiment
from reviewflow.config.read import read_config
from reviewflow.config.sections import Train
from reviewflow.errors import ConfigError
from tests.conftest import ROOT

SECTIONS = {name: section for name, section in DEFAULTS.items() if name != "variants"}
IMDB = ROOT / "configs" / "imdb.yaml"


def field(section: str) -> str:
    """What a section is called in the form; ``validate`` is a method of pydantic's models."""
    return "checks" if section == "validate" else section


def test_the_form_is_filled_in_with_the_default_configuration() -> None:
    name, form = chosen_config(None, SECTIONS, VARIANTS, ())
    assert name == FORM
    assert form == read_config(IMDB)


def test_the_flows_own_defaults_are_the_forms() -> None:
    parameters = inspect.signature(sentiment.fn).parameters
    assert {name: parameters[field(name)].default for name in SECTIONS} == SECTIONS
    assert parameters["variants"].default == VARIANTS


def test_a_file_is_read_with_its_changes() -> None:
    name, config = chosen_config(str(IMDB), SECTIONS, VARIANTS, ("train.epochs=3",))
    assert name == "imdb"
    assert config.train.epochs == 3
    assert config.variants == read_config(IMDB).variants


def test_a_file_and_sections_are_refused_with_what_is_filled_in() -> None:
    filled_in = {**SECTIONS, "train": Train(epochs=3)}
    with pytest.raises(ConfigError, match=r"imdb\.yaml.*other values in train, variants\."):
        chosen_config(str(IMDB), filled_in, "relu: {}", ())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- relu", "must be a table"),
        ("relu", "must be a table"),
        ("relu: 3", "must be a table"),
        ("relu: {", "a line a variant"),
        ("relu: {ingest.path: x}", "a variant may change"),
        ("relu: {train.activatoin: tanh}", "did you mean 'activation'"),
    ],
)
def test_variants_that_are_no_table_are_one_sentence(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        chosen_config(None, SECTIONS, text, ())


def test_no_variants_are_one() -> None:
    assert variant_table("") == {}


def section_of(schema: dict[str, Any], name: str) -> dict[str, Any]:
    """The properties of a section in a deployment's form."""
    found = schema["properties"][field(name)]
    reference = found.get("$ref") or found["allOf"][0]["$ref"]
    properties: dict[str, Any] = schema["definitions"][reference.rpartition("/")[2]]["properties"]
    return properties


def test_the_form_shows_every_setting_with_description_bounds_and_default() -> None:
    schema = parameter_schema(sentiment.fn).model_dump()
    assert list(schema["properties"]) == list(inspect.signature(sentiment.fn).parameters)
    for name in SECTIONS:
        for setting, shown in section_of(schema, name).items():
            assert shown["description"], f"{name}.{setting}"
            assert "default" in shown, f"{name}.{setting}"
    rate = section_of(schema, "train")["learning_rate"]
    assert (rate["exclusiveMinimum"], rate["maximum"]) == (0, 1000)
    assert section_of(schema, "normalize")["reduce"]["enum"] == ["none", "stem", "lemma"]
    assert schema["properties"]["train"]["default"]["epochs"] == 20
    assert schema["properties"]["config"]["description"]


def test_the_moons_form_has_a_description_of_each_field() -> None:
    schema = parameter_schema(moons.fn).model_dump()
    assert {"config", "output", "options"} == set(schema["properties"])
    assert Path(schema["properties"]["config"]["default"]) == Path("configs/moons.yaml")
