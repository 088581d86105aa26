"""Select the best variant: the best mean of a metric on some rows.

metrics of each variant ─ select.on, select.metric ─▶ the best variant, the model that stands for it
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from reviewflow.evaluation.metrics import metric_named

if TYPE_CHECKING:
    from reviewflow.config.sections import Select


def best_variant(variants: Sequence[Mapping[str, Any]], select: Select) -> dict[str, str] | None:
    """Return the best of run.json's variants, and how it was chosen.

    The keys are ``variant``, ``chosen_on`` and ``metric``. None if no variant has a score.
    """
    scores = [selection_score(variant.get("metrics") or {}, select) for variant in variants]
    number = best_variant_number(range(len(variants)), scores)
    if number is None:
        return None
    chosen = {"chosen_on": select.on, "metric": select.metric}
    return {"variant": variants[number]["name"], **chosen}


def selection_score(metrics: Mapping[str, Any], select: Select) -> float | None:
    """Return the figure by which a variant is chosen, higher being better.

    Parameters
    ----------
    metrics : content of ``metrics.json``, figures by split.
    """
    value = (metrics.get(select.on) or {}).get(select.metric)
    if value is None:
        return None
    return float(value) if metric_named(select.metric).higher_is_better else -float(value)


def best_variant_number(numbers: Sequence[int], scores: Sequence[float | None]) -> int | None:
    """Return the number of the variant whose mean score is highest.

    Parameters
    ----------
    numbers : of each trained model its variant's number, which seeds share.
    scores : of each model, as :func:`selection_score` returns it. None or NaN where there is
        none (a split with one class); a variant with such a model is skipped.

    Returns
    -------
    int or None
        The first of equally good variants in the order of their numbers. None if no variant has
        a score.
    """
    means = {number: _mean(numbers, scores, number) for number in sorted(set(numbers))}
    ranked = {number: mean for number, mean in means.items() if mean is not None}
    return max(ranked, key=lambda number: ranked[number]) if ranked else None


def typical_model(numbers: Sequence[int], scores: Sequence[float | None], number: int) -> int:
    """Return the position of the model nearest to its variant's mean score.

    It represents the variant ``number`` where several seeds were trained.
    """
    members = [position for position, own in enumerate(numbers) if own == number]
    mean = _mean(numbers, scores, number)
    if mean is None:
        return members[0]
    return min(members, key=lambda position: abs((scores[position] or 0.0) - mean))


def _mean(numbers: Sequence[int], scores: Sequence[float | None], number: int) -> float | None:
    own = [score for variant, score in zip(numbers, scores, strict=True) if variant == number]
    finite = [score for score in own if score is not None and math.isfinite(score)]
    return math.fsum(finite) / len(finite) if finite and len(finite) == len(own) else None
