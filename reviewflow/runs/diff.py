"""Compare two runs, and say why their steps differ.

run.json of both  ─▶ parameters, rows, metrics
keys.json of both ─▶ code, packages, and the reasons that a plan would give
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from reviewflow.errors import StoreError
from reviewflow.formatting import finite, flatten
from reviewflow.pipeline.reasons import differences, reason_text
from reviewflow.runs.history import RunRecord, references, run_summary
from reviewflow.runs.json_values import mapping, mappings, text
from reviewflow.runs.keys_file import Keys, read_keys
from reviewflow.store.catalog import read_manifest

Fingerprints = Mapping[str, Mapping[str, Any]]


def compare_runs(a: RunRecord, b: RunRecord, store: Path) -> dict[str, Any]:
    """Return what differs between run ``a`` and run ``b``, as JSON values.

    Returns
    -------
    dict
        ``runs`` (a line of each), ``parameters``, ``data``, ``code``, ``packages``, ``metrics``,
        ``reasons`` (per step label, in the words of a plan), and ``notes`` on what could not be
        compared. Lists are empty where nothing differs.

    Raises
    ------
    StoreError : if the run.json of one is unreadable.
    """
    for run in (a, b):
        if run.trouble:
            raise StoreError(f"Run {run.run_id} cannot be compared: {run.trouble}")
    keys_a, keys_b = read_keys(a.folder), read_keys(b.folder)
    fingerprints_a, fingerprints_b = _reached(a, keys_a), _reached(b, keys_b)
    notes = [
        f"run {run.run_id} has not kept what its keys were made of; code is not compared"
        for run, fingerprints in ((a, fingerprints_a), (b, fingerprints_b))
        if not fingerprints
    ]
    if not notes and keys_a.of_first_version != keys_b.of_first_version:
        notes.append("one run is of version 0.1, and modules were renamed; code is not compared")
        fingerprints_a, fingerprints_b = (
            _without_code(fingerprints_a),
            _without_code(fingerprints_b),
        )
    return {
        "runs": [run_summary(a), run_summary(b)],
        "parameters": _parameters(a, b),
        "data": _data(a, b, store),
        "code": _code(fingerprints_a, fingerprints_b),
        "packages": _packages(a, b, fingerprints_a, fingerprints_b),
        "metrics": list(_metrics(a, b)),
        "reasons": _reasons(a, b, fingerprints_a, fingerprints_b),
        "notes": notes,
    }


def _parameters(a: RunRecord, b: RunRecord) -> list[dict[str, Any]]:
    """Return the settings whose values differ, defaults written out."""
    config_a, config_b = (flatten(mapping(run.content.get("config"))) for run in (a, b))
    return _pairs(config_a, config_b)


def _pairs(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return names whose values differ, in the order of the mappings."""
    return [
        {"name": name, "a": a.get(name), "b": b.get(name)}
        for name in {**a, **b}
        if a.get(name) != b.get(name) or (name in a) != (name in b)
    ]


def _data(a: RunRecord, b: RunRecord, store: Path) -> list[dict[str, Any]]:
    """Return the rows, and how many of their parts hold other rows."""
    found = _pairs(
        {name: mapping(a.content.get("data")).get(name) for name in ("rows", "parts")},
        {name: mapping(b.content.get("data")).get(name) for name in ("rows", "parts")},
    )
    parts_a, parts_b = Counter(_row_digests(a, store)), Counter(_row_digests(b, store))
    only_a, only_b = (parts_a - parts_b).total(), (parts_b - parts_a).total()
    if only_a or only_b:
        found.append({"name": "parts with other rows", "a": only_a, "b": only_b})
    return found


def _row_digests(run: RunRecord, store: Path) -> list[str]:
    """Return a digest of the rows of each part.

    It is that of the outputs of the stage that reads them, the first that works part by part. Where
    the artifact is gone, its key is returned.
    """
    steps = [step for step in mappings(run.content.get("stages")) if step.get("part") is not None]
    found = []
    for step in steps:
        stage, key = step.get("stage"), step.get("key")
        if stage == steps[0].get("stage") and isinstance(stage, str) and isinstance(key, str):
            manifest, _ = read_manifest(store / stage / key)
            found.append(json.dumps(manifest["digests"], sort_keys=True) if manifest else key)
    return found


def _code(a: Fingerprints, b: Fingerprints) -> list[dict[str, Any]]:
    """Return definitions that differ, of stages that both runs reached."""
    found: dict[str, dict[str, Any]] = {}
    code_a, code_b = _by_stage(a, "code"), _by_stage(b, "code")
    for stage in code_a:
        if stage not in code_b:
            continue
        for pair in _pairs(code_a[stage], code_b[stage]):
            change = "added" if pair["a"] is None else "removed" if pair["b"] is None else "changed"
            known = found.setdefault(
                pair["name"], {"definition": pair["name"], "change": change, "stages": []}
            )
            known["stages"].append(stage)
    return [found[name] for name in sorted(found)]


def _packages(
    a: RunRecord, b: RunRecord, fingerprints_a: Fingerprints, fingerprints_b: Fingerprints
) -> list[dict[str, Any]]:
    """Return the versions that differ, among packages that both runs know.

    A package that only one run's steps import has no version to compare.
    """
    both_a, both_b = _versions(a, fingerprints_a), _versions(b, fingerprints_b)
    shared = [name for name in both_a if name in both_b]
    return _pairs({name: both_a[name] for name in shared}, {name: both_b[name] for name in shared})


def _versions(run: RunRecord, fingerprints: Fingerprints) -> dict[str, Any]:
    """Return the versions that a run records and those that its steps import."""
    recorded = mapping(run.content.get("environment"))
    found = {"python": recorded.get("python"), **mapping(recorded.get("packages"))}
    for packages in _by_stage(fingerprints, "packages").values():
        found |= packages
    return found


def _metrics(a: RunRecord, b: RunRecord) -> Iterator[dict[str, Any]]:
    """Give metrics that differ by variant and split, with change b − a."""
    variants_a, variants_b = _by_variant(a), _by_variant(b)
    for name in {**variants_a, **variants_b}:
        one, other = variants_a.get(name, {}), variants_b.get(name, {})
        for pair in _pairs(flatten(one), flatten(other)):
            split, _, metric = pair["name"].partition(".")
            before, after = finite(pair["a"]), finite(pair["b"])
            if (before is None and after is None) or not metric or "." in metric:
                continue
            yield {
                "variant": name,
                "split": split,
                "metric": metric,
                "a": before,
                "b": after,
                "change": None if before is None or after is None else after - before,
            }


def _by_variant(run: RunRecord) -> dict[str, Mapping[str, Any]]:
    return {
        variant["name"]: mapping(variant.get("metrics"))
        for variant in mappings(run.content.get("variants"))
        if isinstance(variant.get("name"), str)
    }


def _reasons(
    a: RunRecord, b: RunRecord, fingerprints_a: Fingerprints, fingerprints_b: Fingerprints
) -> list[dict[str, Any]]:
    """Return why steps differ, in a plan's words, by the reasons shared."""
    by_part = _stages_by_part(a) | _stages_by_part(b)
    found: dict[tuple[str, ...], list[str]] = {}
    for label, old in fingerprints_a.items():
        new = fingerprints_b.get(label)
        if new is None:
            continue
        if new.get("stage") in by_part:  # keys.json holds the facts of the first part only
            old, new = {**old, "given": {}, "facts": {}}, {**new, "given": {}, "facts": {}}
        reasons = tuple(dict.fromkeys(reason_text([r]) for r in differences(old, new)))
        if reasons:
            found.setdefault(reasons, []).append(label)
    return [{"steps": labels, "reasons": list(reasons)} for reasons, labels in found.items()]


def _stages_by_part(run: RunRecord) -> set[str]:
    """Return the names of the stages that work part by part."""
    steps = mappings(run.content.get("stages"))
    return {text(step.get("stage")) for step in steps if step.get("part") is not None}


def _reached(run: RunRecord, keys: Keys) -> Fingerprints:
    """Return the fingerprints of the steps that a run reached, by label."""
    own = {key for _, key in references(run)}
    return {
        label: fingerprint
        for label, fingerprint in keys.fingerprints.items()
        if keys.keys[label] & own
    }


def _without_code(fingerprints: Fingerprints) -> Fingerprints:
    """Return fingerprints without their code."""
    return {label: {**each, "code": {}} for label, each in fingerprints.items()}


def _by_stage(fingerprints: Fingerprints, field: str) -> dict[str, dict[str, Any]]:
    """Return one field of all fingerprints of each stage together.

    A stage's steps run the same code.
    """
    found: dict[str, dict[str, Any]] = {}
    for fingerprint in fingerprints.values():
        found.setdefault(str(fingerprint.get("stage")), {}).update(fingerprint[field])
    return found
