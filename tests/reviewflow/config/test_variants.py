"""Named variants and a grid's combinations."""

from typing import Any

import pytest

from reviewflow.config.sections import Config
from reviewflow.config.sentiment import validate_config
from reviewflow.config.variants import MOST_VARIANTS, VARIED_SECTIONS, apply_variant, list_variants
from reviewflow.errors import ConfigError


def test_without_variants_there_is_the_default() -> None:
    assert list_variants({}, {}) == {"default": {}}


def test_named_variants_come_before_the_grids_in_order() -> None:
    grid: dict[str, tuple[Any, ...]] = {"train.epochs": (1, 2), "vectorize.norm": ("l1", "l2")}
    assert list_variants({"tanh": {"train.activation": "tanh"}}, grid) == {
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
        list_variants(variants, grid)


def test_as_many_variants_as_are_allowed_need_no_grid() -> None:
    variants: dict[str, dict[str, Any]] = {f"v{n}": {} for n in range(MOST_VARIANTS)}
    assert len(list_variants(variants, {})) == MOST_VARIANTS
    with pytest.raises(ConfigError, match="make 1,001 variants, and 1,000 is the most"):
        list_variants({**variants, "one more": {}}, {})


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
