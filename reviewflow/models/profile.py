"""Describe rows by histograms, to be compared with later rows.

analyses of texts ─▶ Profile: lengths, unknown words, scores, predicted labels ─▶ bundle.json
                 of the model's validation rows ─┬─▶ population stability index of each
                 of the rows that were scored ───┘

Later rows are compared with rows that the model has not learned from, since they are such rows,
too: on its training rows a model is surer, and it knows more of the words. The
training rows have a profile of their own, which says what the model was made from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reviewflow.evaluation.metrics import predicted_classes
from reviewflow.models.predictor import Analysis

# edges of the bins: each holds values from one edge up to the next, the last one all above
LENGTHS = (0, 4, 8, 16, 32, 64, 96, 128, 192, 256, 384, 512, 1024, 4096)
SHARES = (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8)
SCORES = tuple(number / 20 for number in range(20))
SMOOTHING = 0.5  # rows a filled bin, so that an empty one does not make the index infinite


@dataclass(frozen=True)
class Profile:
    """Counts of N rows in bins.

    Attributes
    ----------
    rows : N.
    tokens : rows by their number of tokens, shape (B,), of the bins :data:`LENGTHS`.
    unknown : rows by their share of tokens that the vocabulary lacks, bins :data:`SHARES`.
    scores : rows by probability, bins :data:`SCORES`: of two classes that of class 1, of more
        that of the most probable one.
    labels : rows by predicted class, shape (K,).
    unknown_tokens, all_tokens : numbers of tokens.
    """

    rows: int
    tokens: NDArray[np.int64]
    unknown: NDArray[np.int64]
    scores: NDArray[np.int64]
    labels: NDArray[np.int64]
    unknown_tokens: int
    all_tokens: int

    @classmethod
    def empty(cls, classes: int) -> Profile:
        """Return the profile of no rows."""
        nothing = [np.zeros(len(edges), np.int64) for edges in (LENGTHS, SHARES, SCORES)]
        tokens, unknown, scores = nothing
        return cls(0, tokens, unknown, scores, np.zeros(classes, np.int64), 0, 0)

    def __add__(self, other: Profile) -> Profile:
        mine, theirs = vars(self), vars(other)
        return Profile(**{name: mine[name] + theirs[name] for name in mine})

    def to_json(self) -> dict[str, Any]:
        """Return the counts as JSON has them."""
        return {
            name: value.tolist() if isinstance(value, np.ndarray) else value
            for name, value in vars(self).items()
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Profile:
        """Return the profile that :meth:`to_json` described.

        Raises
        ------
        KeyError, TypeError, ValueError
            If it is anything else.
        """
        tokens, unknown, scores, labels = (
            np.array(content[name], np.int64) for name in ("tokens", "unknown", "scores", "labels")
        )
        rows, lacking, every = (
            int(content[name]) for name in ("rows", "unknown_tokens", "all_tokens")
        )
        return cls(rows, tokens, unknown, scores, labels, lacking, every)


def profile_of(analysis: Analysis, threshold: float, classes: int) -> Profile:
    """Return the profile of the N texts of an analysis."""
    odds, tokens = analysis.probabilities, analysis.tokens
    shares = analysis.unknown / np.maximum(tokens, 1)
    surest = odds if odds.ndim == 1 else odds.max(axis=1)
    labels = predicted_classes(odds, threshold)
    return Profile(
        len(tokens),
        _histogram(tokens, LENGTHS),
        _histogram(shares, SHARES),
        _histogram(surest, SCORES),
        np.bincount(labels, minlength=classes),
        int(analysis.unknown.sum()),
        int(tokens.sum()),
    )


def stability_index(before: NDArray[np.int64], now: NDArray[np.int64]) -> float:
    """Return the population stability index of two histograms.

    Parameters
    ----------
    before, now : rows in each of B bins, shape (B,).

    Notes
    -----
    Σ (q − p) ln(q / p) over the shares of the bins, the symmetric divergence of Kullback and
    Leibler (1951). By a rule of thumb, 0.1 is a small change and 0.25 a large one (Siddiqi, Credit
    Risk Scorecards, 2006). Half a row for each bin that either fills is
    added to both, by the shares of both together, so that equal shares have the index 0.
    """
    both = before + now
    filled = both > 0
    if not filled.any():
        return 0.0
    added = SMOOTHING * filled.sum() * both[filled] / both.sum()
    p, q = before[filled] + added, now[filled] + added
    p, q = p / p.sum(), q / q.sum()
    return float(np.sum((q - p) * np.log(q / p)))


def chance_index(before: NDArray[np.int64], now: NDArray[np.int64]) -> float:
    """Return an index that equal populations exceed in 5 % of cases.

    Notes
    -----
    With n and m rows the index of B filled bins is about (1/n + 1/m) χ²(B − 1) (Yurdakul and
    Naranjo, Journal of Risk Model Validation 14, 2020).
    """
    from scipy.special import chdtri

    bins = int(((before + now) > 0).sum())
    n, m = int(before.sum()), int(now.sum())
    if bins < 2 or not n or not m:
        return 0.0
    return float((1 / n + 1 / m) * chdtri(bins - 1, 0.05))


def _histogram(values: NDArray[Any], edges: tuple[float, ...]) -> NDArray[np.int64]:
    """Return how many values each bin holds."""
    bins = np.searchsorted(edges, values, side="right") - 1
    return np.bincount(np.clip(bins, 0, None), minlength=len(edges))
