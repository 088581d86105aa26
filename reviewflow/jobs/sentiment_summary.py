"""Summarise a run for run.json: stages, quality, variants, conclusions."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from statistics import fmean
from typing import Any

from reviewflow.config.sections import Config
from reviewflow.config.variants import VARIED_SECTIONS
from reviewflow.evaluation.conclusions import VariantOutcome, draw_conclusions
from reviewflow.evaluation.diagnosis import diagnose
from reviewflow.evaluation.selection import best_variant
from reviewflow.pipeline.graph import Node
from reviewflow.pipeline.runner import Run
from reviewflow.quality.results import read_results
from reviewflow.reporting.lineage import variant_numbers
from reviewflow.reporting.reference import read_reference
from reviewflow.reviews.parts import Index
from reviewflow.runs.changes import changes_since_last_run
from reviewflow.store.parquet import read_parquet

CHECKS = ("validate_reviews", "validate_features")
FEWEST_WORDS = 1.0  # a review
MOST_BYTES_A_WORD = 40  # of the raw text; English has 6, Chinese cut at its punctuation some 25
FEWEST_TERMS = 1.0  # of the vocabulary, a review


def summary(run: Run, config: Config, report: Path) -> dict[str, Any]:
    """Return run.json beside its head, of what was reached.

    Parameters
    ----------
    report : path of the page.
    """
    variants = variant_entries(run, config)
    found = {
        "stages": [outcome.to_json() for outcome in run.all_outcomes()],
        "quality": quality_entries(run),
        "variants": variants,
        "conclusions": [
            *lost_text_warnings(run),
            *equal_variant_notes(run),
            *conclusion_entries(run, config, variants),
        ],
        "best": best_variant(variants, config.select),
        "data": data_entry(run.index, config.ingest.path),
    }
    content = {"config": config.model_dump(mode="json", by_alias=True), **found}
    fingerprints = {label: fingerprint.to_json() for label, (fingerprint, _) in run.keys.items()}
    return {
        **found,
        "reference": read_reference(config.report.reference),
        "since": changes_since_last_run(report.parent, content, fingerprints),
        "artifacts": {
            "report": str(report),
            "data_docs": {
                stage.removeprefix("validate_"): str(folder / "data_docs" / "index.html")
                for stage in CHECKS
                for folder in run.folders_of(stage)[:1]
            },
        },
    }


def lost_text_warnings(run: Run) -> list[str]:
    """Return a warning for each step that kept almost nothing of the texts.

    Then a setting must be wrong.
    """
    rows = run.figure_of("normalize", "rows")
    if not rows:
        return []
    words = run.figure_of("normalize", "tokens") / rows  # variants may normalise in several ways
    length = run.figure_of("ingest", "bytes") / max(run.figure_of("ingest", "rows"), 1)
    warnings = []
    if words < FEWEST_WORDS or length > MOST_BYTES_A_WORD * words:
        warnings.append(
            f"Almost nothing of the texts was kept: {words:,.1f} words a review of {length:,.0f} "
            "bytes on average; normalize.token_pattern may not fit the language."
        )
    weighed = run.figure_of("features", "rows")
    terms = run.figure_of("features", "values") / max(weighed, 1)
    if weighed and terms < FEWEST_TERMS:
        warnings.append(
            f"A review holds {terms:.1f} terms of the vocabulary on average, too few to learn "
            "much from; look at vectorize.max_features, vectorize.min_df and normalize."
        )
    return warnings


def equal_variant_notes(run: Run) -> list[str]:
    """Return a sentence for variants that share a network: equal settings."""
    shared = {
        tuple(node.variants): None
        for node in run.planner.nodes
        if node.stage.name == "train" and len(node.variants) > 1
    }
    return [
        f"{', '.join(names[:-1])} and {names[-1]} have equal settings: trained once for all."
        for names in shared
    ]


def quality_entries(run: Run, stages: tuple[str, ...] = CHECKS) -> list[dict[str, Any]]:
    """Return one entry an expectation of every finished check, in suite order."""
    return [
        entry
        for stage in stages
        for folder in run.folders_of(stage)
        for entry in read_results(folder)["results"]
    ]


def variant_entries(run: Run, config: Config) -> list[dict[str, Any]]:
    """Return one entry a variant, in the configuration's order."""
    changes = config.variant_changes
    return [
        _variant_entry(run, name, variant, changes[name])
        for name, variant in config.variant_configs.items()
    ]


def conclusion_entries(
    run: Run, config: Config, variants: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return the conclusions on each factor, none if there is no report."""
    folder = run.folder_of("report")
    if folder is None:
        return []
    comparisons = json.loads((folder / "comparisons.json").read_text(encoding="utf-8"))
    groups = _groups(run)
    settings = {name: _flat_settings(own) for name, own in config.variant_configs.items()}
    return draw_conclusions(
        [
            VariantOutcome(
                entry["name"], groups.get(entry["name"]), entry["kind"], settings[entry["name"]]
            )
            for entry in variants
        ],
        comparisons,
    )


def _groups(run: Run) -> dict[str, int]:
    """Return the number that each variant has in the report's comparisons."""
    nodes = [node for node in run.planner.nodes if node.stage.name == "train"]
    numbers = variant_numbers([node.variants[0] for node in nodes])
    return {
        name: number for number, node in zip(numbers, nodes, strict=True) for name in node.variants
    }


def _flat_settings(config: Config) -> dict[str, Any]:
    """Return the settings that a variant may change, by full name, as JSON."""
    content = config.model_dump(mode="json", include=set(VARIED_SECTIONS))
    return {
        f"{section}.{name}": value
        for section, settings in content.items()
        for name, value in settings.items()
    }


def data_entry(index: Index, path: str) -> dict[str, Any]:
    """Return how many rows were read and, by label word, left out."""
    return {
        "path": path,
        "rows": index.rows,
        "parts": len(index.parts),
        "left_out": [asdict(left_out) for left_out in index.left_out],
    }


def _variant_entry(
    run: Run, name: str, config: Config, changes: Mapping[str, Any]
) -> dict[str, Any]:
    trained = [
        node for node in run.planner.nodes if node.stage.name == "train" and name in node.variants
    ]
    evaluated = [
        node
        for node in run.planner.nodes
        if node.stage.name == "evaluate" and name in node.variants
    ]
    repeats = [
        _seed_entry(run, model, judged) for model, judged in zip(trained, evaluated, strict=True)
    ]
    done = [entry for entry in repeats if entry is not None]
    kind, sentence = _common_diagnosis(done)
    whole = len(done) == len(repeats)
    params = trained[0].settings_json["train"]
    return {
        "name": name,
        "changes": dict(changes),
        "params": {**params, "repeats": config.train.repeats, "seed": config.train.seed},
        "key": done[0]["key"] if done else None,
        "state": _state(done) if whole else "skipped",
        "seconds": round(sum(entry["seconds"] for entry in done), 3),
        "kind": kind,
        "diagnosis": sentence,
        "metrics": _means([entry["metrics"] for entry in done]) if whole else None,
        "repeats": done if config.train.repeats > 1 else [],
    }


def _seed_entry(run: Run, model: Node, judged: Node) -> dict[str, Any] | None:
    """Return the results of one seed of a variant, None if it did not run."""
    trained, evaluated = run.artifacts.get(model.steps[0]), run.artifacts.get(judged.steps[0])
    if trained is None or evaluated is None:
        return None
    metrics = json.loads((evaluated.folder / "metrics.json").read_text(encoding="utf-8"))
    diagnosis = diagnose(read_history(trained.folder), metrics)
    outcome = next(
        o for o in run.outcomes if o.key == trained.manifest["key"] and o.stage == "train"
    )
    return {
        "seed": model.settings["train"].seed,
        "key": trained.manifest["key"],
        "state": outcome.state,
        "seconds": trained.manifest["seconds"],
        "kind": diagnosis.kind,
        "diagnosis": diagnosis.sentence,
        "metrics": metrics,
    }


def _common_diagnosis(seeds: list[dict[str, Any]]) -> tuple[str, str | None]:
    """Return the most frequent kind among a variant's seeds, and its sentence."""
    if not seeds:
        return "", None
    counts = Counter(entry["kind"] for entry in seeds)
    kind, many = counts.most_common(1)[0]
    sentence = next(entry["diagnosis"] for entry in seeds if entry["kind"] == kind)
    if many == len(seeds):
        return kind, sentence
    return kind, f"{sentence} So with {many} of {len(seeds)} seeds."


def read_history(folder: Path) -> list[dict[str, Any]]:
    """Return the rows of a model's history."""
    rows: list[dict[str, Any]] = read_parquet(folder / "history.parquet").to_pylist()
    return rows


def _state(entries: list[dict[str, Any]]) -> str:
    return "ran" if any(entry["state"] == "ran" for entry in entries) else "cached"


def _means(metrics: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Return means over seeds, number by number.

    A figure that one seed lacks is left out.
    """
    if len(metrics) == 1:
        return dict(metrics[0])
    means: dict[str, Any] = {}
    for name, value in metrics[0].items():
        values = [entry[name] for entry in metrics]
        if isinstance(value, Mapping):
            means[name] = _means(values)
        else:
            means[name] = fmean(values) if all(v is not None for v in values) else None
    return means
