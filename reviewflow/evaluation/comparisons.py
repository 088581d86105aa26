"""Every variant against every other on the same test rows, in numbers.

    predictions (one a model) ─ test rows ─ bootstrap ─▶ a figure and its interval a variant
                                          └─ pairs ────▶ a difference, its interval, McNemar's p

A variant is known by its number alone; several seeds of one variant share it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
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
    ranking,
    resampled_weights,
    weighted_roc_auc,
)
from reviewflow.evaluation.metrics import THRESHOLD
from reviewflow.store.parquet import read_parquet

METRICS = ("roc_auc", "accuracy")


@dataclass(frozen=True)
class Judged:
    """M models on the same N labelled test rows.

    Attributes
    ----------
    labels : int8, shape (N,); 0 or 1.
    scores : float32, shape (M, N); P(positive).
    groups : number of each model's variant.
    """

    labels: NDArray[np.int8]
    scores: NDArray[np.float32]
    groups: tuple[int, ...]


def comparisons(
    evaluations: tuple[Path, ...], groups: tuple[int, ...], context: Context
) -> dict[str, Any]:
    """The comparisons of all variants that have figures, as JSON values.

    Parameters
    ----------
    evaluations : folders with ``predictions.parquet``, one a model.
    groups : number of each model's variant.

    Returns
    -------
    dict
        ``rows`` (labelled test rows), ``resamples``, ``variants`` and ``pairs``. Of a variant:
        ``group``, ``seeds`` and, by metric, ``mean``, ``low``, ``high``. Of a pair: ``first`` and
        ``second`` (groups), by metric ``difference`` (first minus second), ``low``, ``high``; and
        ``mcnemar``: ``only_first``, ``only_second`` (rows that one alone has right) and ``p``.

    Notes
    -----
    A variant of which a model gave no probability (it diverged) is left out, and so is everything
    where the test rows hold one class. McNemar's test compares two models, not two means: the
    seed of each variant whose ROC AUC is nearest to the variant's mean.
    """
    judged = read_judged(evaluations, groups)
    if not len(judged.scores) or not 0 < judged.labels.sum() < len(judged.labels):
        return {"rows": len(judged.labels), "resamples": 0, "variants": [], "pairs": []}
    models = _model_figures(judged)
    resampled = _resampled(judged, context)
    numbers = sorted(set(judged.groups))
    right = (judged.scores > THRESHOLD) == (judged.labels == 1)
    shown = {
        number: right[_typical(judged.groups, models["roc_auc"], number)] for number in numbers
    }
    members = {number: _members(judged.groups, number) for number in numbers}
    return {
        "rows": len(judged.labels),
        "resamples": RESAMPLES,
        "variants": [
            {"group": number, "seeds": len(members[number])}
            | {m: _figure(models[m], resampled[m], members[number]) for m in METRICS}
            for number in numbers
        ],
        "pairs": [
            {"first": first, "second": second}
            | {
                m: _difference(models[m], resampled[m], members[first], members[second])
                for m in METRICS
            }
            | {"mcnemar": _mcnemar(shown[first], shown[second])}
            for first, second in itertools.combinations(numbers, 2)
        ],
    }


def read_judged(evaluations: tuple[Path, ...], groups: tuple[int, ...]) -> Judged:
    """The labelled test rows of all models whose variant has a probability for each of them."""
    tables = [_test_rows(folder) for folder in evaluations]
    scores = [table["probability"].to_numpy() for table in tables]
    lost = {g for g, values in zip(groups, scores, strict=True) if not np.isfinite(values).all()}
    kept = [position for position, group in enumerate(groups) if group not in lost]
    if not kept:
        return Judged(np.zeros(0, np.int8), np.zeros((0, 0), np.float32), ())
    labels = tables[kept[0]]["label"].to_numpy().astype(np.int8)
    return Judged(labels, np.stack([scores[k] for k in kept]), tuple(groups[k] for k in kept))


def _test_rows(folder: Path) -> pa.Table:
    table = read_parquet(folder / "predictions.parquet")
    test = pc.equal(table["split"].cast(pa.string()), "test")
    return table.filter(pc.and_(test, pc.is_valid(table["label"])))


def _model_figures(judged: Judged) -> dict[str, Figures]:
    """Each metric of each model on the rows as they are, shape (M,)."""
    once = np.ones((1, len(judged.labels)))
    areas = [weighted_roc_auc(ranking(judged.labels, s), once)[0] for s in judged.scores]
    right = (judged.scores > THRESHOLD) == (judged.labels == 1)
    return {"roc_auc": np.array(areas), "accuracy": right.mean(axis=1)}


def _resampled(judged: Judged, context: Context) -> dict[str, Figures]:
    """Each metric of each model in every resample of the rows, shape (B, M): the same resamples."""
    ranked = [ranking(judged.labels, scores) for scores in judged.scores]
    right = ((judged.scores > THRESHOLD) == (judged.labels == 1)).astype(np.float64)
    areas, shares = [], []
    for weights in resampled_weights(len(judged.labels)):
        context.check_stop()
        areas.append(np.stack([weighted_roc_auc(one, weights) for one in ranked], axis=1))
        shares.append(weights @ right.T / len(judged.labels))
    return {"roc_auc": np.concatenate(areas), "accuracy": np.concatenate(shares)}


def _members(groups: Sequence[int], number: int) -> list[int]:
    return [position for position, group in enumerate(groups) if group == number]


def _typical(groups: Sequence[int], scores: Figures, number: int) -> int:
    """The model of a variant whose score is nearest to the variant's mean."""
    members = _members(groups, number)
    mean = math.fsum(scores[members]) / len(members)
    return min(members, key=lambda position: abs(float(scores[position]) - mean))


def _figure(models: Figures, resampled: Figures, members: list[int]) -> dict[str, float | None]:
    mean = float(models[members].mean())
    seeds = models[members].tolist()
    found = interval_over_rows_and_seeds(mean, resampled[:, members].mean(axis=1), seeds)
    return {"mean": mean, **_ends(found)}


def _difference(
    models: Figures, resampled: Figures, first: list[int], second: list[int]
) -> dict[str, float | None]:
    value = float(models[first].mean() - models[second].mean())
    paired = resampled[:, first].mean(axis=1) - resampled[:, second].mean(axis=1)
    found = interval_over_rows_and_seeds(
        value, paired, models[first].tolist(), models[second].tolist()
    )
    return {"difference": value, **_ends(found)}


def _ends(interval: Interval) -> dict[str, float | None]:
    """Both ends; JSON knows no NaN."""
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
