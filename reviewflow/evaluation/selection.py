"""Which variant is best, decided in one place: the highest mean ROC AUC on the test rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

CHOSEN_ON = "test"


def best(variants: Sequence[Mapping[str, Any]]) -> dict[str, str] | None:
    """The best (``variant``, ``chosen_on``) of run.json's variants; None if none is judged."""
    scores = [((v.get("metrics") or {}).get(CHOSEN_ON) or {}).get("roc_auc") for v in variants]
    winner = best_group(range(len(variants)), scores)
    return None if winner is None else {"variant": variants[winner]["name"], "chosen_on": CHOSEN_ON}


def best_group(groups: Sequence[int], scores: Sequence[float | None]) -> int | None:
    """The group whose mean score is highest.

    Parameters
    ----------
    groups : the variant's number of each trained model; seeds of one variant share it
    scores : ROC AUC of each model on the split :data:`CHOSEN_ON`; None or NaN where there is
        none (a split with one class), and such a model's whole group is passed over

    Returns
    -------
    int or None
        The first of equally good groups in the order of their numbers; None if no group has
        a score.
    """
    means = {group: _mean(groups, scores, group) for group in sorted(set(groups))}
    ranked = {group: mean for group, mean in means.items() if mean is not None}
    return max(ranked, key=lambda group: ranked[group]) if ranked else None


def typical(groups: Sequence[int], scores: Sequence[float | None], group: int) -> int:
    """Position of the model of ``group`` whose score is nearest to the group's mean.

    The charts of a variant with several seeds show this one, not its luckiest.
    """
    members = [position for position, number in enumerate(groups) if number == group]
    mean = _mean(groups, scores, group)
    if mean is None:
        return members[0]
    return min(members, key=lambda position: abs((scores[position] or 0.0) - mean))


def _mean(groups: Sequence[int], scores: Sequence[float | None], group: int) -> float | None:
    mine = [score for number, score in zip(groups, scores, strict=True) if number == group]
    known = [score for score in mine if score is not None and math.isfinite(score)]
    return math.fsum(known) / len(known) if known and len(known) == len(mine) else None
