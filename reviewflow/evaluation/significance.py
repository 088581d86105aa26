"""Test counts against chance exactly, and correct for many tests.

counts ─ sign test, Fisher, McNemar ─▶ p        p of several tests ─ Holm ─▶ adjusted p

Nothing here imports SciPy. Counts that are means over seeds are rounded.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

NEGLIGIBLE = 1e-17  # of a sum, a term that no longer changes it


def sign_test(better: float, worse: float) -> float:
    """Return how often a fair coin gives so many of the better kind.

    Parameters
    ----------
    better, worse : rows on which one of two classifiers alone is right, and alone is wrong.

    Returns
    -------
    float
        P(X ≥ better), where X is binomial with ``better + worse`` trials of ½.
    """
    successes, trials = round(better), round(better) + round(worse)
    if 2 * successes <= trials:
        return 1.0  # at least ½, and never evidence
    logs = (
        math.lgamma(trials + 1)
        - math.lgamma(k + 1)
        - math.lgamma(trials - k + 1)
        - trials * math.log(2)
        for k in range(successes, trials + 1)
    )
    return _sum_of_falling(logs)


def mcnemar(only_first: int, only_second: int) -> float:
    """Return p of McNemar's exact test on two classifiers.

    Its hypothesis is that a fair coin decides each row that one of the two alone has right.

    Parameters
    ----------
    only_first, only_second : rows that the first, or the second, of two classifiers alone has
        right (McNemar, Psychometrika 12, 1947).

    Returns
    -------
    float
        Twice the chance of so few of the rarer kind, 1 at most.
    """
    rarer, other = sorted((only_first, only_second))
    return min(1.0, 2 * sign_test(other, rarer))


def fisher_test(both: float, first: float, second: float, rows: float) -> float:
    """Return how often two independent marks meet in so many rows.

    Parameters
    ----------
    both : rows that have both marks.
    first, second : rows that have the first mark, and the second.
    rows : all rows.

    Returns
    -------
    float
        P(X ≥ both), where X is hypergeometric (Fisher, The Design of Experiments, 1935).
    """
    marked, called, total = (round(value) for value in (first, second, rows))
    met = min(round(both), marked, called)
    if met * total <= marked * called:
        return 1.0  # no more than expected, and never evidence
    logs = (
        _log_choose(marked, k)
        + _log_choose(total - marked, called - k)
        - _log_choose(total, called)
        for k in range(met, min(marked, called) + 1)
        if called - k <= total - marked
    )
    return _sum_of_falling(logs)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p adjusted for the number of tests.

    Comparing each with 0.05 then errs in at most 5 % of such families of tests (Holm, Scandinavian
    Journal of Statistics 6, 1979).
    """
    order = sorted(range(len(p_values)), key=lambda position: p_values[position])
    adjusted, highest = [0.0] * len(p_values), 0.0
    for rank, position in enumerate(order):
        highest = max(highest, (len(p_values) - rank) * p_values[position])
        adjusted[position] = min(1.0, highest)
    return adjusted


def _log_choose(all_of: int, chosen: int) -> float:
    return math.lgamma(all_of + 1) - math.lgamma(chosen + 1) - math.lgamma(all_of - chosen + 1)


def _sum_of_falling(logs: Iterable[float]) -> float:
    """Return the sum of probabilities that fall, given as logarithms."""
    total = 0.0
    for log in logs:
        term = math.exp(log)
        total += term
        if term <= NEGLIGIBLE * total:
            break
    return min(1.0, total)
