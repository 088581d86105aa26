"""The stage report: everything that a report shows beside run.json, as one cached step.

    models, evaluations, reviews, splits ─▶ charts ───────▶ *.svg, charts.json
    evaluations ──────────────────────────▶ comparisons ──▶ comparisons.json
    reviews, splits, tokens ──────────────▶ drawn_reviews ▶ reviews.json
    the best model and what it reads ─────▶ explained ────▶ words.json, mistakes.json

Variants are numbers here, so that renaming one makes nothing anew; the page writes the names.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reviewflow.context import Context
from reviewflow.evaluation.comparisons import comparisons
from reviewflow.evaluation.selection import CHOSEN_ON, best_group, typical
from reviewflow.reporting.charts.stage import charts
from reviewflow.reporting.examples.explanations import Made, explained
from reviewflow.reporting.examples.samples import drawn_reviews
from reviewflow.reporting.lineage import Lineage


def material(
    *,
    models: tuple[Path, ...],
    evaluations: tuple[Path, ...],
    features: tuple[Path, ...],
    vocabularies: tuple[Path, ...],
    tokens: tuple[Path, ...],
    reviews: tuple[Path, ...],
    splits: tuple[Path, ...],
    lineage: tuple[Lineage, ...],
    seed: int,
    folder: Path,
    context: Context,
) -> dict[str, Any]:
    """Compare, draw and explain what the trained models gave.

    Parameters
    ----------
    models, evaluations : one folder a trained model
    features, tokens : one folder a part of each set of them, set after set
    vocabularies : one folder a vocabulary
    reviews, splits : one folder a part
    lineage : of each model its variant's number, and which of the above it was made from
    seed : draws the two reviews that are shown

    Returns
    -------
    dict
        ``rows``: the number of reviews counted.
    """
    groups = tuple(model.group for model in lineage)
    counted = charts(
        models=models,
        evaluations=evaluations,
        groups=groups,
        reviews=reviews,
        splits=splits,
        folder=folder,
        context=context,
    )
    _write(folder / "comparisons.json", comparisons(evaluations, groups, context))
    context.check_stop()
    best = _best(evaluations, groups)
    first = lineage[best or 0]
    read = _parts(tokens, first.tokens, len(reviews))
    _write(folder / "reviews.json", drawn_reviews(reviews, splits, read, seed))
    if best is not None:
        made = Made(
            models[best],
            vocabularies[first.vocabulary],
            _parts(features, first.features, len(reviews)),
            read,
            reviews,
        )
        words, mistakes = explained(made, context)
        _write(folder / "words.json", words)
        _write(folder / "mistakes.json", mistakes)
    return counted


def _best(evaluations: Sequence[Path], groups: Sequence[int]) -> int | None:
    """The model that stands for the best variant: of its seeds the one nearest to their mean."""
    scores = [
        json.loads((folder / "metrics.json").read_text(encoding="utf-8"))[CHOSEN_ON]["roc_auc"]
        for folder in evaluations
    ]
    winner = best_group(groups, scores)
    return None if winner is None else typical(groups, scores, winner)


def _parts(folders: Sequence[Path], number: int, parts: int) -> Sequence[Path]:
    """The folders of set ``number``, a part each."""
    return folders[number * parts : (number + 1) * parts]


def _write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")
