"""Say what changed since the last completed run of a configuration.

run.json of both  ─▶ settings, rows, the best variant ─┐
keys.json of both ─ differences ─▶ Reasons ────────────┴─▶ phrases for the report
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from reviewflow.formatting import amount, finite, flatten, moment, setting, size
from reviewflow.pipeline.key_history import RENAMED_IN, RENAMED_SINCE
from reviewflow.pipeline.reasons import Reason, differences, reason_text
from reviewflow.runs.diff import other_parts
from reviewflow.runs.history import RunRecord, last_completed, roc_auc
from reviewflow.runs.identity import recorded_identity
from reviewflow.runs.json_values import mapping, mappings
from reviewflow.runs.keys_file import read_keys

MOST_SETTINGS = 6
MOST_DEFINITIONS = 3
LEFT_OUT = ("notify.",)  # settings that shape no figure
SMALLEST_CHANGE = 0.00005  # of a figure that is shown with four digits


def changes_since_last_run(
    folder: Path, content: Mapping[str, Any], fingerprints: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any] | None:
    """Return the last completed run before a run, and what changed since.

    Parameters
    ----------
    folder : the run's own. Its run.json says which job and configuration it is.
    content : ``config``, ``data``, ``stages``, ``variants`` and ``best`` of this run.
    fingerprints : of this run's steps, as JSON by label.

    Returns
    -------
    dict or None
        ``run_id``, ``started`` and ``changes``, a list of phrases that is empty where nothing
        changed. None for a first run.
    """
    try:
        head = mapping(json.loads((folder / "run.json").read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None
    before = last_completed(folder.parent, recorded_identity(head), folder.name)
    if before is None:
        return None
    reasons = _reasons(before, fingerprints)
    changes = [
        *_settings(before.content, content),
        *_rows(before.content, content, folder.parent.parent / "store"),
        *_code(reasons),
        *(reason_text([reason]) for reason in reasons if reason.kind != "code"),
        *_best(before, content),
    ]
    return {
        "run_id": before.run_id,
        "started": before.content.get("started"),
        "changes": changes,
    }


def head_changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return how input files, settings and packages of two runs differ.

    A run that fails before its rows are read has no more than a head.

    Parameters
    ----------
    before, now : run.json of both.
    """
    old, new = (mapping(mapping(run.get("environment")).get("packages")) for run in (before, now))
    packages = [
        f"{name} {setting(old[name])} → {setting(new[name])}"
        for name in new
        if name in old and old[name] != new[name]
    ]
    return [*_input(before, now), *_settings(before, now), *packages]


def _input(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """Yield how the input files differ by number, size and time.

    Runs of before did not record these.
    """
    old, new = (mapping(run.get("input")) for run in (before, now))
    counts, sizes = ([finite(each.get(name)) for each in (old, new)] for name in ("files", "bytes"))
    if not counts[0] or counts[1] is None or old == new:
        return
    if not counts[1]:
        yield "the input file is gone" if counts[0] == 1 else "the input files are gone"
        return
    what = "the input file"
    if counts[0] > 1 or counts[1] > 1:
        what = f"the {counts[1]:,.0f} input files"
        if counts[0] != counts[1]:
            what = f"the input: {counts[0]:,.0f} → {counts[1]:,.0f} files,"
    yield f"{what} {_growth(*sizes)}, written {moment(new.get('modified'))}"


def _growth(old: float | None, new: float | None) -> str:
    """Return how a size in bytes changed, in bytes where the words are equal."""
    if old == new:
        return "the same size"
    if old is not None and new is not None and size(old) == size(new):
        return f"{abs(new - old):,.0f} bytes {'longer' if new > old else 'shorter'}"
    return f"{size(old)} → {size(new)}"


def _settings(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    old, new = (flatten(mapping(content.get("config"))) for content in (before, now))
    phrases = [
        f"{name} {_value(old, name)} → {_value(new, name)}"
        for name in {**old, **new}
        if _value(old, name) != _value(new, name) and not name.startswith(LEFT_OUT)
    ]
    yield from phrases[:MOST_SETTINGS]
    if len(phrases) > MOST_SETTINGS:
        yield amount(len(phrases) - MOST_SETTINGS, "other setting")


def _value(settings: Mapping[str, Any], name: str) -> str:
    return setting(settings[name]) if name in settings else "not there"


def _rows(before: Mapping[str, Any], now: Mapping[str, Any], store: Path) -> Iterator[str]:
    data = [mapping(content.get("data")) for content in (before, now)]
    yield from file_changes(*(each.get("files") for each in data))
    old, new = (finite(each.get("rows")) for each in data)
    if old is not None and new is not None and old != new:
        yield f"{old:,.0f} → {new:,.0f} rows"
        return
    _, others = other_parts(before, now, store)
    if others:
        yield f"other rows in {amount(others, 'part')}"


def file_changes(before: Any, now: Any) -> Iterator[str]:
    """Yield a phrase for files no longer read, and one for new ones.

    Parameters
    ----------
    before, now : ``data.files`` of two runs: name and rows of each file, or nothing.
    """
    old, new = ({str(each.get("name")): each for each in mappings(data)} for data in (before, now))
    if not old or not new:
        return
    for own, others, words in ((old, new, "no longer read"), (new, old, "new")):
        names = [name for name in own if name not in others]
        shown = ", ".join(
            f"{name} ({finite(own[name].get('rows')) or 0:,.0f} rows)" for name in names[:3]
        )
        more = f" and {amount(len(names) - 3, 'more file')}" if len(names) > 3 else ""
        if names:
            yield f"{words}: {shown}{more}"


def _reasons(before: RunRecord, fingerprints: Mapping[str, Mapping[str, Any]]) -> list[Reason]:
    """Return what changed beside settings and rows, once each.

    The suites are read by several stages, each of which has its own name for them.
    """
    keys = read_keys(before.folder)
    reasons: dict[str, Reason] = {}
    if keys.of_first_version:
        reasons["version"] = Reason("version", "reviewflow", RENAMED_SINCE, RENAMED_IN)
    for label, new in fingerprints.items():
        old = keys.fingerprints.get(label)
        if old is None:
            continue
        for reason in differences(old, new):
            if reason.kind in ("file", "package", "resource") or (
                reason.kind == "code" and not keys.of_first_version
            ):
                name = None if reason.kind == "file" else reason.name
                identity = json.dumps([reason.kind, name, reason.old, reason.new])
                reasons.setdefault(identity, reason)
    return list(reasons.values())


def _code(reasons: list[Reason]) -> Iterator[str]:
    names = [str(reason.name) for reason in reasons if reason.kind == "code"]
    more = len(names) - MOST_DEFINITIONS
    if names:
        shown = ", ".join(names[:MOST_DEFINITIONS])
        yield f"code: {shown}{f' and {more} more' if more > 0 else ''}"


def _best(before: RunRecord, now: Mapping[str, Any]) -> Iterator[str]:
    old, old_score = _winner(before.content)
    new, new_score = _winner(now)
    if old is None or new is None:
        return
    if old != new:
        yield f"best variant {old} → {new}"
    if old_score is not None and new_score is not None:
        change = new_score - old_score
        if abs(change) >= SMALLEST_CHANGE:
            yield f"best ROC AUC {old_score:.4f} → {new_score:.4f} ({change:+.4f})"


def _winner(content: Mapping[str, Any]) -> tuple[str | None, float | None]:
    """Return name and ROC AUC of a run's best variant."""
    name = mapping(content.get("best")).get("variant")
    for variant in mappings(content.get("variants")):
        if isinstance(name, str) and variant.get("name") == name:
            return name, roc_auc(variant)
    return None, None
