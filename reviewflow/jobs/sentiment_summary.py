"""Summarise a run for run.json: stages, quality, variants, conclusions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from reviewflow.config.sections import Config
from reviewflow.config.variants import VARIED_SECTIONS
from reviewflow.evaluation.conclusions import VariantOutcome, draw_conclusions
from reviewflow.evaluation.selection import best_variant
from reviewflow.jobs.sentiment_variants import report_numbers, run_learned, variant_entries
from reviewflow.pipeline.runner import Run
from reviewflow.quality.results import read_results
from reviewflow.reporting.reference import read_reference
from reviewflow.reviews.parts import Index
from reviewflow.runs.changes import changes_since_last_run

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
    best, compared = best_variant(variants, config.select), report_content(run)
    found = {
        "stages": [outcome.to_json() for outcome in run.all_outcomes()],
        "quality": quality_entries(run),
        "variants": variants,
        "conclusions": [
            *lost_text_warnings(run),
            *equal_variant_notes(run),
            *conclusion_entries(run, config, variants),
        ],
        "best": best,
        "learned": run_learned(variants, best),
        "baselines": compared.get("baselines") or [],
        "learning_curves": learning_curves(run),
        "data": data_entry(run.index, config.ingest.path, compared.get("class_rows")),
    }
    content = {"config": config.model_dump(mode="json", by_alias=True), **found}
    fingerprints = {label: fingerprint.to_json() for label, (fingerprint, _) in run.keys.items()}
    return {
        **found,
        "reference": read_reference(config.report.reference),
        "since": changes_since_last_run(report.parent, content, fingerprints),
        "artifacts": {
            "report": str(report),
            "mistakes": mistakes_path(run),
            "data_docs": {
                stage.removeprefix("validate_"): str(folder / "data_docs" / "index.html")
                for stage in CHECKS
                for folder in run.folders_of(stage)[:1]
            },
        },
    }


def mistakes_path(run: Run) -> str | None:
    """Return the path of the best model's mistakes, None if there is none."""
    folder = run.folder_of("report")
    path = None if folder is None else folder / "mistakes.csv"
    return str(path) if path is not None and path.is_file() else None


def learning_curves(run: Run) -> list[dict[str, Any]]:
    """Return the learning curves that were measured, with their variants."""
    found = []
    for node in run.planner.nodes:
        artifact = run.artifacts.get(node.steps[0]) if node.stage.name == "learning_curve" else None
        if artifact is not None:
            content = json.loads((artifact.folder / "curve.json").read_text(encoding="utf-8"))
            found += [{"variant": name, **content} for name in node.variants]
    return found


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
    is_long = length > MOST_BYTES_A_WORD * words and not _reads_characters(run)
    if words < FEWEST_WORDS or is_long:
        warnings.append(
            f"Almost nothing of the texts was kept: {words:,.1f} words a review of {length:,.0f} "
            "bytes on average; normalize.token_pattern may not fit the language. For one without "
            "spaces between words set vectorize.analyzer: char."
        )
    weighed = run.figure_of("features", "rows")
    terms = run.figure_of("features", "values") / max(weighed, 1)
    if weighed and terms < FEWEST_TERMS:
        warnings.append(
            f"A review holds {terms:.1f} terms of the vocabulary on average, too few to learn "
            "much from; look at vectorize.max_features, vectorize.min_df and normalize."
        )
    return warnings


def _reads_characters(run: Run) -> bool:
    """Return whether a variant's terms are made of characters."""
    return any(
        node.config.settings("vectorize.analyzer") == "char"
        for node in run.planner.nodes
        if node.stage.name == "features"
    )


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


def conclusion_entries(
    run: Run, config: Config, variants: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return the conclusions on each factor, none if there is no report."""
    comparisons, groups = report_content(run), report_numbers(run)
    if not comparisons:
        return []
    settings = {name: _flat_settings(own) for name, own in config.variant_configs.items()}
    return draw_conclusions(
        [
            VariantOutcome(
                entry["name"],
                groups.get(entry["name"]),
                entry["kind"],
                settings[entry["name"]],
                entry["learned"],
            )
            for entry in variants
        ],
        comparisons,
    )


def report_content(run: Run) -> dict[str, Any]:
    """Return what the stage ``report`` compared, nothing without it."""
    folder = run.folder_of("report")
    if folder is None:
        return {}
    content: dict[str, Any] = json.loads((folder / "comparisons.json").read_text(encoding="utf-8"))
    return content


def _flat_settings(config: Config) -> dict[str, Any]:
    """Return the settings that a variant may change, by full name, as JSON."""
    content = config.model_dump(mode="json", include=set(VARIED_SECTIONS))
    return {
        f"{section}.{name}": value
        for section, settings in content.items()
        for name, value in settings.items()
    }


def data_entry(
    index: Index,
    path: str | Sequence[str],
    class_rows: Mapping[str, Sequence[int]] | None = None,
) -> dict[str, Any]:
    """Return which rows were read and, by label word, left out.

    Parameters
    ----------
    class_rows : labelled rows of each class by split; unknown before they are counted.
    """
    return {
        "path": path,
        "rows": index.rows,
        "digest": index.digest(),
        "parts": len(index.parts),
        "files": index.file_entries(),
        "classes": [
            {"name": name, "label": label}
            | {split: own[label] for split, own in (class_rows or {}).items()}
            for label, name in enumerate(index.class_names)
        ],
        "left_out": [asdict(left_out) for left_out in index.left_out],
    }
