"""Write a plan in words and as JSON: what will run and why."""

from collections.abc import Mapping
from typing import Any

from reviewflow.pipeline.graph import Step
from reviewflow.pipeline.planner import Decision
from reviewflow.pipeline.reasons import enumeration, reason_text


def plan_entries(decisions: Mapping[Step, Decision]) -> list[dict[str, Any]]:
    """Return one entry for each step, as ``plan --json`` prints them.

    Each has stage, part, variants, label, action (``cached``, ``run``, ``unless``), reason in
    words, reasons as data, and key.
    """
    return [
        {
            "stage": step.node.stage.name,
            "part": step.part,
            "variants": step.node.variants,
            "label": step.node.label,
            "action": decision.action,
            "reason": decision_text(decision),
            "reasons": [reason._asdict() for reason in decision.reasons],
            "key": decision.key,
        }
        for step, decision in decisions.items()
    ]


def plan_text(decisions: Mapping[Step, Decision]) -> str:
    """Return the plan in words, a line for all steps with one answer."""
    groups: dict[str, dict[Step, Decision]] = {}
    for step, decision in decisions.items():
        groups.setdefault(step.node.title, {})[step] = decision
    return "\n".join(line for title, own in groups.items() for line in _lines(title, own))


def decision_text(decision: Decision) -> str:
    """Return why a step runs, in words. Empty where it is cached."""
    why = reason_text(decision.reasons)
    if decision.action != "unless":
        return why
    verb = "gives" if len(decision.waits_for) == 1 else "give"
    unless = f"unless {enumeration(decision.waits_for)} {verb}"
    return (
        f"{why}, {unless} another variant's bytes"
        if decision.is_shared
        else f"{unless} the same bytes"
    )


def _lines(title: str, decisions: Mapping[Step, Decision]) -> list[str]:
    """Return ``normalize: cached``, or a line for each reason and its parts."""
    parts: dict[str, set[int | None]] = {}
    for step, decision in decisions.items():
        if decision.action != "cached":
            dash = "" if decision.action == "unless" and not decision.is_shared else "— "
            parts.setdefault(dash + decision_text(decision), set()).add(step.part)
    total = len({step.part for step in decisions} - {None})
    lines = [f"{title}: {_verb_phrase(own, total)} {why}" for why, own in parts.items()]
    return lines or [f"{title}: cached"]


def _verb_phrase(parts: set[int | None], total: int) -> str:
    concerned = len(parts - {None})
    if not concerned or concerned == total:
        return "will run"
    return f"{concerned} of {total} parts will run"
