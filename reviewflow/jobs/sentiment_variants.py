"""Summarise the variants of a run for run.json, and the best of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from reviewflow.config.sections import Config
from reviewflow.evaluation.diagnosis import (
    UNTRAINED,
    Diagnosis,
    Setting,
    diagnose,
    diagnose_seeds,
)
from reviewflow.evaluation.majority import compare_with_majority
from reviewflow.evaluation.metrics import mean_figures
from reviewflow.evaluation.selection import read_history
from reviewflow.pipeline.graph import Node
from reviewflow.pipeline.runner import Run
from reviewflow.reporting.lineage import variant_numbers


class _Seed(NamedTuple):
    """One seed of a variant that ran: its entry in run.json and its history."""

    entry: dict[str, Any]
    history: list[dict[str, Any]]


def variant_entries(run: Run, config: Config) -> list[dict[str, Any]]:
    """Return one entry a variant, in the configuration's order."""
    changes, compared = config.variant_changes, len(set(report_numbers(run).values()))
    return [
        _variant_entry(run, name, variant, changes[name], compared)
        for name, variant in config.variant_configs.items()
    ]


def run_learned(variants: list[dict[str, Any]], best: Mapping[str, Any] | None) -> bool | None:
    """Return whether a variant beats the majority class beyond chance.

    The rows of the choice decide, or else the test rows, on which the best variant alone is
    judged. None if no variant was evaluated.
    """
    if best is None:
        return None
    if any(variant["learned"] for variant in variants):
        return True
    chosen = next(variant for variant in variants if variant["name"] == best["variant"])
    against = compare_with_majority(chosen["metrics"] or {}, "test")
    beats_chance = against is not None and against.beats_chance()
    return beats_chance and chosen["kind"] not in UNTRAINED


def report_numbers(run: Run) -> dict[str, int]:
    """Return the number that each variant has in the report's comparisons."""
    nodes = [node for node in run.planner.nodes if node.stage.name == "train"]
    numbers = variant_numbers([node.variants[0] for node in nodes])
    return {
        name: number for number, node in zip(numbers, nodes, strict=True) for name in node.variants
    }


def _variant_entry(
    run: Run, name: str, config: Config, changes: Mapping[str, Any], compared: int
) -> dict[str, Any]:
    trained = [
        node for node in run.planner.nodes if node.stage.name == "train" and name in node.variants
    ]
    evaluated = [
        node
        for node in run.planner.nodes
        if node.stage.name == "evaluate" and name in node.variants
    ]
    params = trained[0].settings_json["train"]
    setting = Setting(config.select.on, params, run.index.class_names, compared)
    repeats = [_seed(run, *nodes, setting) for nodes in zip(trained, evaluated, strict=True)]
    seeds = [seed for seed in repeats if seed is not None]
    done, whole = [seed.entry for seed in seeds], len(seeds) == len(repeats)
    diagnosis = _diagnosis_over_seeds(seeds, setting)
    failed_after = [run.failed_after(node) for node in trained]
    causes = [cause for node in (*trained, *evaluated) if (cause := run.cause_of(node))]
    return {
        "name": name,
        "changes": dict(changes),
        "params": {**params, "repeats": config.train.repeats, "seed": config.train.seed},
        "key": done[0]["key"] if done else None,
        "predictions": done[0]["predictions"] if done else None,
        "state": "failed" if causes else _state(done) if whole else "skipped",
        "error": causes[0] if causes else None,
        "trained": all(node.steps[0] in run.artifacts for node in trained),
        "seconds": round(sum([*(entry["seconds"] for entry in done), *failed_after]), 3),
        "kind": diagnosis.kind if diagnosis else "",
        "diagnosis": diagnosis.sentence if diagnosis else None,
        "learned": whole and diagnosis is not None and diagnosis.learned,
        "metrics": mean_figures([entry["metrics"] for entry in done]) if whole else None,
        "repeats": done if config.train.repeats > 1 else [],
    }


def _seed(run: Run, model: Node, judged: Node, setting: Setting) -> _Seed | None:
    """Return the results of one seed of a variant, None if it did not run."""
    trained, evaluated = run.artifacts.get(model.steps[0]), run.artifacts.get(judged.steps[0])
    if trained is None or evaluated is None:
        return None
    metrics = json.loads((evaluated.folder / "metrics.json").read_text(encoding="utf-8"))
    history = read_history(trained.folder)
    diagnosis = diagnose(history, metrics, setting)
    outcome = next(o for o in run.outcomes if o.key == trained.key and o.stage == "train")
    entry = {
        "seed": model.settings["train"].seed,
        "key": trained.key,
        "predictions": str(evaluated.folder / "predictions.parquet"),
        "state": outcome.state,
        "seconds": trained.seconds,
        "kind": diagnosis.kind,
        "diagnosis": diagnosis.sentence,
        "metrics": metrics,
    }
    return _Seed(entry, history)


def _diagnosis_over_seeds(seeds: list[_Seed], setting: Setting) -> Diagnosis | None:
    """Return the diagnosis of the seeds that ran, None if there are none."""
    if not seeds:
        return None
    return diagnose_seeds(
        [seed.history for seed in seeds],
        [seed.entry["metrics"] for seed in seeds],
        setting,
        [seed.entry["seed"] for seed in seeds],
    )


def _state(entries: list[dict[str, Any]]) -> str:
    return "ran" if any(entry["state"] == "ran" for entry in entries) else "cached"
