"""Choose the best variant: the best mean of a metric on some rows.

metrics of each variant ─ select.metric on select.on ─┬─▶ the best variant
diagnoses ─ variants that learned come first ─────────┘   the model that represents it
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from reviewflow.evaluation.diagnosis import Setting, diagnose_seeds
from reviewflow.evaluation.metrics import mean_figures, metric_named

if TYPE_CHECKING:
    from reviewflow.config.sections import Select

FALLBACK = "log_loss"  # it has a meaning for rows of one class, too


class Choice(NamedTuple):
    """The best variant by its number, and the position of its model.

    Of several seeds it is the model nearest to the mean. Both are None where no model gave
    probabilities. ``ranking`` has the numbers of all variants, from the best to the worst.
    """

    variant: int | None
    model: int | None
    ranking: tuple[int, ...] = ()


def best_variant(
    variants: Sequence[Mapping[str, Any]], select: Select
) -> dict[str, str | None] | None:
    """Return the best of run.json's variants as ``best`` of run.json.

    That is ``variant``, ``chosen_on`` and ``metric``. The last two are None where there was nothing
    to choose: one variant, or no labelled row to choose on. The answer is None if no variant was
    evaluated.
    """
    metrics = [variant.get("metrics") or {} for variant in variants]
    learned = [bool(variant.get("learned", True)) for variant in variants]
    number, metric = choose_variant(metrics, learned, select)
    if number is None:
        return None
    is_choice = len(variants) > 1 and metric is not None
    return {
        "variant": variants[number]["name"],
        "chosen_on": select.on if is_choice else None,
        "metric": metric if is_choice else None,
    }


def choose_variant(
    metrics: Sequence[Mapping[str, Any]], learned: Sequence[bool], select: Select
) -> tuple[int | None, str | None]:
    """Return the position of the best variant, and its metric.

    Parameters
    ----------
    metrics : of each variant its metrics by split, means over seeds; empty if it was not evaluated.
    learned : whether it beats the majority class; one that does not is chosen only if none does.

    Returns
    -------
    tuple
        The first of equally good variants. By log loss where ``select.metric`` has no meaning for
        the rows, since they hold one class. Without a labelled row the first variant that was
        evaluated, and None. Test rows never decide unless ``select.on`` says so.
    """
    for metric in dict.fromkeys((select.metric, FALLBACK)):
        scores = {n: selection_score(each, select.on, metric) for n, each in enumerate(metrics)}
        known = {n: score for n, score in scores.items() if score is not None}
        if known:
            first = [n for n in known if learned[n]] or list(known)
            return max(first, key=lambda n: known[n]), metric
    evaluated = [n for n, each in enumerate(metrics) if _has_figures(each)]
    return (evaluated[0] if evaluated else None), None


def selection_score(metrics: Mapping[str, Any], on: str, metric: str) -> float | None:
    """Return the figure by which a variant is chosen, higher being better.

    Parameters
    ----------
    metrics : content of ``metrics.json``, figures by split.
    """
    value = (metrics.get(on) or {}).get(metric)
    if value is None or not math.isfinite(value):
        return None
    return float(value) if metric_named(metric).higher_is_better else -float(value)


def choose_model(
    models: Sequence[Path], evaluations: Sequence[Path], variants: Sequence[int], select: Select
) -> Choice:
    """Return the best variant, and the model that represents it.

    Parameters
    ----------
    models : folders with ``history.parquet`` and ``model.json``, one a trained model.
    evaluations : folders with ``metrics.json``, likewise.
    variants : number of each model's variant; several seeds of one variant share it.
    """
    metrics = [_read_json(folder / "metrics.json") for folder in evaluations]
    numbers = sorted(set(variants))
    members = [[k for k, own in enumerate(variants) if own == number] for number in numbers]
    learned = []
    for own in members:
        train = _read_json(models[own[0]] / "model.json").get("train") or {}
        setting = Setting(select.on, train, variants=len(numbers))
        histories = [read_history(models[k]) for k in own]
        learned.append(diagnose_seeds(histories, [metrics[k] for k in own], setting).learned)
    means = [mean_figures([metrics[k] for k in own]) for own in members]
    best, metric = choose_variant(means, learned, select)
    if best is None:
        return Choice(None, None)
    scores = [selection_score(each, select.on, metric or FALLBACK) for each in metrics]
    order = rank_variants(means, learned, select.on, metric or FALLBACK, best)
    ranking = tuple(numbers[position] for position in order)
    return Choice(numbers[best], typical_model(variants, scores, numbers[best]), ranking)


def rank_variants(
    metrics: Sequence[Mapping[str, Any]], learned: Sequence[bool], on: str, metric: str, best: int
) -> list[int]:
    """Return the positions of all variants, from the best to the worst.

    Those that learned come first, as in the choice, and those without a figure last.
    """
    scores = [selection_score(each, on, metric) for each in metrics]

    def rank(position: int) -> tuple[bool, bool, bool, float]:
        score = scores[position]
        return position != best, score is None, not learned[position], -(score or 0.0)

    return sorted(range(len(metrics)), key=rank)


def read_history(model: Path) -> list[dict[str, Any]]:
    """Return the rows of a model's ``history.parquet``, windows and epochs."""
    from reviewflow.store.parquet import read_parquet

    rows: list[dict[str, Any]] = read_parquet(model / "history.parquet").to_pylist()
    return rows


def typical_model(numbers: Sequence[int], scores: Sequence[float | None], number: int) -> int:
    """Return the position of the model nearest to its variant's mean score.

    It represents the variant ``number`` where several seeds were trained. Without scores it is the
    first.
    """
    members = [position for position, own in enumerate(numbers) if own == number]
    known = [score for score in (scores[position] for position in members) if score is not None]
    if len(known) < len(members):
        return members[0]
    mean = math.fsum(known) / len(known)
    return min(members, key=lambda position: abs((scores[position] or 0.0) - mean))


def _has_figures(metrics: Mapping[str, Any]) -> bool:
    """Return whether the model gave probabilities."""
    return any((figures or {}).get(FALLBACK) is not None for figures in metrics.values())


def _read_json(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content
