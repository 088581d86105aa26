"""Write what a report shows beside run.json, in the stage ``report``.

    models, evaluations, reviews, splits ─▶ draw_charts ────▶ *.svg, charts.json
    evaluations ──────────────────────────▶ comparisons ────▶ comparisons.json
    reviews, splits, tokens ──────────────▶ sample_reviews ─▶ reviews.json
    the best model and its inputs ────────▶ explain_model ──▶ words.json, mistakes.json
                                            describe_errors ▶ errors.json, mistakes.csv

Variants are numbers here, so renaming one does not invalidate the cache. The page adds the names.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reviewflow.config.sections import Select
from reviewflow.context import Context
from reviewflow.evaluation.comparisons import compare_variants
from reviewflow.evaluation.selection import choose_model
from reviewflow.reporting.charts.stage import draw_charts
from reviewflow.reporting.examples.errors import describe_errors, judge_rows, write_mistakes
from reviewflow.reporting.examples.explanations import ModelInputs, explain_model, model_threshold
from reviewflow.reporting.examples.samples import sample_reviews
from reviewflow.reporting.lineage import Lineage
from reviewflow.reviews.parts import Index


def write_report_data(
    *,
    models: tuple[Path, ...],
    evaluations: tuple[Path, ...],
    features: tuple[Path, ...],
    vocabularies: tuple[Path, ...],
    tokens: tuple[Path, ...],
    reviews: tuple[Path, ...],
    splits: tuple[Path, ...],
    lineage: tuple[Lineage, ...],
    class_names: tuple[str, ...],
    index: Index,
    seed: int,
    select: Select,
    folder: Path,
    context: Context,
) -> dict[str, Any]:
    """Compare the trained models, draw their charts and explain the best one.

    Parameters
    ----------
    models, evaluations : one folder a trained model
    features, tokens : one folder a part of each set of them, set after set
    vocabularies : one folder a vocabulary
    reviews, splits : one folder a part
    lineage : of each model its variant's number, and which of the above it was made from
    class_names : what people call each of the K classes
    index : gives file and record number of a row of a part
    seed : draws the reviews that the report shows
    select : how the best variant is chosen

    Returns
    -------
    dict
        ``rows``: the number of reviews counted.
    """
    variants = tuple(model.variant for model in lineage)
    best = choose_model(models, evaluations, variants, select)
    figures = draw_charts(
        models=models,
        evaluations=evaluations,
        variants=variants,
        reviews=reviews,
        splits=splits,
        class_names=class_names,
        best=best,
        folder=folder,
        context=context,
    )
    compared = compare_variants(evaluations, variants, select.on, best.variant, context)
    _write_json(folder / "comparisons.json", compared)
    context.check_stop()
    origin = lineage[best.model or 0]
    own_tokens = _folders_of_set(tokens, origin.tokens, len(reviews))
    samples = sample_reviews(reviews, splits, own_tokens, class_names, seed)
    _write_json(folder / "reviews.json", samples)
    if best.model is not None:
        inputs = ModelInputs(
            models[best.model],
            evaluations[best.model],
            vocabularies[origin.vocabulary],
            _folders_of_set(features, origin.features, len(reviews)),
            own_tokens,
            reviews,
        )
        words, mistakes = explain_model(inputs, class_names, context)
        _write_json(folder / "words.json", words)
        _write_json(folder / "mistakes.json", mistakes)
        threshold = model_threshold(inputs.evaluation)
        judged = judge_rows(inputs.evaluation, index, threshold)
        costs = select.costs.model_dump()
        errors = describe_errors(judged, reviews, index, threshold, costs)
        _write_json(folder / "errors.json", errors)
        write_mistakes(folder / "mistakes.csv", judged, reviews, index, class_names)
    return figures


def _folders_of_set(folders: Sequence[Path], number: int, parts: int) -> Sequence[Path]:
    """Return the folders of set ``number``, one a part."""
    return folders[number * parts : (number + 1) * parts]


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")
