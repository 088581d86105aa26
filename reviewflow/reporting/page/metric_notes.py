"""Say what the metrics of a report mean: thresholds, classes, intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from reviewflow.evaluation.metrics import METRICS, THRESHOLD, Metric, metric_named
from reviewflow.formatting import amount, figure, finite, join_names, visible
from reviewflow.reporting.page.variant_table import VariantRow

GAP_DIGITS = 4  # that are shown


def metric_note(
    run: Mapping[str, Any], data: Mapping[str, Any], variants: Sequence[VariantRow]
) -> str:
    """Return what a reader of the table of variants has to know."""
    names = [visible(name, 80) for name in data.get("class_names") or ()]
    sentences = [_class_note(names) if len(names) > 2 else _threshold_note(run)]
    if len(names) == 2:
        of_second = _titles([m for m in METRICS if m.per_class and m.at_threshold])
        sentences.append(f"{of_second} are those of {names[1]}.")
    if any(variant.seeds > 1 for variant in variants):
        sentences.append("Means over the seeds, with the standard deviation under each.")
    sentences += [_interval_note(data), flattery_note(run, variants)]
    return " ".join(sentence for sentence in sentences if sentence)


def _interval_note(data: Mapping[str, Any]) -> str:
    """Return which chance the intervals count."""
    compared = (data.get("comparisons") or {}).get("variants") or ()
    counts = dict.fromkeys(visible(entry.get("counts") or "", 40) for entry in compared)
    chance = join_names([f"the chance of {count}" for count in counts if count])
    return f"Intervals are 95 % and count {chance}." if chance else "Intervals are 95 %."


def _class_note(names: list[str]) -> str:
    return (
        f"{_titles([metric for metric in METRICS if metric.per_class])} are macro averages, means "
        f"over the {len(names)} classes, each against all others. The most probable class is "
        "predicted."
    )


def _threshold_note(run: Mapping[str, Any]) -> str:
    """Return the threshold of the metrics that depend on one."""
    at_threshold = _titles([metric for metric in METRICS if metric.at_threshold])
    own = {
        finite(((variant.get("metrics") or {}).get("test") or {}).get("threshold")) or THRESHOLD
        for variant in run.get("variants") or ()
    }
    if len(own) > 1:
        return f"{at_threshold} are at each variant's own threshold, chosen on the validation rows."
    return f"{at_threshold} are at the threshold {next(iter(own), THRESHOLD):.3g}."


def _titles(metrics: Sequence[Metric]) -> str:
    titles = join_names([metric.title for metric in metrics])
    return titles[:1].upper() + titles[1:]


def flattery_note(run: Mapping[str, Any], variants: Sequence[VariantRow]) -> str:
    """Return how far the figures of the choice lie above those of the test.

    The best of many figures is partly luck. How much easier the rows are shows in the others.
    Nothing where nothing was chosen, or on the test rows.
    """
    chosen = run.get("best") or {}
    on, metric = visible(chosen.get("chosen_on") or "test", 40), chosen.get("metric")
    best = next((variant for variant in variants if variant.best), None)
    if best is None or on == "test" or metric not in {each.name for each in METRICS}:
        return ""
    gaps = {variant.number: _gap(variant, metric, on) for variant in variants}
    own = gaps.pop(best.number, None)
    others = [gap for gap in gaps.values() if gap is not None]
    if own is None or not others:
        return ""
    if not any(round(gap, GAP_DIGITS) for gap in (own, fmean(others))):
        return ""
    title = metric_named(metric).title_among(best.classes)
    mean = "is" if len(others) == 1 else "is on average"
    return (
        f"On the {on} rows, {title} of the best variant is {_above(own)} its figure on the test "
        f"rows. That of {amount(len(others), 'other')} {mean} {_above(fmean(others))}."
    )


def _gap(variant: VariantRow, metric: str, on: str) -> float | None:
    """Return a variant's figure on some rows minus that on the test rows."""
    cells = [variant.cells.get(split, {}).get(metric) for split in (on, "test")]
    values = [cell.value for cell in cells if cell is not None and cell.value is not None]
    return values[0] - values[1] if len(values) == 2 else None


def _above(gap: float) -> str:
    return f"{figure(abs(gap))} {'above' if gap >= 0 else 'below'}"
