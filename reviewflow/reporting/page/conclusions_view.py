"""Make the conclusions and the changes since the last run from run.json."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from reviewflow.evaluation.ablation import factor_title, value_title
from reviewflow.formatting import (
    LONGEST,
    NOTHING,
    figure,
    finite,
    join_names,
    moment,
    plain,
    signed_number,
    visible,
)


@dataclass(frozen=True)
class Conclusion:
    """A sentence with the numbers behind it, if any, as a row of a table.

    Attributes
    ----------
    summary : the conclusion in short, in the order of ``SUMMARY_TITLES``; nothing without numbers.
    """

    sentence: str
    cells: tuple[str, ...]
    summary: tuple[str, ...] = ()


SUMMARY_TITLES = ("Setting", "Best", "Next", "Difference in ROC AUC", "95 %", "More than chance")
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


VERDICTS = MappingProxyType({True: "yes", False: "no", None: "one seed cannot tell"})


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
    return Conclusion(visible(item["sentence"], 2 * LONGEST), _cells(item), _summary(item))


def _summary(item: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the conclusion in short: which value is ahead, and by how much."""
    name = str(item["factor"])
    best, second = (_value(item, level) for level in (item["best"], item["runner_up"]))
    levels: Sequence[Mapping[str, Any]] = item.get("values") or ()
    if levels and not any(level["learned"] for level in levels):
        return (factor_title(name), "no value learned", *[NOTHING] * (len(SUMMARY_TITLES) - 2))
    return (
        factor_title(name),
        best,
        second,
        _signed_figure(item["difference"]),
        " to ".join(_signed_figure(end) for end in item["interval"]),
        VERDICTS[item["beyond_chance"]],
    )


def _value(item: Mapping[str, Any], level: Mapping[str, Any]) -> str:
    """Return the value of a setting in words."""
    analyzer = str(item.get("analyzer") or "word")
    return visible(value_title(str(item["factor"]), level["value"], analyzer), 80)


def _cells(item: Mapping[str, Any]) -> tuple[str, ...]:
    best, second, name = item["best"], item["runner_up"], str(item["factor"])
    accuracy, mcnemar = item["accuracy"], item["mcnemar"] or {}
    return (
        factor_title(name),
        *(f"{_value(item, level)} ({visible(level['variant'], 80)})" for level in (best, second)),
        f"{figure(best['roc_auc'])} against {figure(second['roc_auc'])}",
        _with_interval(item["difference"], *item["interval"]),
        _p_text(item.get("p_adjusted")),
        f"{figure(best['accuracy'])} against {figure(second['accuracy'])}",
        _with_interval(accuracy["difference"], accuracy["low"], accuracy["high"]),
        _p_text(mcnemar.get("p")),
        f"{item['seeds']}",
        VERDICTS[item["beyond_chance"]],
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
        tuple(_change_words(visible(change, LONGEST)) for change in since.get("changes") or ()),
    )


def _change_words(change: str) -> str:
    """Return a change, of code the modules in place of its functions."""
    found = re.fullmatch(r"code: (.+?)( and \d+ more)?", change)
    if found is None:
        return change
    parents = [name.split(".")[:-1] for name in found[1].split(", ")]
    modules = [([part for part in each if part.islower()] or [""])[-1] for each in parents]
    names = list(dict.fromkeys(filter(None, modules)))
    where = f" ({join_names(names)})" if names else ""
    return f"code of reviewflow{where}"
