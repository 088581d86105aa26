"""Find variants that differ in one setting alone.

settings of each variant ─▶ factors: sets of variants that are equal in all other settings

Only such variants show what a setting does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reviewflow.networks.activations import find_activation

# Settings that change results only by chance, or not at all.
IGNORED_SETTINGS = ("train.seed", "train.repeats", "train.device", "train.log_every")

FACTOR_TITLES = {
    "variant": "Variant",
    "train.learning_rate": "Learning rate",
    "train.activation": "Activation",
    "train.batch_size": "Batch size",
    "train.init": "Initial weights",
    "train.hidden": "Hidden layers",
    "normalize.reduce": "Reduction",
    "normalize.stop_words": "Stop words",
    "normalize.numbers": "Numbers",
    "vectorize.max_features": "Number of features",
    "vectorize.ngram_range": "N-grams",
}
VALUE_TITLES = {
    ("train.init", "default"): "PyTorch's default",
    ("train.init", "xavier"): "Xavier",
    ("train.init", "he"): "He",
    ("normalize.reduce", "none"): "words as written",
    ("normalize.reduce", "stem"): "stems",
    ("normalize.reduce", "lemma"): "lemmas",
    ("normalize.stop_words", "none"): "keeping them",
    ("normalize.numbers", "keep"): "keeping them",
    ("normalize.numbers", "drop"): "dropping them",
    ("normalize.numbers", "words"): "spelling them out",
}
LONGER_GRAMS = ("pairs", "triples", "runs of four", "runs of five")


@dataclass(frozen=True)
class Factor:
    """A setting, and variants that differ in it alone.

    Attributes
    ----------
    name : full name of the setting, such as ``train.learning_rate``.
    values : the setting's value in each of the variants.
    variants : positions of the variants, one a value.
    """

    name: str
    values: tuple[Any, ...]
    variants: tuple[int, ...]


def find_factors(settings: Sequence[Mapping[str, Any]]) -> list[Factor]:
    """Return the sets of variants that differ in one setting alone.

    Parameters
    ----------
    settings : each variant's settings by full name, as JSON values. Of variants that are equal in
        everything only the first counts.
    """
    counted = [{k: v for k, v in one.items() if k not in IGNORED_SETTINGS} for one in settings]
    factors = []
    for name in dict.fromkeys(key for one in counted for key in one):
        by_others: dict[str, dict[str, int]] = {}
        for position, one in enumerate(counted):
            others = {key: value for key, value in one.items() if key != name}
            by_value = by_others.setdefault(_text(others), {})
            by_value.setdefault(_text(one.get(name)), position)
        for by_value in by_others.values():
            if len(by_value) > 1:
                positions = tuple(by_value.values())
                values = tuple(counted[position].get(name) for position in positions)
                factors.append(Factor(name, values, positions))
    return factors


def factor_title(name: str) -> str:
    """Return what people call a setting: ``Learning rate``."""
    plain = name.partition(".")[2].replace("_", " ")
    return FACTOR_TITLES.get(name, plain[:1].upper() + plain[1:])


def value_title(name: str, value: Any, analyzer: str = "word") -> str:
    """Return what people call a setting's value.

    Parameters
    ----------
    analyzer : what the terms are made of, word or char.
    """
    if name == "train.activation":
        return find_activation(value).title
    if isinstance(value, str) and (name, value) in VALUE_TITLES:
        return VALUE_TITLES[name, value]
    if name == "vectorize.ngram_range":
        one = "single characters" if analyzer == "char" else "single words"
        grams = (one, *LONGER_GRAMS)[value[0] - 1 : value[1]]
        return " and ".join([", ".join(grams[:-1]), grams[-1]] if len(grams) > 1 else grams)
    if name == "train.hidden":
        return "-".join(str(units) for units in value) or "none"
    if name == "normalize.stop_words":
        return f"dropping {len(value)} of them" if isinstance(value, list) else "dropping them"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
