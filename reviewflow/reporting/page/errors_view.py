"""Make the tables of a model's errors: by length, by file, by threshold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reviewflow.formatting import figure, visible


@dataclass(frozen=True)
class ErrorGroup:
    """Some test rows and how many of them are predicted wrongly.

    Attributes
    ----------
    width : share of errors in per cent of the highest share, for a bar.
    """

    name: str
    rows: str
    errors: str
    share: str
    interval: str
    width: float


@dataclass(frozen=True)
class ThresholdLine:
    """What the model would do at one threshold.

    ``cells`` are in the order of ``THRESHOLD_TITLES``.
    """

    threshold: str
    is_chosen: bool
    cells: tuple[str, ...]


@dataclass(frozen=True)
class ErrorsView:
    """The tables of errors, each empty where it says nothing.

    Attributes
    ----------
    listed : number of rows in mistakes.csv.
    costs : what the two kinds of error cost, in words.
    """

    length: tuple[ErrorGroup, ...]
    file: tuple[ErrorGroup, ...]
    thresholds: tuple[ThresholdLine, ...]
    listed: int
    costs: str


THRESHOLD_TITLES = (
    "False positives",
    "False negatives",
    "Cost of 1,000",
    "Accuracy",
    "Precision",
    "Recall",
    "Called positive",
)


def errors_view(run: Mapping[str, Any], data: Mapping[str, Any]) -> ErrorsView:
    """Return the tables of errors.

    Parameters
    ----------
    data : what ``report_data.read_report_data`` returns.
    """
    errors = data.get("errors") or {}
    costs = ((run.get("config") or {}).get("select") or {}).get("costs") or {}
    wrong, missed = costs.get("false_positive", 1), costs.get("false_negative", 1)
    length, file = errors.get("length") or [], errors.get("file") or []
    return ErrorsView(
        _groups(length, [_length_words(one) for one in length]),
        _groups(file, [visible(one["file"], 80) for one in file]),
        tuple(_line(one) for one in errors.get("thresholds") or ()),
        errors.get("listed") or 0,
        f"A false positive costs {wrong:g} and a false negative {missed:g} (select.costs).",
    )


def _length_words(one: Mapping[str, Any]) -> str:
    shortest, longest = one["shortest"], one["longest"]
    if shortest == longest:
        return f"{shortest:,}"
    return f"{shortest:,} to {longest:,}"


def _groups(groups: list[Mapping[str, Any]], names: list[str]) -> tuple[ErrorGroup, ...]:
    """Return the groups, none where there is only one."""
    if len(groups) < 2:
        return ()
    highest = max(one["share"] for one in groups) or 1.0
    return tuple(
        ErrorGroup(
            name,
            f"{one['rows']:,}",
            f"{one['errors']:,}",
            _percent(one["share"]),
            f"{_percent(one['low'])} to {_percent(one['high'])}",
            round(100 * one["share"] / highest, 1),
        )
        for one, name in zip(groups, names, strict=True)
    )


def _line(one: Mapping[str, Any]) -> ThresholdLine:
    return ThresholdLine(
        f"{one['threshold']:.3g}",
        one["is_chosen"],
        (
            f"{one['false_positives']:,}",
            f"{one['false_negatives']:,}",
            f"{one['cost']:,.1f}",
            figure(one["accuracy"]),
            figure(one["precision"]),
            figure(one["recall"]),
            _percent(one["predicted_share"]),
        ),
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
