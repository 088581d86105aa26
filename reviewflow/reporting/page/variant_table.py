"""Make the table of variants from run.json: metrics, diagnosis, time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import stdev
from types import MappingProxyType
from typing import Any

from reviewflow.evaluation.diagnosis import FAILURES
from reviewflow.evaluation.metrics import METRICS, Metric, confusion_counts, metric_named
from reviewflow.evaluation.seed_kinds import seed_phrases
from reviewflow.formatting import (
    LONGEST,
    NOTHING,
    duration,
    figure,
    finite,
    plain,
    setting,
    visible,
)
from reviewflow.reporting.lineage import variant_numbers

SPLITS = ("validation", "test", "train")  # in the order of their tables
SPLIT_TITLES = MappingProxyType({"train": "training", "validation": "validation", "test": "test"})
UNFINISHED = ("failed", "skipped")
NO_DATA: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class MetricCell:
    """A metric as shown.

    Attributes
    ----------
    text : the figure.
    spread : its standard deviation over seeds; this and what follows is empty if unknown.
    value : the number to sort by.
    ends : of the 95 % interval, which ``interval`` shows.
    """

    text: str
    spread: str
    value: float | None
    ends: tuple[float, float] | None = None
    interval: str = ""


Cells = Mapping[str, Mapping[str, MetricCell]]  # by split and metric, in the order of METRICS


@dataclass(frozen=True)
class VariantRow:
    """One variant.

    Attributes
    ----------
    number : which line of the charts is its own.
    changes : its settings that differ from the configuration.
    rows : labelled rows by split, where they are known.
    classes : number of classes, K.
    seeds : 0 unless the configuration repeats each variant.
    kind : of the diagnosis, as :data:`reviewflow.evaluation.diagnosis.Kind`; empty without one.
    seconds, duration : of its training, as a number and in words.
    error : why it failed; empty if it did not, or if run.json does not say.
    trained : whether its training has ended well, also where it was not evaluated.
    seed_failures : seeds that failed where most did not, in words.
    """

    number: int
    name: str
    changes: tuple[str, ...]
    cells: Cells
    rows: Mapping[str, int]
    classes: int
    seeds: int
    kind: str
    diagnosis: str
    seconds: float
    duration: str
    state: str
    best: bool
    error: str
    trained: bool
    seed_failures: tuple[str, ...] = ()

    @property
    def outcome(self) -> str:
        """How far it came, in words."""
        if self.state != "skipped":
            return self.state
        return "trained, not evaluated" if self.trained else "not trained"


@dataclass(frozen=True)
class SeedRow:
    """One training of a variant that is repeated with several seeds."""

    name: str
    seed: str
    cells: Cells


@dataclass(frozen=True)
class BaselineRow:
    """What a rule without any learning reaches, such as the majority class."""

    name: str
    cells: Cells


def variant_rows(run: dict[str, Any], data: Mapping[str, Any] = NO_DATA) -> tuple[VariantRow, ...]:
    """Return the variants in the order of the configuration.

    None is the best before all of them are trained.

    Parameters
    ----------
    run : the content of run.json.
    data : what ``report_data.read_report_data`` returns; its ``comparisons`` know the intervals.
    """
    intervals = _intervals(data)
    best = (run.get("best") or {}).get("variant")
    variants = run.get("variants") or []
    if any(variant.get("state") in UNFINISHED for variant in variants):
        best = None
    models = [variant.get("key") or position for position, variant in enumerate(variants)]
    return tuple(
        _variant_row(
            number,
            variant,
            best,
            {split: by_number.get(number) or {} for split, by_number in intervals.items()},
            shown_split(run),
        )
        for number, variant in zip(variant_numbers(models), variants, strict=True)
    )


def ranked_rows(
    run: Mapping[str, Any], rows: Sequence[VariantRow], metric: Metric
) -> tuple[VariantRow, ...]:
    """Return the variants from the best to the worst.

    Those that learned come first, as in the choice, and those without a figure last.

    Parameters
    ----------
    metric : by which the best was chosen.
    """
    split, learned = shown_split(run), [one.get("learned", True) for one in run["variants"]]

    def rank(position: int) -> tuple[bool, bool, bool, float]:
        row = rows[position]
        value = row.cells[split][metric.name].value
        score = 0.0 if value is None else value if metric.higher_is_better else -value
        return not row.best, value is None, not learned[position], -score

    return tuple(rows[position] for position in sorted(range(len(rows)), key=rank))


def baseline_rows(run: Mapping[str, Any]) -> tuple[BaselineRow, ...]:
    """Return what the variants are held against."""
    return tuple(
        BaselineRow(
            visible(baseline.get("name") or "", LONGEST),
            {split: _cells(_mapping(baseline.get("metrics")).get(split) or {}) for split in SPLITS},
        )
        for baseline in run.get("baselines") or ()
    )


def seed_rows(run: Mapping[str, Any]) -> tuple[SeedRow, ...]:
    """Return each training of the variants that are repeated, in their order."""
    return tuple(
        SeedRow(
            visible(variant.get("name", ""), LONGEST),
            plain(repeat.get("seed")),
            {split: _cells(_mapping(repeat.get("metrics")).get(split) or {}) for split in SPLITS},
        )
        for variant in run.get("variants") or ()
        for repeat in variant.get("repeats") or ()
    )


def chosen_metric(run: Mapping[str, Any]) -> Metric:
    """Return the metric by which the best variant was chosen, else ROC AUC."""
    name = (run.get("best") or {}).get("metric")
    return next((metric for metric in METRICS if metric.name == name), metric_named("roc_auc"))


def shown_metrics(run: Mapping[str, Any]) -> tuple[Metric, ...]:
    """Return the columns of the table of variants, the chosen one first."""
    chosen = chosen_metric(run)
    return (chosen, *(metric for metric in METRICS if metric.name != chosen.name))


def shown_split(run: Mapping[str, Any]) -> str:
    """Return the split whose figures are in the table of variants.

    It is the one on which the best of several variants was chosen.
    """
    variants = run.get("variants") or ()
    chosen_on = (run.get("best") or {}).get("chosen_on")
    return "validation" if chosen_on == "validation" and len(variants) > 1 else "test"


def folded_splits(run: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the other splits that have figures."""
    known = {
        split
        for variant in run.get("variants") or ()
        for split, figures in _mapping(variant.get("metrics")).items()
        if figures
    }
    return tuple(split for split in SPLITS if split in known and split != shown_split(run))


def _intervals(data: Mapping[str, Any]) -> dict[str, dict[int, Mapping[str, Any]]]:
    """Return the intervals of each variant's metrics, by split and number."""
    comparisons = data.get("comparisons") or {}
    compared = {"test": comparisons.get("test") or {}, comparisons.get("on") or "test": comparisons}
    return {
        split: {entry["group"]: entry for entry in each.get("variants") or ()}
        for split, each in compared.items()
    }


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _variant_row(
    number: int,
    variant: dict[str, Any],
    best: Any,
    intervals: Mapping[str, Mapping[str, Any]],
    on: str,
) -> VariantRow:
    metrics = _mapping(variant.get("metrics"))
    repeats = variant.get("repeats") or []
    rows = {split: finite(_mapping(metrics.get(split)).get("rows")) for split in SPLITS}
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
                [_mapping(repeat.get("metrics")).get(split) or {} for repeat in repeats],
                intervals.get(split) or {},
            )
            for split in SPLITS
        },
        rows={split: round(count) for split, count in rows.items() if count is not None},
        classes=max(len(_mapping(metrics.get("test")).get("classes") or ()), 2),
        seeds=len(repeats),
        kind=visible(variant.get("kind") or "", LONGEST),
        diagnosis=visible(variant.get("diagnosis") or "", LONGEST),
        seconds=finite(variant.get("seconds")) or 0.0,
        duration=duration(variant.get("seconds")),
        state=visible(variant.get("state") or "", LONGEST),
        best=best is not None and variant.get("name") == best,
        error=visible(variant.get("error") or "", 4 * LONGEST),
        trained=bool(variant.get("trained", variant.get("state") not in UNFINISHED)),
        seed_failures=_seed_failures(variant, repeats, on),
    )


def _seed_failures(
    variant: Mapping[str, Any], repeats: Sequence[Mapping[str, Any]], on: str
) -> tuple[str, ...]:
    """Return the seeds that failed where most did not, in words."""
    kinds = [visible(repeat.get("kind") or "", LONGEST) for repeat in repeats]
    figures = [_mapping(_mapping(repeat.get("metrics")).get(on)) for repeat in repeats]
    accuracies = [finite(each.get("accuracy")) for each in figures]
    found = seed_phrases(kinds, accuracies, variant.get("kind") or "")
    return tuple(phrase for kind, phrase in found.items() if kind in FAILURES)


def _cells(
    metrics: Mapping[str, Any],
    repeats: list[Mapping[str, Any]] | None = None,
    intervals: Mapping[str, Any] = NO_DATA,
) -> dict[str, MetricCell]:
    """Return the cells of one split by metric."""
    undefined = ("precision",) if _is_never_positive(metrics) else ()
    return {
        metric.name: MetricCell(
            NOTHING
            if metric.name in undefined
            else figure(metrics.get(metric.name), metric.digits),
            _spread(repeats or [], metric),
            finite(metrics.get(metric.name)),
            ends := _ends(intervals.get(metric.name) or {}),
            interval_text(ends, metric.digits),
        )
        for metric in METRICS
    }


def _is_never_positive(metrics: Mapping[str, Any]) -> bool:
    """Return whether precision is undefined: no row is predicted positive."""
    counts = confusion_counts(metrics)
    return counts is not None and len(counts) == 2 and not any(row[1] for row in counts)


def _ends(interval: Mapping[str, Any]) -> tuple[float, float] | None:
    low, high = finite(interval.get("low")), finite(interval.get("high"))
    return None if low is None or high is None else (low, high)


def interval_text(ends: tuple[float, float] | None, digits: int) -> str:
    """Return ``0.9538 to 0.9632``, or nothing if an end is unknown."""
    return "" if ends is None else " to ".join(figure(end, digits) for end in ends)


def _spread(repeats: list[Mapping[str, Any]], metric: Metric) -> str:
    """Return the deviation over seeds, ``± 0.0040``, or nothing for one."""
    values = [finite(figures.get(metric.name)) for figures in repeats]
    known = [value for value in values if value is not None]
    return f"± {figure(stdev(known), metric.digits)}" if len(known) > 1 else ""
