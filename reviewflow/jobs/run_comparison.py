"""Compare two runs with the intervals of their differences.

run.json, keys.json of both ─ diff ──────────────▶ settings, code, packages, reasons
rows of both ─────────────────────────────────────▶ RowsVerdict, said first
variants of both ─ pairs ─┬─ the same test rows ──▶ paired difference, or unpaired
                          └─ other test rows ─────▶ figures side by side
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reviewflow.jobs.run_rows import RowsVerdict, compare_rows
from reviewflow.jobs.variant_pairs import RunVariant, VariantPair, pair_variants
from reviewflow.runs.diff import compare_runs
from reviewflow.runs.history import RunRecord, references
from reviewflow.runs.json_values import mapping
from reviewflow.store.catalog import read_manifest

SMALLEST = 1e-12  # below which a difference is rounding


def compare_with_intervals(a: RunRecord, b: RunRecord, store: Path) -> dict[str, Any]:
    """Return what differs between two runs, and by how much beyond chance.

    Returns
    -------
    dict
        That of :func:`reviewflow.runs.diff.compare_runs`, and before it ``rows``
        (:class:`RowsVerdict`), ``metric`` (by which B chose), ``stages_of_one`` (stages that one
        run alone reached) and ``variants``, an entry a pair: ``a``, ``b`` (names, None where one
        run lacks it), ``match`` (``same``, ``renamed``, ``only in A``, ``only in B``, or ``best``
        for the best of each where they are not a pair), ``changed`` (settings), ``same_model`` (the
        same predictions), ``is_best`` (of B), ``seeds``, ``others`` (figures without an interval)
        and ``figures``. A figure has ``metric``, ``a`` and ``b`` (``value``, ``low``, ``high``),
        ``difference`` (B minus A), ``low``, ``high``, ``p``, ``method`` (``paired``, ``unpaired``
        or None where no difference is claimed), ``counts`` (what the interval counts as chance:
        ``rows``, or ``rows and seeds``) and ``verdict``.

    Raises
    ------
    StoreError : if the run.json of one is unreadable.
    """
    pairs = pair_variants(a, b)
    renamed = {
        pair.b.name: f"{pair.b.name}, only in B" if pair.a is None else pair.a.name
        for pair in pairs
        if pair.b is not None
    }
    found = compare_runs(a, b, store, renamed)
    rows = compare_rows(a, b, store)
    metric = _selection_metric(b)
    folders = [_prediction_folders(run, store) for run in (a, b)]
    best = mapping(b.content.get("best")).get("variant")
    variants = [
        {
            **_pair_entry(pair, rows, metric, folders),
            "is_best": pair.b is not None and pair.b.name == best,
        }
        for pair in [*pairs, *_best_pair(a, b, pairs)]
    ]
    stages = [{stage: None for stage, _ in sorted(references(run))} for run in (a, b)]
    return {
        "rows": rows.to_json(),
        "metric": metric,
        "variants": variants,
        "stages_of_one": {
            "a": [stage for stage in stages[0] if stage not in stages[1]],
            "b": [stage for stage in stages[1] if stage not in stages[0]],
        },
        **found,
    }


def chance_verdict(
    metric: str, difference: float | None, low: float | None, high: float | None
) -> str:
    """Return whether a difference is more than chance, in words."""
    from reviewflow.evaluation.metrics import metric_named

    if difference is None or low is None or high is None:
        return "unknown"
    if max(abs(difference), abs(low), abs(high)) < SMALLEST:
        return "no difference"
    if low <= 0 <= high:
        return "within chance"
    is_better = (difference > 0) == metric_named(metric).higher_is_better
    return f"{'better' if is_better else 'worse'} by more than chance"


def _selection_metric(run: RunRecord) -> str:
    """Return the metric by which a run chose, ROC AUC where it names none."""
    from reviewflow.evaluation.metrics import METRICS

    name = mapping(run.content.get("best")).get("metric")
    return next((metric.name for metric in METRICS if metric.name == name), "roc_auc")


def _best_pair(a: RunRecord, b: RunRecord, pairs: Sequence[VariantPair]) -> list[VariantPair]:
    """Return the best of A and the best of B, if they are not a pair already."""
    best_a, best_b = (mapping(run.content.get("best")).get("variant") for run in (a, b))
    ours = [pair.a for pair in pairs if pair.a is not None and pair.a.name == best_a]
    theirs = [pair for pair in pairs if pair.b is not None and pair.b.name == best_b]
    if not ours or not theirs or theirs[0].a is ours[0]:
        return []
    return [VariantPair(ours[0], theirs[0].b, is_best=True)]


def _pair_entry(
    pair: VariantPair,
    rows: RowsVerdict,
    metric: str,
    folders: Sequence[Mapping[str, Path]],
) -> dict[str, Any]:
    both = [
        _found_folders(own, known) for own, known in zip((pair.a, pair.b), folders, strict=True)
    ]
    names = list(dict.fromkeys((metric, "roc_auc", "accuracy")))
    return {
        "a": None if pair.a is None else pair.a.name,
        "b": None if pair.b is None else pair.b.name,
        "match": pair.match,
        "changed": pair.changed_settings(),
        "same_model": bool(both[0]) and both[0] == both[1],
        "seeds": {
            side: 0 if own is None else len(own.seeds)
            for side, own in (("a", pair.a), ("b", pair.b))
        },
        "figures": _figures(pair, rows, names, both),
        "others": _others(pair, metric, names),
    }


def _others(pair: VariantPair, chosen: str, shown: Sequence[str]) -> list[dict[str, Any]]:
    """Return the validation figure of the choice, and the other test figures."""
    from reviewflow.evaluation.metrics import METRICS

    wanted = [("validation", chosen)]
    wanted += [("test", metric.name) for metric in METRICS if metric.name not in shown]
    found = []
    for split, metric in wanted:
        a, b = (None if own is None else own.mean(split, metric) for own in (pair.a, pair.b))
        if a is not None or b is not None:
            found.append({"split": split, "metric": metric, "a": a, "b": b})
    return found


def _figures(
    pair: VariantPair, rows: RowsVerdict, names: Sequence[str], folders: Sequence[list[Path]]
) -> list[dict[str, Any]]:
    """Return the entry of each metric of a pair."""
    from reviewflow.evaluation.run_differences import compare_measured, measure_variant

    a, b = (
        measure_variant([] if own is None else own.test_metrics(), known)
        for own, known in zip((pair.a, pair.b), folders, strict=True)
    )
    found = [(name, compare_measured(name, a, b, rows.is_paired)) for name in names]
    counts = "rows and seeds" if max(len(a.seeds), len(b.seeds)) > 1 else "rows"
    return [
        {
            "metric": name,
            **entry,
            "counts": counts,
            "verdict": chance_verdict(name, entry["difference"], entry["low"], entry["high"]),
        }
        for name, entry in found
    ]


def _found_folders(variant: RunVariant | None, known: Mapping[str, Path]) -> list[Path]:
    """Return the folders of a variant's predictions, none if one is gone."""
    if variant is None:
        return []
    keys = [seed.get("key") for seed in variant.seeds]
    folders = [known[key] for key in keys if isinstance(key, str) and key in known]
    return folders if len(folders) == len(keys) else []


def _prediction_folders(run: RunRecord, store: Path) -> dict[str, Path]:
    """Return the folder of a model's predictions by the key of its training.

    The artifact of an evaluation names the digests of the model that it read.
    """
    read: dict[str, Path] = {}
    for stage, key in sorted(references(run)):
        folder = store / stage / key
        if stage == "evaluate" and (folder / "predictions.parquet").is_file():
            model = mapping(mapping(read_manifest(folder)[0]).get("inputs")).get("model")
            read |= {json.dumps(sorted(model)): folder} if isinstance(model, list) else {}
    found: dict[str, Path] = {}
    for stage, key in sorted(references(run)):
        if stage == "train":
            digests = mapping(mapping(read_manifest(store / stage / key)[0]).get("digests"))
            used = [digests.get(name) for name in ("model.json", "model.safetensors")]
            name = json.dumps(sorted(map(str, used)))
            found |= {key: read[name]} if name in read else {}
    return found
