"""Make the table of variants from run.json: metrics, diagnosis, time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import stdev
from types import MappingProxyType
from typing import Any

from reviewflow.evaluation.diagnosis import LEAST_FALL, guessing_loss
from reviewflow.evaluation.metrics import METRICS, Metric
from reviewflow.formatting import LONGEST, duration, figure, finite, setting, visible
from reviewflow.reporting.lineage import variant_numbers

SPLITS = ("test", "train")
NO_DATA: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class MetricCell:
    """A metric as shown.

    Attributes
    ----------
    text : the figure.
    spread : its standard deviation over seeds; this and what follows is empty if unknown.
    value : the number to sort by.
    interval : 95 % interval.
    published : what the reference file says.
    """

    text: str
    spread: str
    value: float | None
    interval: str = ""
    published: str = ""


@dataclass(frozen=True)
class VariantRow:
    """One variant.

    Attributes
    ----------
    number : which line of the charts is its own.
    changes : its settings that differ from the configuration.
    cells : by split and then by metric, in the order of METRICS.
    seeds : 0 unless the configuration repeats each variant.
    seconds, duration : of its training, as a number and in words.
    no_better_than_guessing : whether it learned nothing from its training rows.
    """

    number: int
    name: str
    changes: tuple[str, ...]
    cells: dict[str, dict[str, MetricCell]]
    seeds: int
    diagnosis: str
    seconds: float
    duration: str
    state: str
    best: bool
    no_better_than_guessing: bool


def variant_rows(run: dict[str, Any], data: Mapping[str, Any] = NO_DATA) -> tuple[VariantRow, ...]:
    """Return the variants in the order of the configuration.

    Parameters
    ----------
    run : the content of run.json.
    data : what ``report_data.read_report_data`` returns; its ``comparisons`` know the intervals.
    """
    comparisons = (data.get("comparisons") or {}).get("variants") or ()
    intervals = {entry["group"]: entry for entry in comparisons}
    published = (run.get("reference") or {}).get("variants") or {}
    best = (run.get("best") or {}).get("variant")
    variants = run.get("variants") or []
    models = [variant.get("key") or position for position, variant in enumerate(variants)]
    return tuple(
        _variant_row(
            number,
            variant,
            best,
            intervals.get(number) or {},
            published.get(variant.get("name")) or {},
        )
        for number, variant in zip(variant_numbers(models), variants, strict=True)
    )


def _variant_row(
    number: int,
    variant: dict[str, Any],
    best: Any,
    intervals: Mapping[str, Any],
    published: Mapping[str, Any],
) -> VariantRow:
    metrics = variant.get("metrics") or {}
    repeats = variant.get("repeats") or []
    return VariantRow(
        number=number,
        name=visible(variant.get("name", ""), LONGEST),
        changes=tuple(
            f"{visible(key, LONGEST)}: {setting(value)}"
            for key, value in (variant.get("changes") or {}).items()
        ),
        cells={
            split: _cells(
                metrics.get(split) or {},
                [(repeat.get("metrics") or {}).get(split) or {} for repeat in repeats],
                intervals if split == "test" else {},
                published.get(split) or {},
            )
            for split in SPLITS
        },
        seeds=len(repeats),
        diagnosis=visible(variant.get("diagnosis") or "", LONGEST),
        seconds=finite(variant.get("seconds")) or 0.0,
        duration=duration(variant.get("seconds")),
        state=visible(variant.get("state") or "", LONGEST),
        best=best is not None and variant.get("name") == best,
        no_better_than_guessing=_no_better_than_guessing(
            variant.get("kind"), metrics.get("train") or {}
        ),
    )


def _no_better_than_guessing(kind: Any, train: Mapping[str, Any]) -> bool:
    """Return whether the diagnosis or the loss on the training rows says so."""
    loss = finite(train.get("log_loss"))
    if loss is None:
        return False
    return kind == "did not learn" or loss >= guessing_loss(train) - LEAST_FALL


def _cells(
    metrics: Mapping[str, Any],
    repeats: list[Mapping[str, Any]],
    intervals: Mapping[str, Any],
    published: Mapping[str, Any],
) -> dict[str, MetricCell]:
    """Return the cells of one split by metric."""
    return {
        metric.name: MetricCell(
            figure(metrics.get(metric.name), metric.digits),
            _spread(repeats, metric),
            finite(metrics.get(metric.name)),
            _interval(intervals.get(metric.name) or {}, metric),
            figure(published[metric.name], metric.digits) if metric.name in published else "",
        )
        for metric in METRICS
    }


def _interval(ends: Mapping[str, Any], metric: Metric) -> str:
    """Return ``0.9538 to 0.9632``, or nothing if an end is unknown."""
    low, high = finite(ends.get("low")), finite(ends.get("high"))
    if low is None or high is None:
        return ""
    return f"{figure(low, metric.digits)} to {figure(high, metric.digits)}"


def _spread(repeats: list[Mapping[str, Any]], metric: Metric) -> str:
    """Return the deviation over seeds, ``± 0.0040``, or nothing for one."""
    values = [finite(figures.get(metric.name)) for figures in repeats]
    known = [value for value in values if value is not None]
    return f"± {figure(stdev(known), metric.digits)}" if len(known) > 1 else ""
