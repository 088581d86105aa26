"""The plan in words and as JSON: what will run and why."""

from collections.abc import Mapping
from typing import Any

from reviewflow.lines import Step
from reviewflow.plan import Decision

WORDS = {"cached": "cached", "run": "will run", "unless": "will run"}


def plan_entries(decisions: Mapping[Step, Decision]) -> list[dict[str, Any]]:
    """One entry a step: stage, part, variants, action (``cached``, ``run``, ``unless``), reason."""
    return [
        {
            "stage": step.line.stage.name,
            "part": step.part,
            "variants": step.line.variants,
            "label": step.line.label,
            "action": decision.action,
            "reason": decision.reason,
            "key": decision.key,
        }
        for step, decision in decisions.items()
    ]


def plan_text(decisions: Mapping[Step, Decision]) -> str:
    """The plan for a person: a line for all steps of a line that share an answer."""
    groups: dict[str, list[Decision]] = {}
    for step, decision in decisions.items():
        label = step.line.label.replace(step.line.stage.name, step.line.stage.shown_as, 1)
        groups.setdefault(label, []).append(decision)
    return "\n".join(text for label, found in groups.items() for text in _lines(label, found))


def _lines(label: str, decisions: list[Decision]) -> list[str]:
    running = [decision for decision in decisions if decision.action != "cached"]
    if not running:
        return [f"{label}: cached"]
    reasons: dict[str, int] = {}
    for decision in running:
        reasons[decision.reason] = reasons.get(decision.reason, 0) + 1
    return [
        f"{label}: {_counted(count, len(decisions))} {_joined(reason)}"
        for reason, count in reasons.items()
    ]


def _counted(count: int, total: int) -> str:
    return "will run" if count == total else f"{count} of {total} steps will run"


def _joined(reason: str) -> str:
    return reason if reason.startswith("unless") else f"— {reason}"
