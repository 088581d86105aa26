"""One table of sections: whoever lists them derives the list from the models' fields."""

import re
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from reviewflow.config.sections import (
    MOST_CLASSES,
    Config,
    JobConfig,
    Language,
    Normalize,
    Section,
    Train,
    Vectorize,
    check_threshold,
)
from reviewflow.config.sentiment import validate_config
from reviewflow.errors import ConfigError
from reviewflow.moons.config import MoonsConfig

JOBS: list[type[JobConfig]] = [Config, MoonsConfig]
SECTIONS = [(job, name, section) for job in JOBS for name, section in job.section_types().items()]
NAMES = [f"{job.__name__}.{name}" for job, name, _ in SECTIONS]


@pytest.mark.parametrize("job", JOBS)
def test_every_section_class_of_a_module_is_a_field(job: type[JobConfig]) -> None:
    defined = {
        section
        for section in Section.__subclasses__()
        if section.__module__ in {each.__module__ for each in job.section_types().values()}
    }
    sections = set(job.section_types().values())
    inner = {
        field.annotation
        for section in sections
        for field in section.model_fields.values()
        if field.annotation in defined
    }
    assert defined - {JobConfig} == sections | inner


@pytest.mark.parametrize(("job", "name", "section"), SECTIONS, ids=NAMES)
def test_a_section_is_found_by_its_name(
    job: type[JobConfig], name: str, section: type[Section]
) -> None:
    config = job()
    assert config.settings(name) == config.sections[name] == section()
    for key, value in section().model_dump().items():
        assert config.settings(f"{name}.{key}") == value


@pytest.mark.parametrize(("job", "name", "section"), SECTIONS, ids=NAMES)
def test_a_section_is_described_and_refuses_unknown_keys_and_changes(
    job: type[JobConfig], name: str, section: type[Section]
) -> None:
    assert section.__doc__
    assert section.__doc__ != Section.__doc__
    for key, field in section.model_fields.items():
        assert field.description, f"{name}.{key}"
        assert field.description[0].isupper()
        assert not field.description.endswith(".")
    with pytest.raises(ValidationError):
        job.model_validate({name: {"no_such_key": 1}})
    instance: Any = section()
    with pytest.raises(ValidationError):
        setattr(instance, next(iter(section.model_fields)), None)


def test_a_section_of_unknown_name_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        Config().settings("trian")
    with pytest.raises(KeyError):
        Config().settings("train.epoch")


@pytest.mark.parametrize(
    ("labels", "taken"),
    [
        ({0: 0, 1: 1}, {"0": 0, "1": 1}),
        ({True: 1, False: 0}, {"true": 1, "false": 0}),
    ],
)
def test_label_words_that_yaml_reads_as_values_are_text(
    labels: dict[Any, int], taken: dict[str, int]
) -> None:
    assert Config.model_validate({"ingest": {"labels": labels}}).ingest.labels == taken


@pytest.mark.parametrize(
    ("train", "words"),
    [
        ({"hidden": [], "dropout": 0.1}, "set dropout to 0"),
        ({"epochs": 2, "average_epochs": 3}, "average_epochs is 3 and epochs is 2"),
        ({"average_epochs": 2, "early_stopping": {}}, "leave one of them out"),
        ({"bias_rate": 0.1}, "bias_rate is for a model without hidden layers"),
        ({"bias_rate": 0, "hidden": [], "optimizer": "adam"}, "that SGD trains"),
        ({"learning_rate": 10, "weight_decay": 0.1}, "takes all weights away"),
        ({"dropout": 1}, "less than 1"),
        ({"term_scale_smoothing": 0}, "greater than 0"),
        ({"early_stopping": {"metric": "f1"}}, "'log_loss', 'roc_auc' or 'accuracy'"),
        ({"early_stopping": {"patients": 3}}, "patients"),
    ],
)
def test_settings_of_train_that_make_no_sense_are_refused(
    train: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValidationError, match=words):
        Config.model_validate({"train": train})


def test_adam_may_have_any_rate_and_decay() -> None:
    train = {"optimizer": "adam", "learning_rate": 10, "weight_decay": 0.1, "hidden": []}
    assert Config.model_validate({"train": train}).train.hidden == ()


def test_early_stopping_needs_validation_rows() -> None:
    content: dict[str, Any] = {"train": {"early_stopping": {}}}
    assert Config.model_validate(content).train.early_stopping is not None
    content |= {"split": {"validation_size": 0}, "select": {"on": "test"}}
    with pytest.raises(ValidationError, match=r"no validation rows for train\.early_stopping"):
        Config.model_validate(content)
    content["split"] = {"validation_size": 0, "method": "column", "column": "split"}
    assert Config.model_validate(content)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"select": {"threshold": 1.2}}, "must be best_f1, cost, or a number between 0 and 1"),
        ({"select": {"threshold": "f1"}}, "must be best_f1, cost"),
        ({"select": {"costs": {"false_positive": 0}}}, "greater than 0"),
        (
            {
                "select": {"threshold": "cost", "on": "test"},
                "split": {"validation_size": 0},
            },
            "select.threshold: cost is chosen on validation rows",
        ),
    ],
)
def test_thresholds_that_cannot_be_chosen(content: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Config.model_validate(content)
    fitting = Config.model_validate({"select": {"threshold": "cost"}})
    assert fitting.settings("select.costs") == {"false_positive": 1, "false_negative": 1}


def test_a_threshold_needs_two_classes() -> None:
    check_threshold(0.5, 3)
    check_threshold("best_f1", 2)
    with pytest.raises(ValueError, match=r"select.threshold: 0.3 needs two classes"):
        check_threshold(0.3, 3)


@given(st.permutations(range(5)), st.integers(2, 5))
def test_any_order_of_all_classes_is_taken(order: list[int], classes: int) -> None:
    labels = {f"word {number}": number % classes for number in order}
    assert Config.model_validate({"ingest": {"labels": labels}}).ingest.labels == labels


def test_words_that_yaml_reads_as_something_else_become_text() -> None:
    labels: dict[Any, int] = {3: 0, 2.5: 1, True: 2, "no": 2}
    found = Config.model_validate({"ingest": {"labels": labels}}).ingest.labels
    assert found == {"3": 0, "2.5": 1, "true": 2, "no": 2}


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ({"a": 0, "b": 2}, "no word means 1"),
        ({"a": 0}, "no word means 1"),
        ({"a": 1, "b": 2}, "no word means 0"),
        ({"a": 0, "b": "positive"}, "the class of 'b' must be a whole number from 0 to 99, not"),
        ({"a": 0, "b": True}, "the class of 'b' must be a whole number"),
        ({"a": 0, "b": -1}, "the class of 'b' must be a whole number"),
        ({"a": 0, "b": MOST_CLASSES}, "the class of 'b' must be a whole number"),
        ({}, "must be auto, or a map"),
        ("Auto", "must be auto, or a map"),
    ],
)
def test_another_map_is_one_sentence(labels: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=f"^Here: ingest.labels: {re.escape(words)}"):
        validate_config({"ingest": {"labels": labels}}, "Here")


@pytest.mark.parametrize(
    ("train", "rate"),
    [
        ({}, 0.25),
        ({"hidden": []}, 2),
        ({"hidden": [], "term_scale": "naive_bayes"}, 0.5),
        ({"optimizer": "adam"}, 0.003),
        ({"hidden": [], "optimizer": "adam", "term_scale": "naive_bayes"}, 0.01),
        ({"hidden": [], "learning_rate": 0.1}, 0.1),
    ],
)
def test_a_rate_that_is_not_given_suits_the_model(train: dict[str, Any], rate: float) -> None:
    config = Config.model_validate({"train": train})
    assert config.train.learning_rate == rate
    assert config.is_given("train.learning_rate") == ("learning_rate" in train)
    changed = {"variants": {"a": {f"train.{key}": value for key, value in train.items()}}}
    assert Config.model_validate(changed).variant_configs["a"].train == Train.model_validate(train)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (
            {"language": "german", "reduce": "lemma"},
            "for language: german set reduce to stem or none",
        ),
        ({"language": "other", "reduce": "lemma"}, "for language: other set reduce to none"),
        ({"language": "other", "reduce": "stem"}, "stem needs a language with stems"),
        ({"stop_words": "klingon"}, "must be none, a list of words, or one of english, arabic"),
        (
            {"stop_words": "german"},
            "for language: french set stop_words to french, none, or",
        ),
        ({"numbers": "words"}, "set numbers to keep or drop"),
        ({"contractions": "split"}, "set contractions to keep"),
    ],
)
def test_english_settings_are_refused_for_other_languages(
    settings: dict[str, str], words: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        Normalize.model_validate({"language": "french", "reduce": "none", **settings})
    assert words in str(caught.value)


def test_each_language_has_a_way_to_write_it() -> None:
    for language in get_args(Language):
        reduce = "none" if language == "other" else "stem"
        Normalize.model_validate({"language": language, "reduce": reduce, "stop_words": ["a"]})


def test_characters_have_no_skip_bigrams() -> None:
    with pytest.raises(ValidationError, match="with analyzer: char set it to false"):
        Vectorize.model_validate({"analyzer": "char", "skip_bigrams": True})
