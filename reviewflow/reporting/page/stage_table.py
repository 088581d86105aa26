"""The table of stages as plain rows: seconds, sizes, whether each ran and why."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass
from typing import Any

from reviewflow.formatting import LONGEST, amount, duration, finite, join_names, size, visible


@dataclass(frozen=True)
class Stage:
    """All steps of one stage together.

    ``share`` is its part of all seconds, ``offset`` that of the stages before it, 0 to 1.
    """

    name: str
    steps: int
    outcome: str
    state: str
    seconds: float
    took: str
    share: float
    offset: float
    size: str
    reasons: tuple[str, ...]


def stages(run: dict[str, Any]) -> tuple[Stage, ...]:
    """One row a stage, in the order in which the run lists them."""
    steps: dict[str, list[dict[str, Any]]] = {}
    for step in run.get("stages") or []:
        steps.setdefault(str(step.get("stage")), []).append(step)
    seconds = [sum(map(_seconds, several)) for several in steps.values()]
    total, begins = sum(seconds), [0.0, *itertools.accumulate(seconds)]
    return tuple(
        _stage(name, several, begin, total)
        for (name, several), begin in zip(steps.items(), begins, strict=False)
    )


def _seconds(step: dict[str, Any]) -> float:
    return finite(step.get("seconds")) or 0.0


def _stage(name: str, steps: list[dict[str, Any]], begin: float, total: float) -> Stage:
    states = Counter(str(step.get("state")) for step in steps)
    worst = next((state for state in ("failed", "ran", "skipped", "cached") if states[state]), "")
    seconds = sum(_seconds(step) for step in steps)
    outcome = ", ".join(
        visible(state) if len(steps) == 1 or len(states) == 1 else f"{count:,} {visible(state)}"
        for state, count in states.items()
    )
    return Stage(
        name=visible(name, LONGEST),
        steps=len(steps),
        outcome=outcome,
        state=worst,
        seconds=seconds,
        took=duration(seconds),
        share=seconds / total if total else 0.0,
        offset=begin / total if total else 0.0,
        size=size(sum(finite(step.get("bytes")) or 0.0 for step in steps)),
        reasons=_reasons(steps),
    )


def _reasons(steps: list[dict[str, Any]], most: int = 5) -> tuple[str, ...]:
    """Why steps ran, each reason once with what it holds for; cached steps need no reason."""
    holders: dict[str, list[str]] = {}
    for step in steps:
        if step.get("state") != "cached" and step.get("reason"):
            holders.setdefault(str(step["reason"]), []).append(_holder(step))
    lines = []
    for reason, names in holders.items():
        known = list(dict.fromkeys(name for name in names if name))
        whole = len(names) == len(steps) or not known
        lines.append(visible(reason, LONGEST) + ("" if whole else f" ({join_names(known, 4)})"))
    rest = len(lines) - most
    return (*lines[:most], *([amount(rest, "other reason")] if rest > 0 else []))


def _holder(step: dict[str, Any]) -> str:
    """Which step of its stage this is: its variant, its part, or both."""
    part, variant = step.get("part"), step.get("variant")
    names = [visible(variant, 60)] if variant is not None else []
    if isinstance(part, int):
        names.append(f"part {part + 1}")
    return ", ".join(names)
