"""Compare all variants on the rows of the choice, and test the chosen one.

    predictions (one a model) ─ rows of select.on ─┬─▶ a figure and its interval a variant
                                                   └─▶ a difference, its interval and p a pair
                              ─ test rows ─────────▶ figures and intervals of the best variant
                              ─ labels ────────────▶ figures of the majority class

A variant is a number here, which the models of its seeds share.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reviewflow.context import Context
from reviewflow.evaluation.intervals import (
    Interval,
    Spread,
    area_interval,
    difference_interval,
    difference_p,
    paired_share_variance,
    rows_and_seeds,
    score_interval,
    share_interval,
)
from reviewflow.evaluation.majority import majority_baseline
from reviewflow.evaluation.metrics import THRESHOLD, predicted_classes
from reviewflow.evaluation.predictions import LabelledRows, read_labelled_rows
from reviewflow.evaluation.roc_auc import macro_area
from reviewflow.evaluation.significance import mcnemar
from reviewflow.reviews.split import SPLITS

COMPARED_METRICS = ("roc_auc", "accuracy")

Figures = NDArray[np.float64]


@dataclass(frozen=True)
class ModelScore:
    """One model on N labelled rows.

    Attributes
    ----------
    roc_auc : macro average of each class against the rest, of more than two classes.
    contributions : float64, shape (N,), to the variance of ``roc_auc``, as
        :class:`reviewflow.evaluation.roc_auc.Area` has them.
    right : bool, shape (N,), whether the predicted class is the true one.
    """

    roc_auc: float
    contributions: Figures
    right: NDArray[np.bool_]


@dataclass(frozen=True)
class VariantScore:
    """One variant on N labelled rows: the means over its seeds.

    Attributes
    ----------
    number : of the variant.
    areas, shares : of each seed its ROC AUC, and the share of the rows that it has right.
    contributions, right : float64, shape (N,), means over the seeds.
    rarest : the rows of the rarest class that has rows.
    """

    number: int
    areas: tuple[float, ...]
    shares: tuple[float, ...]
    contributions: Figures
    right: Figures
    rarest: int

    @property
    def seeds(self) -> int:
        """The number of seeds."""
        return len(self.areas)

    def mean(self, metric: str) -> float:
        """Return the mean of a metric over the seeds."""
        figures = self.areas if metric == "roc_auc" else self.shares
        return math.fsum(figures) / len(figures)

    def area_variance(self) -> float:
        """Return the variance of the ROC AUC over rows.

        Where all scores agree with the classes, or are equal, it is that of a score interval.
        """
        found = float(self.contributions @ self.contributions)
        if found or math.isnan(found):
            return found
        quantile = Spread(0.0).quantile
        low, high = score_interval(
            self.mean("roc_auc"), self.rarest, len(self.right) - self.rarest, quantile
        )
        return ((high - low) / (2 * quantile)) ** 2


def compare_variants(
    evaluations: tuple[Path, ...],
    variants: tuple[int, ...],
    on: str,
    best: int | None,
    context: Context,
) -> dict[str, Any]:
    """Return the comparisons of all variants with figures, as JSON values.

    Parameters
    ----------
    evaluations : folders with ``predictions.parquet`` and ``metrics.json``, one a model.
    variants : number of each model's variant.
    on : the split on whose rows variants are compared and chosen.
    best : number of the chosen variant.

    Returns
    -------
    dict
        ``on``, ``rows`` (labelled rows of that split), ``classes`` (K), ``class_rows``
        (labelled rows of each class by split), ``variants``, ``pairs``, ``test`` and
        ``baselines``. Of a variant: ``group`` (its number), ``seeds``, ``counts``
        (what its intervals count as chance: rows, or rows and seeds) and, by metric, ``mean``,
        ``low``, ``high``. Of a pair: ``first`` and ``second`` (numbers), ``counts``, by metric
        ``difference`` (first minus second), ``low``, ``high`` and ``p``, and ``mcnemar``:
        ``only_first``, ``only_second`` (rows that one alone has right) and ``p``, or None with
        several seeds. ``test`` holds ``rows`` and ``variants`` of the test rows, of the best
        variant alone. ``baselines`` are those of run.json.

    Notes
    -----
    A variant of which a model gave no probability (it diverged) is left out. Variants are left out
    where the rows hold one class. McNemar's test compares two models: of one pair of seeds it says
    nothing on two variants, and the p of a single pair is a lottery.
    """
    labels, classes = _labels(evaluations), _classes(evaluations)
    scores = score_variants(evaluations, variants, on, context)
    chosen = [k for k, number in enumerate(variants) if number == best]
    test = score_variants(
        tuple(evaluations[k] for k in chosen), tuple(variants[k] for k in chosen), "test", context
    )
    return {
        "on": on,
        "rows": len(labels.get(on, ())),
        "classes": classes,
        "class_rows": {
            split: np.bincount(own, minlength=classes).tolist() for split, own in labels.items()
        },
        "variants": [variant_figures(score) for score in scores],
        "pairs": [compare_pair(*pair) for pair in itertools.combinations(scores, 2)],
        "test": {
            "rows": len(labels.get("test", ())),
            "variants": [variant_figures(score) for score in test],
        },
        "baselines": [majority_baseline(labels, classes)] if labels else [],
    }


def score_variants(
    evaluations: Sequence[Path], variants: Sequence[int], split: str, context: Context
) -> list[VariantScore]:
    """Return the scores of all variants on the labelled rows of a split.

    A variant is left out where one of its models has no probability for a row, and all are where
    the rows hold one class.
    """
    members: dict[int, list[ModelScore | None]] = {}
    rarest = 0
    for folder, number in zip(evaluations, variants, strict=True):
        context.check_stop()
        rows = read_labelled_rows(folder, split)
        rarest = _rarest(rows.labels)
        members.setdefault(number, []).append(score_model(rows, _threshold(folder, split)))
    return [
        _variant_score(number, [score for score in members[number] if score], rarest)
        for number in sorted(members)
        if all(members[number])
    ]


def score_model(rows: LabelledRows, threshold: float) -> ModelScore | None:
    """Return the score of one model.

    None where it gave no probabilities, or the rows hold one class.
    """
    if not len(rows.labels) or not np.isfinite(rows.probabilities).all():
        return None
    area = macro_area(rows.labels, rows.probabilities)
    if math.isnan(area.value):
        return None
    right = predicted_classes(rows.probabilities, threshold) == rows.labels
    return ModelScore(area.value, area.contributions, right)


def compare_models(
    labels: NDArray[np.int8],
    first: tuple[NDArray[np.float32], float],
    second: tuple[NDArray[np.float32], float],
) -> dict[str, Any] | None:
    """Return the differences of two models on the same labelled rows.

    Parameters
    ----------
    labels : shape (N,), classes from 0.
    first, second : of each its probabilities, as in :class:`LabelledRows`, and its threshold.

    Returns
    -------
    dict or None
        As :func:`compare_pair`, with the figures of each under ``first`` and ``second``. None where
        one gave no probabilities, or the rows hold one class.
    """
    scores = [score_model(LabelledRows(labels, P), limit) for P, limit in (first, second)]
    known = [score for score in scores if score is not None]
    if len(known) < len(scores):
        return None
    both = [_variant_score(n, [score], _rarest(labels)) for n, score in enumerate(known)]
    ours, theirs = (variant_figures(own) for own in both)
    return {**compare_pair(*both), "first": ours, "second": theirs}


def _variant_score(number: int, models: Sequence[ModelScore], rarest: int) -> VariantScore:
    return VariantScore(
        number,
        tuple(model.roc_auc for model in models),
        tuple(float(model.right.mean()) for model in models),
        np.mean([model.contributions for model in models], axis=0),
        np.mean([model.right for model in models], axis=0),
        rarest,
    )


def variant_figures(score: VariantScore) -> dict[str, Any]:
    """Return the figures of one variant and their intervals."""
    rows = len(score.right)
    area, share = score.mean("roc_auc"), score.mean("accuracy")
    area_spread = rows_and_seeds(float(score.contributions @ score.contributions), score.areas)
    off = score.right - share
    share_spread = rows_and_seeds(float(off @ off) / rows**2, score.shares)
    return {
        "group": score.number,
        "seeds": score.seeds,
        "counts": _chance(score.seeds),
        "roc_auc": {
            "mean": area,
            **_ends(area_interval(area, area_spread, score.rarest, rows - score.rarest)),
        },
        "accuracy": {"mean": share, **_ends(share_interval(share, rows, share_spread))},
    }


def compare_pair(first: VariantScore, second: VariantScore) -> dict[str, Any]:
    """Return the differences of two variants on the same rows.

    Notes
    -----
    Seeds are paired, since equal seeds start from the same numbers in the same order: the
    variance over seeds is that of the differences. Variants with other numbers of seeds are
    independent (Welch).
    """
    off = first.contributions - second.contributions
    area_variance = float(off @ off)
    if not (first.contributions.any() and second.contributions.any()):
        area_variance = first.area_variance() + second.area_variance()
    share_variance = paired_share_variance(first.right - second.right)
    counts = _chance(max(first.seeds, second.seeds))
    return {
        "first": first.number,
        "second": second.number,
        "counts": counts,
        "roc_auc": _difference(first, second, "roc_auc", area_variance),
        "accuracy": _difference(first, second, "accuracy", share_variance),
        "mcnemar": None if counts != "rows" else _mcnemar(first.right > 0, second.right > 0),
    }


def _difference(
    first: VariantScore, second: VariantScore, metric: str, over_rows: float
) -> dict[str, float | None]:
    difference = first.mean(metric) - second.mean(metric)
    ours, theirs = (s.areas if metric == "roc_auc" else s.shares for s in (first, second))
    if len(ours) == len(theirs):
        paired = [mine - other for mine, other in zip(ours, theirs, strict=True)]
        spread = rows_and_seeds(over_rows, paired)
    else:
        spread = rows_and_seeds(over_rows, ours, theirs)
    ends = _ends(difference_interval(difference, spread))
    return {"difference": difference, **ends, "p": difference_p(difference, spread)}


def _chance(seeds: int) -> str:
    return "rows and seeds" if seeds > 1 else "rows"


def _ends(interval: Interval) -> dict[str, float | None]:
    """Return both ends, None instead of NaN, which JSON lacks."""
    return {
        name: end if math.isfinite(end) else None
        for name, end in (("low", interval.low), ("high", interval.high))
    }


def _mcnemar(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> dict[str, float]:
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    return {
        "only_first": only_first,
        "only_second": only_second,
        "p": mcnemar(only_first, only_second),
    }


def _rarest(labels: NDArray[np.int8]) -> int:
    """Return the rows of the rarest class that has rows."""
    return int(np.unique(labels, return_counts=True)[1].min()) if len(labels) else 0


def _threshold(folder: Path, split: str) -> float:
    """Return the threshold of one model, as ``metrics.json`` has it."""
    path = folder / "metrics.json"
    metrics: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return float((metrics.get(split) or {}).get("threshold") or THRESHOLD)


def _classes(evaluations: Sequence[Path]) -> int:
    """Return K, and 2 without a model."""
    if not evaluations:
        return 2
    shape = read_labelled_rows(evaluations[0], "train").probabilities.shape
    return 2 if len(shape) == 1 else shape[1]


def _labels(evaluations: Sequence[Path]) -> dict[str, NDArray[np.int8]]:
    """Return the labels of each split that has rows.

    Training and test rows are there even if there are none. Without a model there is no split.
    """
    if not evaluations:
        return {}
    labels = {split: read_labelled_rows(evaluations[0], split).labels for split in SPLITS}
    return {split: own for split, own in labels.items() if split != "validation" or len(own)}
