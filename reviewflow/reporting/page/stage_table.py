"""Make the table of stages from run.json: time, size, state and reason."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass
from typing import Any

from reviewflow.formatting import LONGEST, amount, duration, finite, join_names, size, visible


@dataclass(frozen=True)
class StageRow:
    """All steps of one stage together.

    Attributes
    ----------
    steps : their number.
    outcome : how many of them are in which state.
    state : the one to show: the first of failed, ran, skipped and cached that a step is in.
    seconds, duration : summed over the steps, as a number and in words.
    share, offset : of all seconds, those of this stage and of the stages before it, 0 to 1.
    reasons : why steps ran, each with the steps that it holds for.
    """

    name: str
    steps: int
    outcome: str
    state: str
    seconds: float
    duration: str
    share: float
    offset: float
    size: str
    reasons: tuple[str, ...]


def stage_rows(run: dict[str, Any]) -> tuple[StageRow, ...]:
    """Return a row for each stage, in the order in which the run lists them."""
    steps: dict[str, list[dict[str, Any]]] = {}
    for step in run.get("stages") or []:
        steps.setdefault(str(step.get("stage")), []).append(step)
    seconds = [sum(map(_seconds, several)) for several in steps.values()]
    total, begins = sum(seconds), [0.0, *itertools.accumulate(seconds)]
    return tuple(
        _stage_row(name, several, begin, total)
        for (name, several), begin in zip(steps.items(), begins, strict=False)
    )


def _seconds(step: dict[str, Any]) -> float:
    return finite(step.get("seconds")) or 0.0


def _stage_row(name: str, steps: list[dict[str, Any]], begin: float, total: float) -> StageRow:
    states = Counter(str(step.get("state")) for step in steps)
    worst = next((state for state in ("failed", "ran", "skipped", "cached") if states[state]), "")
    seconds = sum(_seconds(step) for step in steps)
    outcome = ", ".join(
        visible(state) if len(steps) == 1 or len(states) == 1 else f"{count:,} {visible(state)}"
        for state, count in states.items()
    )
    return StageRow(
        name=visible(name, LONGEST),
        steps=len(steps),
        outcome=outcome,
        state=worst,
        seconds=seconds,
        duration=duration(seconds),
        share=seconds / total if total else 0.0,
        offset=begin / total if total else 0.0,
        size=size(sum(finite(step.get("bytes")) or 0.0 for step in steps)),
        reasons=_reasons(steps),
    )


def _reasons(steps: list[dict[str, Any]], most: int = 5) -> tuple[str, ...]:
    """Return why steps ran, each reason once with the steps that it holds for."""
    steps_by_reason: dict[str, list[str]] = {}
    for step in steps:
        if step.get("state") != "cached" and step.get("reason"):
            steps_by_reason.setdefault(str(step["reason"]), []).append(_step_name(step))
    lines = []
    for reason, names in steps_by_reason.items():
        named = list(dict.fromkeys(name for name in names if name))
        whole = len(names) == len(steps) or not named
        lines.append(visible(reason, LONGEST) + ("" if whole else f" ({join_names(named, 4)})"))
    rest = len(lines) - most
    return (*lines[:most], *([amount(rest, "other reason")] if rest > 0 else []))


def _step_name(step: dict[str, Any]) -> str:
    """Return a step's name within its stage: variant, part, or both."""
    part, variant = step.get("part"), step.get("variant")
    names = [visible(variant, 60)] if variant is not None else []
    if isinstance(part, int):
        names.append(f"part {part + 1}")
    return ", ".join(names)
