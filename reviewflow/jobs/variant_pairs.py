"""Match the variants of two runs by what they are, then by their names.

settings of each variant ─┬─ all equal ───────────────────────────▶ pair
                          ├─ equal but for seeds and log lines ───▶ pair
                          ├─ equal but for text settings that changed for all ─▶ pair
                          └─ other settings, the same name ───────▶ pair, with what changed
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from reviewflow.config.variants import VARIED_SECTIONS, apply_variant
from reviewflow.errors import ConfigError
from reviewflow.formatting import finite, flatten
from reviewflow.runs.history import RunRecord
from reviewflow.runs.json_values import mapping, mappings

DRAWN_ANEW = frozenset({"train.seed", "train.repeats", "train.log_every"})  # not what it is
TEXT_SECTIONS = ("normalize.", "vectorize.")


@dataclass(frozen=True)
class RunVariant:
    """A variant of one run.

    Attributes
    ----------
    entry : of run.json's ``variants``.
    settings : those that a variant may change, by full name, as it was trained.
    own : names of the settings that it changes itself.
    """

    name: str
    entry: Mapping[str, Any]
    settings: Mapping[str, Any]
    own: frozenset[str]

    @property
    def seeds(self) -> list[Mapping[str, Any]]:
        """What run.json holds of each seed, or of the only one."""
        return mappings(self.entry.get("repeats")) or [self.entry]

    def test_metrics(self) -> list[Mapping[str, Any]]:
        """Return the metrics of the test rows, of each seed."""
        return [mapping(mapping(seed.get("metrics")).get("test")) for seed in self.seeds]

    def mean(self, split: str, metric: str) -> float | None:
        """Return a metric, the mean of several seeds."""
        return finite(mapping(mapping(self.entry.get("metrics")).get(split)).get(metric))


@dataclass(frozen=True)
class VariantPair:
    """A variant of run A and the same one of run B, None where one lacks it.

    Attributes
    ----------
    is_best : whether the two are the best of either run, and do not match.
    """

    a: RunVariant | None
    b: RunVariant | None
    is_best: bool = False

    @property
    def match(self) -> str:
        """One of ``same``, ``renamed``, ``best``, ``only in A``, ``only in B``."""
        if self.a is None or self.b is None:
            return "only in B" if self.a is None else "only in A"
        if self.is_best:
            return "best"
        return "same" if self.a.name == self.b.name else "renamed"

    def changed_settings(self) -> list[dict[str, Any]]:
        """Return ``name``, ``a`` and ``b`` of each setting that differs."""
        if self.a is None or self.b is None:
            return []
        ours, theirs = self.a.settings, self.b.settings
        return [
            {"name": name, "a": ours.get(name), "b": theirs.get(name)}
            for name in {**ours, **theirs}
            if ours.get(name) != theirs.get(name)
        ]


def pair_variants(a: RunRecord, b: RunRecord) -> list[VariantPair]:
    """Return the variants of both runs in pairs, in B's order, then A's rest."""
    ours, theirs = _variants(a), _variants(b)
    base_a, base_b = _base_settings(a), _base_settings(b)
    moved = {
        name
        for name in {**base_a, **base_b}
        if base_a.get(name) != base_b.get(name) and name.startswith(TEXT_SECTIONS)
    }
    new = _settings_of_one(_base_sections(a), _base_sections(b))
    signatures: tuple[Callable[[RunVariant], str], ...] = (
        lambda variant: _signature(variant, new),
        lambda variant: _signature(variant, new | DRAWN_ANEW),
        lambda variant: _signature(variant, new | DRAWN_ANEW | (moved - variant.own)),
        lambda variant: variant.name,
    )
    partners: dict[str, RunVariant] = {}
    for signature in signatures:
        left_a = _without(ours, partners)
        left_b = [each for each in theirs if each.name not in partners]
        partners |= _matches(left_a, left_b, signature)
    paired = [VariantPair(partners.get(each.name), each) for each in theirs]
    return [*paired, *(VariantPair(each, None) for each in _without(ours, partners))]


def _without(ours: list[RunVariant], partners: Mapping[str, RunVariant]) -> list[RunVariant]:
    taken = {own.name for own in partners.values()}
    return [each for each in ours if each.name not in taken]


def _matches(
    ours: list[RunVariant], theirs: list[RunVariant], signature: Callable[[RunVariant], str]
) -> dict[str, RunVariant]:
    """Return A's variant for the names of B's whose signatures are equal.

    Of several alike, those of one name belong together, and the others in their order.
    """
    alike: dict[str, list[RunVariant]] = {}
    for each in ours:
        alike.setdefault(signature(each), []).append(each)
    found: dict[str, RunVariant] = {}
    for is_turn in (True, False):  # first those whose names agree
        for each in theirs:
            candidates = alike.get(signature(each), [])
            named = [own for own in candidates if own.name == each.name]
            chosen = named if is_turn else candidates
            if chosen and each.name not in found:
                found[each.name] = chosen[0]
                candidates.remove(chosen[0])
    return found


def _signature(variant: RunVariant, without: frozenset[str]) -> str:
    kept = {
        name: value
        for name, value in variant.settings.items()
        if name not in without or (name in variant.own and name not in DRAWN_ANEW)
    }
    return json.dumps(kept, sort_keys=True)


def _settings_of_one(a: Mapping[str, Any], b: Mapping[str, Any]) -> frozenset[str]:
    """Return the settings that the version of one run did not know.

    A section that one run has not recorded tells nothing.
    """
    return frozenset(
        f"{section}.{name}"
        for section in VARIED_SECTIONS
        if a[section] and b[section]
        for name in a[section].keys() ^ b[section].keys()
    )


def _variants(run: RunRecord) -> list[RunVariant]:
    """Return the variants of a run that have a name."""
    return [
        RunVariant(entry["name"], entry, _settings(run, entry), _own(entry))
        for entry in mappings(run.content.get("variants"))
        if isinstance(entry.get("name"), str)
    ]


def _settings(run: RunRecord, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return a variant's settings by full name.

    Its ``params`` are the section ``train`` as it was trained, defaults and device written out.
    """
    base = _base_sections(run)
    try:
        varied = apply_variant(base, entry["name"], dict(mapping(entry.get("changes"))))
    except ConfigError:
        varied = base
    train = {**mapping(varied.get("train")), **mapping(entry.get("params"))}
    found = flatten({**varied, "train": train})
    return {name: value for name, value in found.items() if value != {}}


def _base_settings(run: RunRecord) -> dict[str, Any]:
    return flatten(_base_sections(run))


def _base_sections(run: RunRecord) -> dict[str, Any]:
    config = mapping(run.content.get("config"))
    return {section: dict(mapping(config.get(section))) for section in VARIED_SECTIONS}


def _own(entry: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(flatten(mapping(entry.get("changes"))))
