"""Variants of two runs are matched by their settings, then by their names."""

from pathlib import Path
from typing import Any

import pytest

from reviewflow.jobs.variant_pairs import VariantPair, pair_variants
from reviewflow.runs.history import RunRecord

TRAIN = {"hidden": [8], "activation": "relu", "epochs": 1, "seed": 0, "repeats": 1}


def run(variants: dict[str, dict[str, Any]], **vectorize: Any) -> RunRecord:
    """A run whose variants have these changes."""
    entries = [
        {
            "name": name,
            "changes": changes,
            "params": TRAIN
            | {
                key.removeprefix("train."): value
                for key, value in changes.items()
                if key.startswith("train.")
            },
        }
        for name, changes in variants.items()
    ]
    config = {"train": TRAIN, "vectorize": {"max_features": 300, **vectorize}, "normalize": {}}
    return RunRecord("run", Path(), {"config": config, "variants": entries}, "completed", None, 0.0)


def names(pairs: list[VariantPair]) -> list[tuple[str | None, str | None]]:
    return [(pair.a and pair.a.name, pair.b and pair.b.name) for pair in pairs]


TANH = {"train.activation": "tanh"}
BIGRAMS = {"vectorize.ngram_range": [1, 2]}


def test_equal_settings_match_whatever_the_names() -> None:
    """Even where a name went to another variant."""
    pairs = pair_variants(
        run({"relu": {}, "tanh": TANH}), run({"tanh": {}, "hyperbolic": TANH, "bigrams": BIGRAMS})
    )
    assert names(pairs) == [("relu", "tanh"), ("tanh", "hyperbolic"), (None, "bigrams")]
    assert [pair.match for pair in pairs] == ["renamed", "renamed", "only in B"]
    assert [pair.changed_settings() for pair in pairs] == [[], [], []]


def test_a_default_that_is_written_out_is_the_same_setting() -> None:
    pairs = pair_variants(run({"relu": {}}), run({"plain": {"train.activation": "relu"}}))
    assert names(pairs) == [("relu", "plain")]


@pytest.mark.parametrize("name", ["seed", "repeats"])
def test_seeds_do_not_make_another_variant(name: str) -> None:
    pairs = pair_variants(run({"relu": {}}), run({"x": {f"train.{name}": 3}, "y": TANH}))
    assert names(pairs) == [("relu", "x"), (None, "y")]
    assert pairs[0].changed_settings() == [{"name": f"train.{name}", "a": TRAIN[name], "b": 3}]


def test_settings_of_the_texts_that_changed_for_all_do_not_hide_a_new_name() -> None:
    a = run({"relu": {}, "tanh": TANH, "few": {"vectorize.max_features": 300}})
    b = run({"hyperbolic": TANH, "relu": {}}, max_features=200)
    pairs = pair_variants(a, b)
    assert names(pairs) == [("tanh", "hyperbolic"), ("relu", "relu"), ("few", None)]
    changed = [{"name": "vectorize.max_features", "a": 300, "b": 200}]
    assert [pair.changed_settings() for pair in pairs] == [changed, changed, []]


def test_a_setting_of_a_newer_version_does_not_hide_a_new_name() -> None:
    a, b = run({"relu": {}, "tanh": TANH}), run({"rectified": {}, "x": {"vectorize.binary": True}})
    b.content["config"]["vectorize"]["binary"] = False
    assert names(pair_variants(a, b)) == [("relu", "rectified"), (None, "x"), ("tanh", None)]


def test_one_name_with_other_settings_is_a_pair_that_says_which() -> None:
    pairs = pair_variants(run({"net": {}, "old": BIGRAMS}), run({"net": {"train.epochs": 5}}))
    assert names(pairs) == [("net", "net"), ("old", None)]
    assert pairs[0].changed_settings() == [{"name": "train.epochs", "a": 1, "b": 5}]
    assert pairs[1].match == "only in A"


def test_of_equal_variants_those_of_one_name_belong_together() -> None:
    pairs = pair_variants(
        run({"one": {}, "two": {}, "three": {}}), run({"two": {}, "new": {}, "three": {}})
    )
    assert names(pairs) == [("two", "two"), ("one", "new"), ("three", "three")]


def test_a_run_of_another_form_has_no_variants() -> None:
    broken = RunRecord("run", Path(), {"config": 3, "variants": [{"name": 1}, 2]}, "x", None, 0.0)
    assert pair_variants(broken, broken) == []
    odd = {"config": [], "variants": [{"name": "x", "changes": {"ingest.path": "y"}}]}
    assert names(pair_variants(RunRecord("run", Path(), odd, "x", None, 0.0), broken)) == [
        ("x", None)
    ]
