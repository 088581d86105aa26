"""What changed since the last completed run of the same configuration, in words for the report."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from reviewflow.formatting import amount, finite, flatten, setting
from reviewflow.runs.history import RunRecord, last_completed, roc_auc
from reviewflow.runs.identity import recorded_identity
from reviewflow.runs.json_values import mapping, mappings

MOST_SETTINGS = 6
MORE = re.compile(r" and [\d,]+ more$")  # what a reason does not name
LEFT_ALONE = ("notify.",)  # settings that shape no figure


def changes_since_last_run(folder: Path, content: Mapping[str, Any]) -> dict[str, Any] | None:
    """The last completed run before the one in ``folder``, and what is other now.

    Parameters
    ----------
    folder : the run's own; its run.json says which job and configuration it is.
    content : ``config``, ``data``, ``stages``, ``variants`` and ``best`` of this run.

    Returns
    -------
    dict or None
        ``run_id``, ``started`` and ``changes``, a list of phrases that is empty where nothing
        changed; None for a first run.
    """
    try:
        head = mapping(json.loads((folder / "run.json").read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None
    before = last_completed(folder.parent, recorded_identity(head))
    if before is None or before.run_id == folder.name:
        return None
    changes = [
        *_settings(before.content, content),
        *_rows(before.content, content),
        *_code(content),
        *_best(before, content),
    ]
    return {
        "run_id": before.run_id,
        "started": before.content.get("started"),
        "changes": changes,
    }


def _settings(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    old, new = (flatten(mapping(content.get("config"))) for content in (before, now))
    told = [
        f"{name} {_shown(old, name)} → {_shown(new, name)}"
        for name in {**old, **new}
        if _shown(old, name) != _shown(new, name) and not name.startswith(LEFT_ALONE)
    ]
    yield from told[:MOST_SETTINGS]
    if len(told) > MOST_SETTINGS:
        yield amount(len(told) - MOST_SETTINGS, "other setting")


def _shown(settings: Mapping[str, Any], name: str) -> str:
    return setting(settings[name]) if name in settings else "not there"


def _rows(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    old, new = (finite(mapping(c.get("data")).get("rows")) for c in (before, now))
    if old is not None and new is not None and old != new:
        yield f"{old:,.0f} → {new:,.0f} rows"
    parts = {
        step.get("part")
        for step in mappings(now.get("stages"))
        if step.get("stage") == "ingest" and step.get("reason") == "new rows"
    }
    if parts and old == new:
        yield f"other rows in {amount(len(parts), 'part')}"


def _code(now: Mapping[str, Any]) -> Iterator[str]:
    """Code and packages, as the plan's reasons tell of them."""
    reasons = dict.fromkeys(
        piece
        for step in mappings(now.get("stages"))
        for piece in str(step.get("reason") or "").split("; ")
        if piece.startswith("code changed: ")
    )
    names = dict.fromkeys(
        name for reason in reasons for name in MORE.sub("", reason.partition(": ")[2]).split(", ")
    )
    more = len(names) > 3 or any(map(MORE.search, reasons))
    if names:
        yield f"code: {', '.join(list(names)[:3])}{' and more' if more else ''}"


def _best(before: RunRecord, now: Mapping[str, Any]) -> Iterator[str]:
    old, old_score = _winner(before.content)
    new, new_score = _winner(now)
    if old is None or new is None:
        return
    if old != new:
        yield f"best variant {old} → {new}"
    if old_score is not None and new_score is not None:
        change = new_score - old_score
        if abs(change) >= 0.00005:
            yield f"best ROC AUC {old_score:.4f} → {new_score:.4f} ({change:+.4f})"


def _winner(content: Mapping[str, Any]) -> tuple[str | None, float | None]:
    """Name and ROC AUC of a run's best variant."""
    name = mapping(content.get("best")).get("variant")
    for variant in mappings(content.get("variants")):
        if isinstance(name, str) and variant.get("name") == name:
            return name, roc_auc(variant)
    return None, None
