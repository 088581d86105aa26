"""The plan in words and as JSON: what will run and why."""

from collections.abc import Mapping
from typing import Any

from reviewflow.pipeline.graph import Step
from reviewflow.pipeline.planner import Decision


def plan_entries(decisions: Mapping[Step, Decision]) -> list[dict[str, Any]]:
    """One entry a step: stage, part, variants, action (``cached``, ``run``, ``unless``), reason."""
    return [
        {
            "stage": step.node.stage.name,
            "part": step.part,
            "variants": step.node.variants,
            "label": step.node.label,
            "action": decision.action,
            "reason": decision.reason,
            "key": decision.key,
        }
        for step, decision in decisions.items()
    ]


def plan_text(decisions: Mapping[Step, Decision]) -> str:
    """The plan for a person: a node for all steps of a node that share an answer."""
    groups: dict[str, dict[Step, Decision]] = {}
    for step, decision in decisions.items():
        groups.setdefault(step.node.title, {})[step] = decision
    return "\n".join(text for label, found in groups.items() for text in _nodes(label, found))


def _nodes(label: str, decisions: Mapping[Step, Decision]) -> list[str]:
    """``normalize: cached``, or a node for each reason with how many parts it concerns."""
    parts: dict[str, set[int | None]] = {}
    for step, decision in decisions.items():
        if decision.action != "cached":
            parts.setdefault(decision.reason, set()).add(step.part)
    total = len({step.part for step in decisions} - {None})
    said = [f"{label}: {_counted(found, total)} {_joined(why)}" for why, found in parts.items()]
    return said or [f"{label}: cached"]


def _counted(parts: set[int | None], total: int) -> str:
    concerned = len(parts - {None})
    if not concerned or concerned == total:
        return "will run"
    return f"{concerned} of {total} parts will run"


def _joined(reason: str) -> str:
    return reason if reason.startswith("unless") else f"— {reason}"
