"""Measure how much of a difference chance explains.

labels, scores ─ bootstrap ─▶ figures of each resample ─┬─▶ interval over test rows
figures of each seed ─ spread ──────────────────────────┴─▶ interval over rows and seeds
right, wrong ─ McNemar ─▶ p
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import variance
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95  # of every interval
RESAMPLES = 1000  # the ends of a 95 % interval then vary by some hundredths of its width
RESAMPLES_AT_ONCE = 50
BOOTSTRAP_SEED = 0

Figures = NDArray[np.float64]


class Interval(NamedTuple):
    """Lower and upper end of a 95 % interval."""

    low: float
    high: float


@dataclass(frozen=True)
class Ranking:
    """The ranks of P positive rows among Q negative ones.

    Attributes
    ----------
    positive : int64, shape (P,), the positive rows.
    negative : int64, shape (Q,), the negative rows, from the lowest score to the highest.
    below, not_above : int64, shape (P,); how many negative rows score lower than each positive
        row, and how many score no higher.
    """

    positive: NDArray[np.int64]
    negative: NDArray[np.int64]
    below: NDArray[np.int64]
    not_above: NDArray[np.int64]


def rank_scores(labels: NDArray[np.int8], scores: NDArray[np.float32]) -> Ranking:
    """Return the ranks, sorted once so that every resample only has to count."""
    positive, negative = np.flatnonzero(labels == 1), np.flatnonzero(labels != 1)
    negative = negative[np.argsort(scores[negative], kind="stable")]
    ranked = scores[negative]
    return Ranking(
        positive,
        negative,
        np.searchsorted(ranked, scores[positive], "left"),
        np.searchsorted(ranked, scores[positive], "right"),
    )


def weighted_roc_auc(ranked: Ranking, weights: Figures) -> Figures:
    """Return the ROC AUC of B resamples at once.

    Parameters
    ----------
    weights : float64, shape (B, N), how often each resample holds each row.

    Returns
    -------
    NDArray
        Shape (B,): the share of (positive, negative) pairs that are ranked correctly, ties half.
        NaN where a resample holds one class only.
    """
    positive = np.take(weights, ranked.positive, axis=1)
    passed = np.zeros((len(weights), len(ranked.negative) + 1))
    np.cumsum(np.take(weights, ranked.negative, axis=1), axis=1, out=passed[:, 1:])
    right = np.einsum("bp,bp->b", positive, np.take(passed, ranked.below, axis=1))
    if (ranked.below != ranked.not_above).any():
        upper = np.einsum("bp,bp->b", positive, np.take(passed, ranked.not_above, axis=1))
        right = (right + upper) / 2
    pairs = positive.sum(axis=1) * passed[:, -1]
    with np.errstate(invalid="ignore"):
        return np.asarray(right / pairs)


def resampled_weights(
    rows: int, resamples: int = RESAMPLES, seed: int = BOOTSTRAP_SEED
) -> Iterator[Figures]:
    """Yield how often each row is in each resample, some resamples at a time."""
    generator = np.random.default_rng(seed)
    for start in range(0, resamples, RESAMPLES_AT_ONCE):
        draws = generator.integers(0, rows, (min(RESAMPLES_AT_ONCE, resamples - start), rows))
        yield np.stack([np.bincount(draw, minlength=rows) for draw in draws]).astype(np.float64)


def percentile_interval(values: Figures) -> Interval:
    """Return the middle 95 % of a bootstrap's figures, NaN if there is none."""
    known = values[np.isfinite(values)]
    if not len(known):
        return Interval(math.nan, math.nan)
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(low), float(high))


def interval_over_rows_and_seeds(
    value: float, resampled: Figures, *seeds: Sequence[float]
) -> Interval:
    """Return a 95 % interval that counts test rows and seeds as chance.

    Parameters
    ----------
    value : a mean over seeds, or the difference of two such means.
    resampled : that figure in each bootstrap resample of the test rows, shape (B,).
    seeds : the figures of each seed on the rows as they are, a sequence a mean in ``value``.

    Returns
    -------
    Interval
        Without repeated seeds, the bootstrap's percentile interval: rows alone.

    Notes
    -----
    Rows and seeds are drawn independently, so their variances add: that of the bootstrap, and
    s²/n of each mean over n seeds. Few seeds give a poor s². The quantile is Student's, at
    Satterthwaite's degrees of freedom (Biometrics Bulletin 2, 1946), the rows' being many.
    """
    several = [figures for figures in seeds if len(figures) > 1]
    if not several:
        return percentile_interval(resampled)
    from scipy.special import stdtrit

    of_seeds = [(variance(figures) / len(figures), len(figures) - 1) for figures in several]
    known = resampled[np.isfinite(resampled)]
    of_rows = float(np.var(known, ddof=1)) if len(known) > 1 else 0.0
    total = of_rows + sum(part for part, _ in of_seeds)
    uncertain = sum(part * part / degrees for part, degrees in of_seeds)
    degrees = total * total / uncertain if uncertain else 1e6
    reach = float(stdtrit(min(degrees, 1e6), (1 + LEVEL) / 2)) * math.sqrt(total)
    return Interval(value - reach, value + reach)


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
    rows, fewer = only_first + only_second, min(only_first, only_second)
    logs = [
        math.lgamma(rows + 1) - math.lgamma(k + 1) - math.lgamma(rows - k + 1) - rows * math.log(2)
        for k in range(fewer + 1)
    ]
    return min(1.0, 2 * math.fsum(math.exp(log) for log in logs))
