"""What a run found beside its tables: conclusions with their numbers, and what is other now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reviewflow.evaluation.ablation import factor_words, value_words
from reviewflow.formatting import LONGEST, NOTHING, figure, finite, moment, plain, visible


@dataclass(frozen=True)
class Conclusion:
    """A sentence, and the numbers behind it as a row of a table (empty where there are none)."""

    sentence: str
    cells: tuple[str, ...]


TITLES = (
    "Factor",
    "Best",
    "Runner-up",
    "ROC AUC",
    "Difference, 95 %",
    "Accuracy",
    "Difference, 95 %",
    "McNemar p",
    "Seeds",
    "More than chance",
)


@dataclass(frozen=True)
class Since:
    """The last completed run of the same configuration, and what changed."""

    run_id: str
    started: str
    changes: tuple[str, ...]


def conclusions(run: Mapping[str, Any]) -> tuple[Conclusion, ...]:
    """The conclusions of run.json; a plain text is a sentence without numbers."""
    return tuple(_conclusion(item) for item in run.get("conclusions") or ())


def _conclusion(item: Any) -> Conclusion:
    if not isinstance(item, dict) or "sentence" not in item:
        return Conclusion(plain(item), ())
    return Conclusion(visible(item["sentence"], 2 * LONGEST), _cells(item))


def _cells(item: Mapping[str, Any]) -> tuple[str, ...]:
    best, second, name = item["best"], item["runner_up"], str(item["factor"])
    accuracy, p = item["accuracy"], item["mcnemar"]["p"]
    verdict = {True: "yes", False: "no", None: "one seed cannot tell"}[item["beyond_chance"]]
    return (
        factor_words(name),
        f"{visible(value_words(name, best['value']), 80)} ({visible(best['variant'], 80)})",
        f"{visible(value_words(name, second['value']), 80)} ({visible(second['variant'], 80)})",
        f"{figure(best['roc_auc'])} against {figure(second['roc_auc'])}",
        _interval(item["difference"], *item["interval"]),
        f"{figure(best['accuracy'])} against {figure(second['accuracy'])}",
        _interval(accuracy["difference"], accuracy["low"], accuracy["high"]),
        "< 0.0001" if p < 0.0001 else figure(p),
        f"{item['seeds']}",
        verdict,
    )


def _interval(value: Any, low: Any, high: Any) -> str:
    return f"{_signed(value)} ({_signed(low)} to {_signed(high)})"


def _signed(value: Any) -> str:
    number = finite(value)
    return NOTHING if number is None else f"{number:+.4f}".replace("-", "−")


def since(run: Mapping[str, Any]) -> Since | None:
    """What changed since the last run, where there was one."""
    told = run.get("since")
    if not isinstance(told, dict):
        return None
    return Since(
        visible(told.get("run_id") or "", LONGEST),
        moment(told.get("started")),
        tuple(visible(change, LONGEST) for change in told.get("changes") or ()),
    )
