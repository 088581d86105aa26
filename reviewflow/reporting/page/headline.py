"""Make the first screen of a report: headline, summary tiles, and notices."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean
from typing import Any

from reviewflow.evaluation.metrics import METRICS, metric_named
from reviewflow.formatting import amount, duration, figure, finite, join_names, visible
from reviewflow.reporting.page.check_table import CheckRow
from reviewflow.reporting.page.ending import (
    ending_notices,
    ending_sentence,
    next_step,
    variant_tile,
)
from reviewflow.reporting.page.result import kind_phrases, majority_figure, result_sentence
from reviewflow.reporting.page.stage_table import StageRow
from reviewflow.reporting.page.tiles import Notice, Tile
from reviewflow.reporting.page.variant_table import VariantRow

ENDED_EARLY = ("failed", "cancelled")
# Diagnoses that begin so need a verb behind a name.
ADJECTIVES = ("No ", "Not ", "Right ", "Still ", "Under-trained")


def headline_sentence(
    run: dict[str, Any],
    best: VariantRow | None,
    variants: tuple[VariantRow, ...],
    checks: tuple[CheckRow, ...],
    stages: tuple[StageRow, ...],
) -> str:
    """Return how the run ended, in one sentence."""
    state = run.get("state")
    if state in ENDED_EARLY:
        return ending_sentence(run, variants, checks, stages)
    if best is None and state != "completed":
        return "The run has not finished yet."
    return result_sentence(run, best, variants)


def selection_note(
    run: dict[str, Any], best: VariantRow | None, variants: tuple[VariantRow, ...]
) -> str:
    """Return how the best variant was chosen, and what follows from that.

    With one variant nothing was chosen. Where none learned, it is the way out, and of a run that
    ended early the next step.
    """
    if run.get("state") in ENDED_EARLY:
        return next_step(run, variants)
    chosen = run.get("best") or {}
    if run.get("learned") is False:
        return _way_out(best, variants)
    if best is None or len(variants) == 1 or chosen.get("chosen_on") is None:
        return ""
    on, metric = visible(chosen["chosen_on"], 40), str(chosen.get("metric") or "roc_auc")
    mean = f", the mean of {best.seeds} seeds," if best.seeds > 1 else ""
    by = f"Chosen by {_title(metric)}{mean} on the {on} rows"
    if on == "test":
        return (
            f"{by} (select.on: test). The figures are of these same rows, so they flatter the best "
            "variant a little."
        )
    return (
        f"{by}. The figures are of the test rows, on which nothing was chosen."
        f"{_flattery(metric, on, best, variants)}"
    )


def _flattery(metric: str, on: str, best: VariantRow, variants: tuple[VariantRow, ...]) -> str:
    """Return how far the figures of the choice lie above those of the test.

    The best of many figures is partly luck. How much easier the rows are shows in the others.
    """
    gaps = {variant.number: _gap(variant, metric, on) for variant in variants}
    own = gaps.pop(best.number, None)
    others = [gap for gap in gaps.values() if gap is not None]
    if own is None or not others:
        return ""
    title = metric_named(metric).title_among(best.classes)
    return (
        f" How much choosing flatters: on the {on} rows its {title} is {_above(own)} its figure on "
        f"the test rows; {amount(len(others), 'other variant')} "
        f"{'is' if len(others) == 1 else 'are on average'} {_above(fmean(others))} there."
    )


def _gap(variant: VariantRow, metric: str, on: str) -> float | None:
    """Return a variant's figure on some rows minus that on the test rows."""
    cells = [variant.cells.get(split, {}).get(metric) for split in (on, "test")]
    values = [cell.value for cell in cells if cell is not None and cell.value is not None]
    return values[0] - values[1] if len(values) == 2 else None


def _above(gap: float) -> str:
    return f"{figure(abs(gap))} {'above' if gap >= 0 else 'below'}"


def _way_out(best: VariantRow | None, variants: tuple[VariantRow, ...]) -> str:
    """Return the diagnosis of a variant that did not learn, with its advice."""
    known = [variant for variant in (best, *variants) if variant is not None and variant.diagnosis]
    if not known:
        return ""
    name, sentence = known[0].name, known[0].diagnosis
    verb = "is " if sentence.startswith(ADJECTIVES) else ""
    return f"{name} {verb}{sentence[0].lower()}{sentence[1:]}"


def _title(metric: str) -> str:
    known = {each.name: each.title for each in METRICS}
    return known.get(metric, visible(metric, 40))


def summary_tiles(
    run: dict[str, Any],
    data: Mapping[str, Any],
    best: VariantRow | None,
    variants: tuple[VariantRow, ...],
    checks: tuple[CheckRow, ...],
    stages: tuple[StageRow, ...],
) -> tuple[Tile, ...]:
    """Return the most telling numbers that the run got to.

    Parameters
    ----------
    data : what ``report_data.read_report_data`` returns.
    """
    tiles = []
    rows = _rows_by_split(run, data)
    if any(rows.values()):
        note = ", ".join(f"{count:,} {split}" for split, count in rows.items())
        note = "rows of the data" if "read" in rows else note
        tiles.append(Tile("Reviews", f"{sum(rows.values()):,}", note))
    if best is not None:
        tiles.append(_best_tile(run, best))
    elif variants and run.get("state") in ENDED_EARLY:
        tiles.append(variant_tile(variants))
    if checks:
        tiles.append(_check_tile(checks))
    if stages:
        tiles.append(_stage_tile(run, stages))
    return tuple(tiles)


def _best_tile(run: Mapping[str, Any], best: VariantRow) -> Tile:
    """Return the best variant's figures on the test rows."""
    accuracy, auc = best.cells["test"]["accuracy"], best.cells["test"]["roc_auc"]
    notes = [f"95 %: {auc.interval}"] if auc.interval else []
    notes.append(f"accuracy {accuracy.text}")
    majority = majority_figure(run, "accuracy")
    if majority is not None:
        notes.append(f"majority class {figure(majority)}")
    several = len(run.get("variants") or ()) > 1
    if several and (run.get("best") or {}).get("chosen_on") == "test":
        notes.append("chosen on these rows")
    name = f"ROC AUC{' of the best' * several}, test rows"
    return Tile(name, auc.text, " · ".join(notes))


def _stage_tile(run: Mapping[str, Any], stages: tuple[StageRow, ...]) -> Tile:
    """Return how long the run took, and how many stages did work."""
    busy = sum(stage.state in ("ran", "failed") for stage in stages)
    note = f"{busy} of {amount(len(stages), 'stage')} did work"
    return Tile("Time", duration(run.get("seconds")), note)


def _check_tile(checks: tuple[CheckRow, ...]) -> Tile:
    counts = {
        state: sum(check.state == state for check in checks) for state in ("failed", "warning")
    }
    passed = len(checks) - counts["failed"] - counts["warning"]
    troubles = [f"{counts['failed']} failed"] if counts["failed"] else []
    troubles += [amount(counts["warning"], "warning")] if counts["warning"] else []
    state = "failed" if counts["failed"] else "warning" if counts["warning"] else "passed"
    return Tile(
        "Checks passed", f"{passed} of {len(checks)}", join_names(troubles or ["no warning"]), state
    )


def _rows_by_split(run: dict[str, Any], data: Mapping[str, Any]) -> dict[str, int]:
    """Return the rows by split.

    Without charts, only the labelled rows of a variant are known, or how many were read.
    """
    if data.get("classes"):
        missing = data.get("missing") or {}
        return {
            split: sum(counts.values()) + missing.get(split, 0)
            for split, counts in data["classes"].items()
        }
    for variant in run.get("variants") or []:
        metrics = variant.get("metrics") or {}
        counts = {
            split: (metrics.get(split) or {}).get("rows")
            for split in ("train", "validation", "test")
            if split != "validation" or metrics.get(split)
        }
        rows = {split: count for split, count in counts.items() if isinstance(count, int)}
        if len(rows) == len(counts):
            return rows
    return {"read": round(finite((run.get("data") or {}).get("rows")) or 0)}


def notices(
    run: dict[str, Any],
    checks: tuple[CheckRow, ...],
    variants: tuple[VariantRow, ...],
    stages: tuple[StageRow, ...],
) -> tuple[Notice, ...]:
    """Return what a person should look at, worst first."""
    found = []
    if run.get("state") != "completed":
        found += ending_notices(run, variants, checks, stages)
    found += [check_notice(check) for check in checks if check.state != "passed"]
    found += [Notice("warning", f"{phrase}.") for phrase in kind_phrases(variants)]
    return tuple(sorted(found, key=lambda notice: notice.state != "failed"))


def check_notice(check: CheckRow) -> Notice:
    """Return what a check is for, what it asked of what, and what was seen."""
    asked = "" if check.title == check.asked else f": {check.asked[:1].lower()}{check.asked[1:]}"
    return Notice(check.state, f"{check.title}{asked} ({check.subject}), seen {check.observed}.")
