"""Read the figures of a run from its run.json.

A figure has a name: ``test.roc_auc`` and the like of the best variant, ``rows``, ``seconds``,
``share.positive`` of a class. A scoring has ``rows``, ``seconds``, ``drift.tokens`` and the like,
and ``live.accuracy`` where true labels were known.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from reviewflow.formatting import finite
from reviewflow.runs.json_values import mapping, mappings

SPLITS = ("validation", "test")  # whose metrics are followed
TRAITS = ("tokens", "unknown", "scores", "labels")  # of which a scoring records the drift


def is_metric(name: str) -> bool:
    """Return whether a figure is a metric, such as ``test.roc_auc``."""
    return name.startswith(tuple(f"{split}." for split in SPLITS))


def training_figures(content: Mapping[str, Any], metrics: Collection[str]) -> dict[str, float]:
    """Return the figures of a completed run, without those that are not known."""
    winner = mapping(content.get("best")).get("variant")
    own: Mapping[str, Any] = {}
    for variant in mappings(content.get("variants")):
        if variant.get("name") == winner:
            own = mapping(variant.get("metrics"))
            break
    data = mapping(content.get("data"))
    known = {
        **{
            f"{split}.{name}": mapping(own.get(split)).get(name)
            for split in SPLITS
            for name in metrics
        },
        "rows": data.get("rows"),
        "seconds": content.get("seconds"),
        **_label_shares(data),
    }
    return _finite_values(known)


def _label_shares(data: Mapping[str, Any]) -> dict[str, float]:
    """Return the share of each class among the labelled rows of all splits."""
    counts: dict[str, float] = {}
    for each in mappings(data.get("classes")):
        rows = [finite(each.get(split)) for split in ("train", "validation", "test")]
        counts[f"share.{each.get('name')}"] = sum(value or 0.0 for value in rows)
    total = sum(counts.values())
    return {name: count / total for name, count in counts.items()} if total > 0 else {}


def scoring_figures(content: Mapping[str, Any]) -> tuple[dict[str, float], dict[str, float]]:
    """Return the figures of a run that scored files, and its chance levels.

    Of several files each trait has the largest drift.
    """
    files = [each for each in mappings(content.get("files")) if each.get("state") == "scored"]
    if not files:
        return {}, {}
    known: dict[str, Any] = {
        "rows": sum(finite(each.get("rows_out")) or 0.0 for each in files),
        "seconds": content.get("seconds"),
        "live.accuracy": _live_accuracy(files),
    }
    chance: dict[str, Any] = {}
    for trait in TRAITS:
        drifts = [mapping(mapping(each.get("drift")).get(trait)) for each in files]
        measured = [each for each in drifts if finite(each.get("psi")) is not None]
        if measured:
            largest = max(measured, key=lambda each: finite(each["psi"]) or 0.0)
            known[f"drift.{trait}"] = largest["psi"]
            chance[f"drift.{trait}"] = largest.get("chance")
    return _finite_values(known), _finite_values(chance)


def _live_accuracy(files: Sequence[Mapping[str, Any]]) -> float | None:
    """Return the accuracy on the rows whose labels were known, of all files."""
    known = [mapping(each.get("live")) for each in files]
    pairs = [(finite(each.get("rows")), finite(each.get("accuracy"))) for each in known]
    labelled = [(rows, share) for rows, share in pairs if rows and share is not None]
    total = sum(rows for rows, _ in labelled)
    return sum(rows * share for rows, share in labelled) / total if labelled else None


def _finite_values(known: Mapping[str, Any]) -> dict[str, float]:
    numbers = {name: finite(value) for name, value in known.items()}
    return {name: number for name, number in numbers.items() if number is not None}
