"""Compare two runs, and say why their steps differ.

run.json of both  ─▶ parameters, rows, metrics
keys.json of both ─▶ code, packages, and the reasons that a plan would give
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from reviewflow.errors import StoreError
from reviewflow.formatting import finite, flatten
from reviewflow.pipeline.reasons import Reason, differences, reason_text
from reviewflow.runs.history import RunRecord, references, run_summary
from reviewflow.runs.json_values import mapping, mappings, text
from reviewflow.runs.keys_file import read_keys
from reviewflow.store.catalog import read_manifest

Fingerprints = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Side:
    """One of the two runs.

    Attributes
    ----------
    fingerprints : of the steps that the run reached, by label.
    keys : of the same steps, this run's alone.
    of_first_version : whether version 0.1 wrote its keys.json.
    """

    run: RunRecord
    fingerprints: Fingerprints
    keys: Mapping[str, frozenset[str]]
    of_first_version: bool


def compare_runs(
    a: RunRecord, b: RunRecord, store: Path, renamed: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return what differs between run ``a`` and run ``b``, as JSON values.

    Parameters
    ----------
    renamed : the name in ``a`` of variants of ``b``, whose steps are compared with those of ``a``.

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
    old, new = _side(a), _relabel(_side(b), renamed or {})
    same_names = old.of_first_version == new.of_first_version
    return {
        "runs": [run_summary(a), run_summary(b)],
        "parameters": _parameters(a, b),
        "data": _data(a, b, store),
        "code": _code(old.fingerprints, new.fingerprints) if same_names else [],
        "packages": _packages(old, new),
        "metrics": list(_metrics(a, b)),
        "reasons": _reasons(old, new, same_names),
        "notes": _notes(old, new, same_names),
    }


def _side(run: RunRecord) -> Side:
    """Return a run with the part of its keys.json that it reached itself."""
    kept = read_keys(run.folder)
    own = {key for _, key in references(run)}
    keys = {label: known & own for label, known in kept.keys.items() if known & own}
    fingerprints = {label: kept.fingerprints[label] for label in keys}
    return Side(run, fingerprints, keys, kept.of_first_version)


def _relabel(side: Side, renamed: Mapping[str, str]) -> Side:
    """Return a run with the steps of renamed variants under other names."""
    labels = {label: _label_of(label, renamed) for label in side.fingerprints}
    return replace(
        side,
        fingerprints={labels[label]: own for label, own in side.fingerprints.items()},
        keys={labels[label]: own for label, own in side.keys.items()},
    )


def _label_of(label: str, renamed: Mapping[str, str]) -> str:
    """Return a step's label, ``train[tanh, seed 0]``, with another variant."""
    stage, bracket, variant = label.partition("[")
    for name, other in renamed.items():
        if variant == f"{name}]" or variant.startswith(f"{name}, seed "):
            return f"{stage}{bracket}{other}{variant.removeprefix(name)}"
    return label


def _notes(a: Side, b: Side, same_names: bool) -> list[str]:
    notes = [
        f"run {side.run.run_id} has not kept what its keys were made of; code is not compared"
        for side in (a, b)
        if not side.fingerprints
    ]
    if not notes and not same_names:
        notes.append("one run is of version 0.1, and modules were renamed; code is not compared")
    return notes


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
    differing = _pairs(
        {name: mapping(a.content.get("data")).get(name) for name in ("rows", "parts")},
        {name: mapping(b.content.get("data")).get(name) for name in ("rows", "parts")},
    )
    only_a, only_b = other_parts(a.content, b.content, store)
    if only_a or only_b:
        differing.append({"name": "parts with other rows", "a": only_a, "b": only_b})
    return differing


def other_parts(a: Mapping[str, Any], b: Mapping[str, Any], store: Path) -> tuple[int, int]:
    """Return how many parts of each run hold rows that the other run lacks.

    Parts with equal keys hold the same rows. The rows of the others are compared.

    Parameters
    ----------
    a, b : the runs' run.json.
    """
    keys_a, keys_b = (Counter(_row_artifacts(content)) for content in (a, b))
    rows_a = Counter(_row_digests(keys_a - keys_b, store))
    rows_b = Counter(_row_digests(keys_b - keys_a, store))
    return (rows_a - rows_b).total(), (rows_b - rows_a).total()


def _row_artifacts(content: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return stage and key of each artifact that holds rows as they were read."""
    reader = _reading_stage(content)
    return [
        (reader, step["key"])
        for step in mappings(content.get("stages"))
        if step.get("stage") == reader and isinstance(step.get("key"), str)
    ]


def _row_digests(artifacts: Counter[tuple[str, str]], store: Path) -> list[str]:
    """Return a digest of the rows of each part.

    It is that of the outputs of the stage that reads them. Where the artifact is gone, its key is
    returned.
    """
    every = artifacts.elements()
    manifests = [(key, read_manifest(store / reader / key)[0]) for reader, key in every]
    return [
        json.dumps(manifest["digests"], sort_keys=True) if manifest else key
        for key, manifest in manifests
    ]


def _reading_stage(content: Mapping[str, Any]) -> str:
    """Return the stage that reads the rows: the first that works part by part."""
    steps = [step for step in mappings(content.get("stages")) if step.get("part") is not None]
    return text(steps[0].get("stage")) if steps else ""


def _code(a: Fingerprints, b: Fingerprints) -> list[dict[str, Any]]:
    """Return definitions that differ, of stages that both runs reached."""
    definitions: dict[str, dict[str, Any]] = {}
    code_a, code_b = _by_stage(a, "code"), _by_stage(b, "code")
    for stage in code_a:
        if stage not in code_b:
            continue
        for pair in _pairs(code_a[stage], code_b[stage]):
            change = "added" if pair["a"] is None else "removed" if pair["b"] is None else "changed"
            definition = definitions.setdefault(
                pair["name"], {"definition": pair["name"], "change": change, "stages": []}
            )
            definition["stages"].append(stage)
    return [definitions[name] for name in sorted(definitions)]


def _packages(a: Side, b: Side) -> list[dict[str, Any]]:
    """Return the versions that differ, among packages that both runs know.

    A package that only one run's steps import has no version to compare.
    """
    both_a, both_b = _versions(a), _versions(b)
    shared = [name for name in both_a if name in both_b]
    return _pairs({name: both_a[name] for name in shared}, {name: both_b[name] for name in shared})


def _versions(side: Side) -> dict[str, Any]:
    """Return the versions that a run records and those that its steps import."""
    recorded = mapping(side.run.content.get("environment"))
    versions = {"python": recorded.get("python"), **mapping(recorded.get("packages"))}
    for packages in _by_stage(side.fingerprints, "packages").values():
        versions |= packages
    return versions


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


def _reasons(a: Side, b: Side, same_names: bool) -> list[dict[str, Any]]:
    """Return why steps differ, in a plan's words, by the reasons shared."""
    by_part = _stages_by_part(a.run) | _stages_by_part(b.run)
    reader = _reading_stage(b.run.content)
    labels: dict[tuple[str, ...], list[str]] = {}
    for label in a.fingerprints:
        if label not in b.fingerprints:
            continue
        stage = text(b.fingerprints[label].get("stage"))
        old, new = (
            _comparable(side.fingerprints[label], stage in by_part, same_names) for side in (a, b)
        )
        words = _words(differences(old, new))
        if not words and same_names and a.keys[label] != b.keys[label]:
            words = ["other rows" if stage == reader else "read other bytes"]
        if words:
            labels.setdefault(tuple(words), []).append(label)
    return [{"steps": alike, "reasons": list(words)} for words, alike in labels.items()]


def _comparable(
    fingerprint: Mapping[str, Any], is_part: bool, same_names: bool
) -> Mapping[str, Any]:
    """Return a fingerprint without the fields that cannot be compared.

    keys.json holds the facts of the first part only.
    """
    dropped = ["facts"] * is_part + ["code"] * (not same_names)
    return {**fingerprint, **{name: {} for name in dropped}}


def _words(reasons: list[Reason]) -> list[str]:
    """Return a phrase a reason, and one for all definitions that changed."""
    words = []
    for kind, group in groupby(reasons, key=lambda reason: reason.kind):
        alike = list(group)
        words += [reason_text(alike)] if kind == "code" else [reason_text([r]) for r in alike]
    return words


def _stages_by_part(run: RunRecord) -> set[str]:
    """Return the names of the stages that work part by part."""
    steps = mappings(run.content.get("stages"))
    return {text(step.get("stage")) for step in steps if step.get("part") is not None}


def _by_stage(fingerprints: Fingerprints, field: str) -> dict[str, dict[str, Any]]:
    """Return one field of all fingerprints of each stage together.

    A stage's steps run the same code.
    """
    fields: dict[str, dict[str, Any]] = {}
    for fingerprint in fingerprints.values():
        fields.setdefault(str(fingerprint.get("stage")), {}).update(fingerprint[field])
    return fields
