"""Say why a step runs, as data that becomes words at the edge.

fingerprints of two runs ─ differences ─▶ [Reason(kind, name, old, new)] ─ reason_text ─▶ words
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from reviewflow.formatting import flatten, setting

SHOWN_DEFINITIONS = 3


class Reason(NamedTuple):
    """One reason for a step to run.

    Attributes
    ----------
    kind : a key of ``WORDS``, or ``code``, or ``input``.
    name : what the reason is about, such as ``train.epochs`` or ``torch``.
    old, new : JSON values, where the kind has them. None where there was or is nothing.
    """

    kind: str
    name: str | None = None
    old: Any = None
    new: Any = None


WORDS: Mapping[str, Callable[[Reason], str]] = {
    "first_run": lambda r: f"first run of this {r.name}" if r.name else "first run",
    "new_step": lambda r: "not made before",
    "new_variant": lambda r: f"new variant {r.name}",
    "new_seed": lambda r: f"new seed {r.new}",
    "version": lambda r: f"{r.name} {r.old} → {r.new}: modules renamed",
    "setting": lambda r: f"{r.name} {setting(r.old)} → {setting(r.new)}",
    "default": lambda r: f"{r.name} default {setting(r.old)} → {setting(r.new)}",
    "file": lambda r: f"{str(r.name).replace('_', ' ')} edited",
    "fact": lambda r: f"other {r.name}",
    "package": lambda r: f"{r.name} {setting(r.old)} → {setting(r.new)}",
    "resource": lambda r: f"resource {r.name} changed",
    "rows": lambda r: "new rows",
    "order": lambda r: f"{r.name} in another order",
    "missing": lambda r: "artifact missing",
    "damaged": lambda r: f"artifact damaged: {r.new}",
    "refresh": lambda r: "asked for with --refresh",
    "unknown": lambda r: "not in the store",
}


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Reason]:
    """Return what changed between two fingerprints (as JSON), settings first.

    An entry of a map that one of them lacks is None there. What the stage does not read any more is
    not a reason.
    """
    reasons = []
    before, now = _settings(old), _settings(new)
    read = [name for name in before if any(f"{name}.".startswith(f"{n}.") for n in new["settings"])]
    for name in dict.fromkeys([*now, *read]):
        if before.get(name) != now.get(name):
            reasons.append(Reason("setting", name, before.get(name), now.get(name)))
    for kind, field in (("file", "files"), ("fact", "facts")):
        for name, value in new[field].items():
            if old[field].get(name) != value:
                reasons.append(Reason(kind, name, old[field].get(name), value))
    for kind, field in (("code", "code"), ("package", "packages")):
        for name in sorted({*new[field], *old[field]}):
            if old[field].get(name) != new[field].get(name):
                reasons.append(Reason(kind, name, old[field].get(name), new[field].get(name)))
    for name, value in new["resources"].items():
        if old["resources"].get(name) != value:
            reasons.append(Reason("resource", name, old["resources"].get(name), value))
    return reasons


def _settings(fingerprint: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings by full names. An empty map has none."""
    return {name: value for name, value in flatten(fingerprint["settings"]).items() if value != {}}


def reason_text(reasons: Iterable[Reason]) -> str:
    """Return the reasons in words, separated by semicolons."""
    reasons = list(reasons)
    pieces: dict[str, None] = {}
    for reason in reasons:
        if reason.kind == "code":
            pieces[_code_words([r.name or "" for r in reasons if r.kind == "code"])] = None
        elif reason.kind == "input":
            labels = [r.name or "" for r in reasons if r.kind == "input"]
            pieces[f"{enumeration(labels)} gave other bytes"] = None
        else:
            pieces[WORDS[reason.kind](reason)] = None
    return "; ".join(pieces)


def enumeration(names: Sequence[str]) -> str:
    """Return ``a``, ``a and b``, or ``a and 7 others``."""
    if len(names) > 2:
        return f"{names[0]} and {len(names) - 1} others"
    return " and ".join(names)


def _code_words(names: Sequence[str]) -> str:
    hidden = len(names) - SHOWN_DEFINITIONS
    more = f" and {hidden} more" if hidden > 0 else ""
    return f"code changed: {', '.join(names[:SHOWN_DEFINITIONS])}{more}"
