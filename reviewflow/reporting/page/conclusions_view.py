"""Make the conclusions and the changes since the last run from run.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reviewflow.evaluation.ablation import factor_title, value_title
from reviewflow.formatting import (
    LONGEST,
    NOTHING,
    figure,
    finite,
    moment,
    plain,
    signed_number,
    visible,
)


@dataclass(frozen=True)
class Conclusion:
    """A sentence with the numbers behind it, if any, as a row of a table."""

    sentence: str
    cells: tuple[str, ...]


CONCLUSION_TITLES = (
    "Factor",
    "Best",
    "Runner-up",
    "ROC AUC",
    "Difference, 95 %",
    "p by Holm",
    "Accuracy",
    "Difference, 95 %",
    "McNemar p",
    "Seeds",
    "Told apart",
)


@dataclass(frozen=True)
class LastRunChanges:
    """The last completed run of the configuration, and what has changed."""

    run_id: str
    started: str
    changes: tuple[str, ...]


def conclusion_rows(run: Mapping[str, Any]) -> tuple[Conclusion, ...]:
    """Return the conclusions of run.json.

    A plain text is a sentence without numbers.
    """
    return tuple(_conclusion(item) for item in run.get("conclusions") or ())


def _conclusion(item: Any) -> Conclusion:
    if not isinstance(item, dict) or "sentence" not in item:
        return Conclusion(plain(item), ())
    return Conclusion(visible(item["sentence"], 2 * LONGEST), _cells(item))


def _cells(item: Mapping[str, Any]) -> tuple[str, ...]:
    best, second, name = item["best"], item["runner_up"], str(item["factor"])
    analyzer = str(item.get("analyzer") or "word")
    accuracy, mcnemar = item["accuracy"], item["mcnemar"] or {}
    verdict = {True: "yes", False: "no", None: "one seed cannot tell"}[item["beyond_chance"]]
    return (
        factor_title(name),
        *(
            f"{visible(value_title(name, level['value'], analyzer), 80)} "
            f"({visible(level['variant'], 80)})"
            for level in (best, second)
        ),
        f"{figure(best['roc_auc'])} against {figure(second['roc_auc'])}",
        _with_interval(item["difference"], *item["interval"]),
        _p_text(item.get("p_adjusted")),
        f"{figure(best['accuracy'])} against {figure(second['accuracy'])}",
        _with_interval(accuracy["difference"], accuracy["low"], accuracy["high"]),
        _p_text(mcnemar.get("p")),
        f"{item['seeds']}",
        verdict,
    )


def _p_text(p: Any) -> str:
    """Return a p, which is unknown with too few rows or several seeds."""
    number = finite(p)
    return "< 0.0001" if number is not None and number < 0.0001 else figure(number)


def _with_interval(value: Any, low: Any, high: Any) -> str:
    return f"{_signed_figure(value)} ({_signed_figure(low)} to {_signed_figure(high)})"


def _signed_figure(value: Any) -> str:
    number = finite(value)
    return NOTHING if number is None else signed_number(number, 4)


def last_run_changes(run: Mapping[str, Any]) -> LastRunChanges | None:
    """Return what has changed since the last run, None for a first run."""
    since = run.get("since")
    if not isinstance(since, dict):
        return None
    return LastRunChanges(
        visible(since.get("run_id") or "", LONGEST),
        moment(since.get("started")),
        tuple(visible(change, LONGEST) for change in since.get("changes") or ()),
    )
