"""Named variants, and all or some of a grid's combinations."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewflow.config.loading import apply_changes
from reviewflow.config.sections import Config, Ingest, Train
from reviewflow.config.sentiment import validate_config
from reviewflow.config.variants import (
    DEFAULT_VARIANTS,
    MOST_VARIANTS,
    VARIED_SECTIONS,
    Range,
    Search,
    apply_variant,
    list_variants,
)
from reviewflow.errors import ConfigError


def test_a_model_that_is_described_is_the_default() -> None:
    assert list_variants({}, {}, Search()) == {"default": {}}
    assert list(Config(train=Train(epochs=3)).variant_configs) == ["default"]
    changed = validate_config(apply_changes({}, ("train.epochs=3",)), "here")
    assert list(changed.variant_configs) == ["default"]


def test_without_a_model_there_are_the_default_variants() -> None:
    config = Config(ingest=Ingest(path="mine.csv"))
    assert list(config.variant_changes) == list(DEFAULT_VARIANTS)
    trains = {name: each.train for name, each in config.variant_configs.items()}
    assert trains["linear"].hidden == trains["naive bayes"].hidden == ()
    assert trains["naive bayes"].term_scale == "naive_bayes"
    assert trains["network"] == Train()
    assert list(Config(grid={"train.seed": (1, 2)}).variant_configs) == ["seed 1", "seed 2"]


def test_named_variants_come_before_the_grids_in_order() -> None:
    grid: dict[str, tuple[Any, ...]] = {"train.epochs": (1, 2), "vectorize.norm": ("l1", "l2")}
    assert list_variants({"tanh": {"train.activation": "tanh"}}, grid, Search()) == {
        "tanh": {"train.activation": "tanh"},
        "epochs 1, norm l1": {"train.epochs": 1, "vectorize.norm": "l1"},
        "epochs 1, norm l2": {"train.epochs": 1, "vectorize.norm": "l2"},
        "epochs 2, norm l1": {"train.epochs": 2, "vectorize.norm": "l1"},
        "epochs 2, norm l2": {"train.epochs": 2, "vectorize.norm": "l2"},
    }


@pytest.mark.parametrize(
    ("variants", "grid", "words"),
    [
        ({}, {"train.epochs": ()}, "'train.epochs' lists no values"),
        ({}, {"train.epochs": (1, 2, 1)}, "'train.epochs' lists '1' twice"),
        ({}, {"train.seed": tuple(range(MOST_VARIANTS))}, "make 1,000 variants"),
        ({"epochs 1": {}}, {"train.epochs": (1,)}, "Two variants are called 'epochs 1'"),
    ],
)
def test_an_unusable_grid_is_one_sentence(
    variants: dict[str, dict[str, Any]], grid: dict[str, tuple[Any, ...]], words: str
) -> None:
    if words.startswith("make"):
        variants = {"one more": {}}
        words = "make 1,001 variants, and 1,000 is the most"
    with pytest.raises(ConfigError, match=words):
        list_variants(variants, grid, Search())


def test_as_many_variants_as_are_allowed_need_no_grid() -> None:
    variants: dict[str, dict[str, Any]] = {f"v{n}": {} for n in range(MOST_VARIANTS)}
    assert len(list_variants(variants, {}, Search())) == MOST_VARIANTS
    with pytest.raises(ConfigError, match="make 1,001 variants, and 1,000 is the most"):
        list_variants({**variants, "one more": {}}, {}, Search())


def test_a_variant_changes_a_copy() -> None:
    content = {"train": {"epochs": 2, "seed": 1}}
    assert apply_variant(content, "long", {"train.epochs": 9}) == {
        "train": {"epochs": 9, "seed": 1}
    }
    assert content == {"train": {"epochs": 2, "seed": 1}}


@pytest.mark.parametrize("key", ["ingest.path", "train", "epochs", "variants.a", ""])
def test_a_variant_may_change_some_sections_only(key: str) -> None:
    with pytest.raises(ConfigError, match=r"Variant 'a' changes .*normalize\.…, vectorize\.…"):
        apply_variant({}, "a", {key: 1})


def test_the_sections_that_a_variant_may_change_exist() -> None:
    assert set(VARIED_SECTIONS) <= set(Config.section_types())


def test_each_variant_is_a_whole_configuration() -> None:
    config = validate_config(
        {
            "train": {"epochs": 3},
            "variants": {"plain": {}, "stems": {"normalize.reduce": "stem"}},
            "grid": {"train.seed": [5]},
        },
        "Here",
    )
    assert list(config.variant_configs) == ["plain", "stems", "seed 5"]
    assert config.variant_changes["stems"] == {"normalize.reduce": "stem"}
    plain, stems, seeded = config.variant_configs.values()
    assert (plain.train, plain.normalize) == (config.train, config.normalize)
    assert stems.normalize.reduce == "stem"
    assert (seeded.train.seed, seeded.train.epochs) == (5, 3)
    assert plain.variants == plain.grid == {}


def test_a_bad_value_of_a_variant_names_it() -> None:
    with pytest.raises(ConfigError, match=r"^Variant 'deep': train\.hidden\.0: "):
        validate_config({"variants": {"deep": {"train.hidden": [0]}}}, "Here")


GRID = {
    "train.learning_rate": {"low": 0.001, "high": 1, "scale": "log"},
    "train.batch_size": {"low": 4, "high": 64},
    "train.hidden": [[8], [16, 4]],
    "train.dropped": ["a", "b", "c"],
}


def drawn(search: Search) -> list[dict[str, Any]]:
    grid = Config.model_validate({"grid": GRID}).grid
    return list(list_variants({}, grid, search).values())


@given(st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_a_search_draws_different_values_from_lists_and_ranges(count: int, seed: int) -> None:
    found = drawn(Search(random=count, seed=seed))
    assert len(found) == count == len({str(changes) for changes in found})
    assert found == drawn(Search(random=count, seed=seed))
    for changes in found:
        assert 0.001 <= changes["train.learning_rate"] <= 1
        assert 4 <= changes["train.batch_size"] <= 64
        assert isinstance(changes["train.batch_size"], int)
        assert changes["train.hidden"] in ((8,), (16, 4))


def test_a_search_of_more_draws_begins_with_the_same_ones() -> None:
    assert drawn(Search(random=9, seed=1))[:4] == drawn(Search(random=4, seed=1))
    assert drawn(Search(random=9, seed=1)) != drawn(Search(random=9, seed=2))


def test_logarithms_are_drawn_evenly() -> None:
    rates = [changes["train.learning_rate"] for changes in drawn(Search(random=900))]
    assert abs(sum(rate < 0.0316 for rate in rates) / 900 - 0.5) < 0.07  # four deviations


def test_a_search_of_lists_ends_with_all_combinations() -> None:
    grid = {"train.epochs": (1, 2), "vectorize.norm": ("l1", "l2")}
    every = list_variants({}, grid, Search())
    assert sorted(list_variants({}, grid, Search(random=50))) == sorted(every)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"search": {"random": 3}}, "search: draws from grid:, which is empty"),
        ({"grid": {"train.epochs": {"low": 1, "high": 9}}}, "is a range, from which only a search"),
        ({"grid": {"train.epochs": {"low": 9, "high": 1}}}, "low is 9 and high is 1"),
        ({"grid": {"a.b": {"low": 0, "high": 1, "scale": "log"}}}, "low must be above 0"),
        ({"grid": {"a.b": {"low": 0, "hihg": 1}}}, r"grid\.a\.b\.range\.hihg is not known"),
    ],
)
def test_an_unusable_search_is_one_sentence(content: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        validate_config(content, "Here")


def test_a_range_of_whole_numbers_gives_them_whatever_their_digits() -> None:
    assert Range(low=1000, high=9999).value_at(0.1234) == 2110
    assert Range(low=0.5, high=9999).value_at(0.1234) == 1230
