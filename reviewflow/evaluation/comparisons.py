"""Compare all variants on the same test rows.

    predictions (one a model) ─ test rows ─ bootstrap ─▶ a figure and its interval a variant
                                          └─ pairs ────▶ a difference, its interval, McNemar's p

A variant is a number here, which the models of its seeds share.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewflow.context import Context
from reviewflow.evaluation.bootstrap import (
    RESAMPLES,
    Figures,
    Interval,
    interval_over_rows_and_seeds,
    mcnemar,
    rank_scores,
    resampled_weights,
    weighted_roc_auc,
)
from reviewflow.evaluation.metrics import THRESHOLD
from reviewflow.evaluation.selection import typical_model
from reviewflow.store.parquet import read_parquet

COMPARED_METRICS = ("roc_auc", "accuracy")


@dataclass(frozen=True)
class ScoredModels:
    """M models on the same N labelled test rows.

    Attributes
    ----------
    labels : int8, shape (N,), 0 or 1.
    scores : float32, shape (M, N), P(positive).
    variants : number of each model's variant.
    """

    labels: NDArray[np.int8]
    scores: NDArray[np.float32]
    variants: tuple[int, ...]


def compare_variants(
    evaluations: tuple[Path, ...], variants: tuple[int, ...], context: Context
) -> dict[str, Any]:
    """Return the comparisons of all variants with figures, as JSON values.

    Parameters
    ----------
    evaluations : folders with ``predictions.parquet``, one a model.
    variants : number of each model's variant.

    Returns
    -------
    dict
        ``rows`` (labelled test rows), ``resamples``, ``variants`` and ``pairs``. Of a variant:
        ``group`` (its number), ``seeds`` and, by metric, ``mean``, ``low``, ``high``. Of a pair:
        ``first`` and ``second`` (numbers), by metric ``difference`` (first minus second), ``low``
        and ``high``, and ``mcnemar``: ``only_first``, ``only_second`` (rows that one alone has
        right) and ``p``.

    Notes
    -----
    A variant of which a model gave no probability (it diverged) is left out. Everything is left
    out where the test rows hold one class. McNemar's test compares two models, not two means: of
    each variant the model whose ROC AUC is nearest to the variant's mean.
    """
    models = read_scores(evaluations, variants)
    if not len(models.scores) or not 0 < models.labels.sum() < len(models.labels):
        return {"rows": len(models.labels), "resamples": 0, "variants": [], "pairs": []}
    figures, resampled = _model_figures(models), _resampled_figures(models, context)
    numbers = sorted(set(models.variants))
    members = {
        number: [k for k, variant in enumerate(models.variants) if variant == number]
        for number in numbers
    }
    areas = figures["roc_auc"].tolist()
    right = (models.scores > THRESHOLD) == (models.labels == 1)
    typical = {number: right[typical_model(models.variants, areas, number)] for number in numbers}
    return {
        "rows": len(models.labels),
        "resamples": RESAMPLES,
        "variants": [
            {"group": number, "seeds": len(members[number])}
            | {m: _mean(figures[m], resampled[m], members[number]) for m in COMPARED_METRICS}
            for number in numbers
        ],
        "pairs": [
            {"first": first, "second": second}
            | {
                m: _difference(figures[m], resampled[m], members[first], members[second])
                for m in COMPARED_METRICS
            }
            | {"mcnemar": _mcnemar(typical[first], typical[second])}
            for first, second in itertools.combinations(numbers, 2)
        ],
    }


def read_scores(evaluations: tuple[Path, ...], variants: tuple[int, ...]) -> ScoredModels:
    """Return the scores of all models on the labelled test rows.

    A variant is left out where one of its models has no probability for a row.
    """
    tables = [_test_rows(folder) for folder in evaluations]
    scores = [table["probability"].to_numpy() for table in tables]
    diverged = {v for v, one in zip(variants, scores, strict=True) if not np.isfinite(one).all()}
    kept = [position for position, variant in enumerate(variants) if variant not in diverged]
    if not kept:
        return ScoredModels(np.zeros(0, np.int8), np.zeros((0, 0), np.float32), ())
    labels = tables[kept[0]]["label"].to_numpy().astype(np.int8)
    return ScoredModels(
        labels, np.stack([scores[k] for k in kept]), tuple(variants[k] for k in kept)
    )


def _test_rows(folder: Path) -> pa.Table:
    table = read_parquet(folder / "predictions.parquet")
    test = pc.equal(table["split"].cast(pa.string()), "test")
    return table.filter(pc.and_(test, pc.is_valid(table["label"])))


def _model_figures(models: ScoredModels) -> dict[str, Figures]:
    """Return each metric of each model on the rows as they are, shape (M,)."""
    once = np.ones((1, len(models.labels)))
    areas = [weighted_roc_auc(rank_scores(models.labels, s), once)[0] for s in models.scores]
    right = (models.scores > THRESHOLD) == (models.labels == 1)
    return {"roc_auc": np.array(areas), "accuracy": right.mean(axis=1)}


def _resampled_figures(models: ScoredModels, context: Context) -> dict[str, Figures]:
    """Return each metric of each model in the same resamples, shape (B, M)."""
    ranked = [rank_scores(models.labels, scores) for scores in models.scores]
    right = ((models.scores > THRESHOLD) == (models.labels == 1)).astype(np.float64)
    areas, shares = [], []
    for weights in resampled_weights(len(models.labels)):
        context.check_stop()
        areas.append(np.stack([weighted_roc_auc(one, weights) for one in ranked], axis=1))
        shares.append(weights @ right.T / len(models.labels))
    return {"roc_auc": np.concatenate(areas), "accuracy": np.concatenate(shares)}


def _mean(models: Figures, resampled: Figures, members: list[int]) -> dict[str, float | None]:
    mean = float(models[members].mean())
    seeds = models[members].tolist()
    interval = interval_over_rows_and_seeds(mean, resampled[:, members].mean(axis=1), seeds)
    return {"mean": mean, **_ends(interval)}


def _difference(
    models: Figures, resampled: Figures, first: list[int], second: list[int]
) -> dict[str, float | None]:
    value = float(models[first].mean() - models[second].mean())
    paired = resampled[:, first].mean(axis=1) - resampled[:, second].mean(axis=1)
    interval = interval_over_rows_and_seeds(
        value, paired, models[first].tolist(), models[second].tolist()
    )
    return {"difference": value, **_ends(interval)}


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
