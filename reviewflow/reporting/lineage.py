"""Number the variants of a report, and name each model's artifacts."""

from collections.abc import Hashable, Sequence
from typing import NamedTuple


class Lineage(NamedTuple):
    """One trained model of a report.

    Attributes
    ----------
    variant : number of its variant, which several seeds share.
    tokens, vocabulary, features : positions of what it was made from among the sets of tokens, the
        vocabularies and the sets of features that the report reads; variants share them.
    """

    variant: int
    tokens: int
    vocabulary: int
    features: int


def variant_numbers(models: Sequence[Hashable]) -> tuple[int, ...]:
    """Return the number of each variant in charts and comparisons.

    Parameters
    ----------
    models : what identifies the trained model of each variant, in the configuration's order;
        variants with equal settings share a model and therefore a number.
    """
    numbers = {model: number for number, model in enumerate(dict.fromkeys(models))}
    return tuple(numbers[model] for model in models)
