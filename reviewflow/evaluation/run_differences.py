"""Give the figures of a variant in two runs, and their difference.

predictions of both on the same test rows ─▶ paired difference (DeLong, paired shares)
run.json of both on the same test rows ────▶ unpaired difference
other test rows ───────────────────────────▶ two figures, each with its interval
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from reviewflow.context import Context
from reviewflow.evaluation.comparisons import (
    COMPARED_METRICS,
    VariantScore,
    compare_pair,
    score_variants,
    variant_figures,
)
from reviewflow.evaluation.influence import Judged, compare_metric
from reviewflow.evaluation.metrics import THRESHOLD
from reviewflow.evaluation.predictions import read_labelled_rows
from reviewflow.evaluation.recorded_figures import recorded_figure, unpaired_difference
from reviewflow.formatting import finite

NO_DIFFERENCE: Mapping[str, None] = {"difference": None, "low": None, "high": None, "p": None}


class Measured(NamedTuple):
    """A variant of one run on its test rows.

    Attributes
    ----------
    seeds : metrics of each seed, as run.json has them; empty where the run lacks the variant.
    score : of the predictions; None where they are gone, or no figure can be made of them.
    models : the predictions themselves, of each seed.
    """

    seeds: Sequence[Mapping[str, Any]]
    score: VariantScore | None
    models: Sequence[Judged]


def measure_variant(seeds: Sequence[Mapping[str, Any]], folders: Sequence[Path]) -> Measured:
    """Return what is known of a variant on its test rows.

    Parameters
    ----------
    seeds : metrics of each seed, as run.json has them.
    folders : with ``predictions.parquet`` and ``metrics.json`` of each seed; empty where one is
        gone.
    """
    thresholds = [finite(own.get("threshold")) or THRESHOLD for own in seeds]
    try:
        scores = score_variants(folders, [0] * len(folders), "test", Context())
        models = [
            Judged(read_labelled_rows(folder, "test"), threshold)
            for folder, threshold in zip(folders, thresholds, strict=False)
        ]
    except (OSError, ValueError, KeyError):  # gone, damaged, or of another form
        return Measured(seeds, None, ())
    return Measured(seeds, scores[0] if scores else None, models)


def compare_measured(metric: str, a: Measured, b: Measured, same_rows: bool) -> dict[str, Any]:
    """Return a metric of a variant in two runs.

    Parameters
    ----------
    same_rows : whether both are measured on the same test rows.

    Returns
    -------
    dict
        ``a`` and ``b`` (``value``, ``low``, ``high``), ``difference`` (B minus A), ``low``,
        ``high``, ``p``, and ``method``: ``paired``, ``unpaired`` or None where there is none.
    """
    one, other = _figure(metric, a), _figure(metric, b)
    entry = {"a": one, "b": other, **NO_DIFFERENCE, "method": None}
    if not same_rows or one["value"] is None or other["value"] is None:
        return entry
    paired = _paired_difference(metric, a, b)
    if paired is not None:
        return {**entry, **paired, "method": "paired"}
    ours, theirs = (recorded_figure(metric, own.seeds) for own in (a, b))
    if ours is not None and theirs is not None:
        return {**entry, **unpaired_difference(theirs, ours), "method": "unpaired"}
    return {**entry, "difference": other["value"] - one["value"]}


def _paired_difference(metric: str, a: Measured, b: Measured) -> dict[str, Any] | None:
    """Return B minus A on the rows of both, None without their predictions."""
    if a.score is None or b.score is None or len(a.score.right) != len(b.score.right):
        return None
    if metric in COMPARED_METRICS:
        found: dict[str, Any] = compare_pair(b.score, a.score)[metric]
        return found
    return compare_metric(metric, b.models, a.models)


def _figure(metric: str, side: Measured) -> dict[str, float | None]:
    """Return the mean over the seeds with its interval, None for unknown."""
    values = [finite(own.get(metric)) for own in side.seeds]
    known = [value for value in values if value is not None]
    unknown = not known or len(known) < len(values)
    value = None if unknown else math.fsum(known) / len(known)
    low, high = None, None
    if side.score is not None and metric in COMPARED_METRICS:
        own = variant_figures(side.score)[metric]
        low, high = own["low"], own["high"]
    else:
        recorded = recorded_figure(metric, side.seeds)
        if recorded is not None:
            low, high = recorded.interval
    return {"value": value, "low": low, "high": high}
