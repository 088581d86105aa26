"""What differs between two runs: parameters, data, code, packages, metrics, and why steps differ.

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
from reviewflow.formatting import finite
from reviewflow.jobs.sentiment import STAGES
from reviewflow.pipeline.keys import differences
from reviewflow.runs.history import RunRecord, mapping, mappings, references, run_line
from reviewflow.store.catalog import manifest_in

RECIPE = ("settings", "files", "given", "code", "packages", "resources")
Recipes = Mapping[str, Mapping[str, Any]]


def compare_runs(a: RunRecord, b: RunRecord, store: Path) -> dict[str, Any]:
    """What differs between run ``a`` and run ``b``, as JSON values.

    Returns
    -------
    dict
        ``runs`` (a line of each), ``parameters``, ``data``, ``code``, ``packages``, ``metrics``,
        ``reasons`` (per step label, in the words of a plan), and ``notes`` on what could not be
        compare_runs. Lists are empty where nothing differs.

    Raises
    ------
    StoreError : if the run.json of one is unreadable.
    """
    for run in (a, b):
        if run.trouble:
            raise StoreError(f"Run {run.run_id} cannot be compare_runs: {run.trouble}")
    recipes_a, recipes_b = _fingerprints(a), _fingerprints(b)
    notes = [
        f"run {run.run_id} has not kept what its keys were made of; code is not compare_runs"
        for run, fingerprints in ((a, recipes_a), (b, recipes_b))
        if not fingerprints
    ]
    return {
        "runs": [run_line(a), run_line(b)],
        "parameters": _parameters(a, b),
        "data": _data(a, b, recipes_a, recipes_b, store),
        "code": _code(recipes_a, recipes_b),
        "packages": _packages(a, b, recipes_a, recipes_b),
        "metrics": list(_metrics(a, b)),
        "reasons": _reasons(recipes_a, recipes_b),
        "notes": notes,
    }


def _parameters(a: RunRecord, b: RunRecord) -> list[dict[str, Any]]:
    """Settings whose values differ, defaults written out."""
    flat_a, flat_b = flat(a.content.get("config")), flat(b.content.get("config"))
    return _pairs(flat_a, flat_b)


def flat(settings: Any, prefix: str = "") -> dict[str, Any]:
    """Nested settings by their full names: ``{"train": {"seed": 0}}`` as ``train.seed``."""
    found: dict[str, Any] = {}
    for name, value in mapping(settings).items():
        if isinstance(value, Mapping) and value:
            found |= flat(value, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = value
    return found


def _pairs(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Names whose values differ, in the order of the first mapping, then of the second."""
    return [
        {"name": name, "a": a.get(name), "b": b.get(name)}
        for name in {**a, **b}
        if a.get(name) != b.get(name) or (name in a) != (name in b)
    ]


def _data(
    a: RunRecord, b: RunRecord, recipes_a: Recipes, recipes_b: Recipes, store: Path
) -> list[dict[str, Any]]:
    """Rows, and how many of the parts that they were cut into are the same."""
    found = _pairs(
        {name: mapping(a.content.get("data")).get(name) for name in ("rows", "parts")},
        {name: mapping(b.content.get("data")).get(name) for name in ("rows", "parts")},
    )
    parts_a, parts_b = (
        Counter(
            _content(store, step["key"])
            for step in mappings(run.content.get("stages"))
            if step.get("stage") == "ingest" and isinstance(step.get("key"), str)
        )
        for run in (a, b)
    )
    only_a, only_b = (parts_a - parts_b).total(), (parts_b - parts_a).total()
    if only_a or only_b:
        found.append({"name": "parts with other rows", "a": only_a, "b": only_b})
    return found


def _content(store: Path, key: str) -> str:
    """What stands for a part's rows: their digests, or the step's key where they are gone."""
    manifest, _ = manifest_in(store / "ingest" / key)
    return json.dumps(manifest["digests"], sort_keys=True) if manifest else key


def _code(a: Recipes, b: Recipes) -> list[dict[str, Any]]:
    """Definitions that differ, of the stages that both runs reached."""
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
    a: RunRecord, b: RunRecord, recipes_a: Recipes, recipes_b: Recipes
) -> list[dict[str, Any]]:
    """Versions that differ, of what the runs note and of what their steps import."""

    def versions(run: RunRecord, fingerprints: Recipes) -> dict[str, Any]:
        noted = mapping(run.content.get("environment"))
        found = {"python": noted.get("python"), **mapping(noted.get("packages"))}
        for packages in _by_stage(fingerprints, "packages").values():
            found |= packages
        return found

    both_a, both_b = versions(a, recipes_a), versions(b, recipes_b)
    # a package that only one run's steps reached is no other version
    shared = [name for name in both_a if name in both_b]
    return _pairs({name: both_a[name] for name in shared}, {name: both_b[name] for name in shared})


def _metrics(a: RunRecord, b: RunRecord) -> Iterator[dict[str, Any]]:
    """Metrics that differ, by variant and split; ``change`` is b − a."""
    variants_a, variants_b = _by_variant(a), _by_variant(b)
    for name in {**variants_a, **variants_b}:
        one, other = variants_a.get(name, {}), variants_b.get(name, {})
        for pair in _pairs(flat(one), flat(other)):
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


def _reasons(a: Recipes, b: Recipes) -> list[dict[str, Any]]:
    """Why the steps of both runs differ, in a plan's words; labels with one reason together."""
    found: dict[tuple[str, ...], list[str]] = {}
    for label in a:
        if label in b:
            said = tuple(differences(_without_place(a[label]), _without_place(b[label])))
            if said:
                found.setdefault(said, []).append(label)
    return [{"steps": labels, "reasons": list(said)} for said, labels in found.items()]


def _without_place(fingerprint: Mapping[str, Any]) -> Mapping[str, Any]:
    """A fingerprint without what is one part's own: keys.json holds the first part's."""
    by_part = {stage.name for stage in STAGES if stage.fan_out == "part"}
    return {**fingerprint, "given": {}} if fingerprint.get("stage") in by_part else fingerprint


def _fingerprints(run: RunRecord) -> dict[str, Mapping[str, Any]]:
    """The fingerprints of the steps that a run reached, by label; none if unreadable."""
    try:
        kept = json.loads((run.folder / "keys.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    own = {key for _, key in references(run)}
    found = {}
    for label, entry in mapping(kept).items():
        fingerprint, keys = mapping(mapping(entry).get("fingerprint")), mapping(entry).get("keys")
        reached = isinstance(keys, list) and any(isinstance(k, str) and k in own for k in keys)
        if reached and all(isinstance(fingerprint.get(name), Mapping) for name in RECIPE):
            found[label] = fingerprint
    return found


def _by_stage(fingerprints: Recipes, field: str) -> dict[str, dict[str, Any]]:
    """One field of all fingerprints of a stage together: a stage's steps run the same code."""
    found: dict[str, dict[str, Any]] = {}
    for fingerprint in fingerprints.values():
        found.setdefault(str(fingerprint.get("stage")), {}).update(fingerprint[field])
    return found
