"""A flow run is started with a file or the form's sections; with both it is refused."""

import inspect
from pathlib import Path
from typing import Any

import pytest
from prefect.utilities.callables import parameter_schema
from prefect.utilities.schema_tools import validate
from pydantic import ValidationError

from flows.moons import moons
from flows.parameters import (
    FORM,
    PARAMETERS,
    SECTIONS,
    VARIANTS,
    Options,
    artifacts_place,
    choose_config,
    file_config,
    parse_variants,
    read_before,
)
from flows.sentiment import sentiment
from reviewflow.config.sections import Config, Train
from reviewflow.config.sentiment import read_config
from reviewflow.errors import ConfigError
from tests.conftest import ROOT
from tests.reviewflow.config.test_urls import GOOD, SECRET, WITH_SECRET

IMDB = ROOT / "configs" / "imdb.yaml"


def field(section: str) -> str:
    """What a section is called in the form."""
    return PARAMETERS.get(section, section)


def form(**filled_in: Any) -> dict[str, Any]:
    """The flow's parameters by name, with some of them filled in."""
    parameters = inspect.signature(sentiment.fn).parameters.values()
    return {each.name: each.default for each in parameters} | filled_in


def test_the_form_is_filled_in_with_the_default_configuration() -> None:
    name, config = choose_config(form())
    assert name == FORM
    assert config == read_config(IMDB)


def test_the_form_has_a_parameter_for_every_section() -> None:
    sections = Config.section_types()
    parameters = inspect.signature(sentiment.fn).parameters
    assert list(SECTIONS) == list(sections)
    assert set(parameters) == {"config", "variants", "options", *map(field, sections)}
    for name, section in sections.items():
        parameter = parameters[field(name)]
        assert parameter.annotation is section, name
        assert parameter.default == SECTIONS[name], name
    assert parameters["variants"].default == VARIANTS


def test_a_file_is_read_with_its_changes() -> None:
    options = Options(changes=("train.epochs=3",))
    name, config = choose_config(form(config=str(IMDB), options=options))
    assert name == "imdb"
    assert config.train.epochs == 3
    assert config.variants == read_config(IMDB).variants


def test_a_file_and_sections_are_refused_with_what_is_filled_in() -> None:
    filled_in = form(config=str(IMDB), train=Train(epochs=3), variants="relu: {}")
    with pytest.raises(ConfigError, match=r"imdb\.yaml.*other values in train, variants\."):
        choose_config(filled_in)


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_that_is_filled_in_counts(section: str) -> None:
    kind, key = Config.section_types()[section], next(iter(SECTIONS[section].model_dump()))
    changed = kind.model_construct(**{**dict(SECTIONS[section]), key: "other"})
    with pytest.raises(ConfigError, match=f"other values in {section}\\."):
        choose_config(form(config=str(IMDB), **{field(section): changed}))


def test_a_configuration_that_was_read_before_is_taken_as_it_is() -> None:
    given = Config(variants={"a": {}})
    with read_before(given):
        assert choose_config(form(config="gone.yaml")) == ("gone", given)
        assert file_config(read_config, "gone.yaml", ()) is given
    with pytest.raises(ConfigError, match=r"There is no configuration file gone\.yaml"):
        choose_config(form(config="gone.yaml"))


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
def test_text_that_is_not_a_table_of_variants_is_one_sentence(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        choose_config(form(variants=text))


def test_an_empty_text_has_no_variants() -> None:
    assert parse_variants("") == {}


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


@pytest.mark.parametrize(
    ("artifacts", "words"),
    [
        ("https://example.org/a", "must be a folder"),
        ("gopher://example.org/a", "must be a folder"),
        ("s3:/bucket/a", "two slashes"),
        ("s3://", "must name a bucket"),
        (f"s3://ann:{SECRET}@b/c", "without a user"),
    ],
)
def test_artifacts_at_a_wrong_url_are_refused(artifacts: str, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Options(artifacts=artifacts)


def test_artifacts_are_in_a_folder_with_or_without_storage_behind_it() -> None:
    assert artifacts_place("else/where") == (Path("else/where"), None)
    assert artifacts_place("s3://bucket") == (Path("artifacts"), "s3://bucket")


def test_the_moons_form_has_a_description_of_each_field() -> None:
    schema = parameter_schema(moons.fn).model_dump()
    assert {"config", "output", "options"} == set(schema["properties"])
    assert Path(schema["properties"]["config"]["default"]) == Path("configs/moons.yaml")


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """The form as Prefect's server checks it, before it stores anything of it."""
    return parameter_schema(sentiment.fn).model_dump_for_openapi()


@pytest.mark.parametrize("url", [WITH_SECRET[0], WITH_SECRET[10], WITH_SECRET[15], *GOOD[:2]])
def test_a_form_with_credentials_in_a_url_is_not_stored(url: str, schema: dict[str, Any]) -> None:
    is_bad = SECRET in url
    changes = [f"ingest.path={url}", f"ingest.test_path=[a.csv, {url}]"]
    for values in (
        {"ingest": {"path": url}},
        {"ingest": {"path": ["a.csv", url]}},
        {"ingest": {"test_path": url}},
        {"options": {"artifacts": url}},
        {"options": {"executor": f"tcp://ann:{SECRET}@h:1" if is_bad else "tcp://h:1"}},
        {"options": {"changes": changes[:1]}},
        {"options": {"changes": changes[1:]}},
    ):
        refused = validate(values, schema, raise_on_error=False, ignore_required=True)
        assert bool(refused) == is_bad
    for change in changes:
        if is_bad:
            with pytest.raises(ValidationError, match="must have no user, password") as caught:
                Options(changes=(change,))
            assert SECRET not in str(caught.value)
        else:
            assert Options(changes=(change,)).changes == (change,)
