"""The first screen of a report: the headline, a few numbers, and what a person should look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reviewflow.formatting import LONGEST, amount, figure, join_names, visible
from reviewflow.reporting.page.stage_table import Stage
from reviewflow.reporting.page.variant_table import Check, Variant


@dataclass(frozen=True)
class Tile:
    """One number of the summary with what it is and what stands beside it."""

    name: str
    value: str
    note: str
    state: str = ""


@dataclass(frozen=True)
class Notice:
    """Something that a person should look at; ``state`` is ``failed`` or ``warning``."""

    state: str
    text: str


def headline(run: dict[str, Any], best: Variant | None, found: tuple[Variant, ...]) -> str:
    """What became of the run, in one sentence."""
    state = run.get("state")
    if state == "failed":
        return "The run failed."
    if state == "cancelled":
        return "The run was stopped before it was done."
    if best is None:
        return "The run is done." if state == "completed" else "The run is not done yet."
    accuracy, auc = best.cells["test"]["accuracy"], best.cells["test"]["roc_auc"]
    chosen = f"is the best of {len(found)} variants" if len(found) > 1 else "is trained"
    return f"{best.name} {chosen}: ROC AUC {figure(auc.value, 3)} and accuracy " + (
        f"{figure(accuracy.value, 3)} on the test rows."
    )


def best_note(run: dict[str, Any], best: Variant | None) -> str:
    """How the best variant was chosen, and what that means for its figures."""
    chosen_on = (run.get("best") or {}).get("chosen_on")
    if best is None or chosen_on is None:
        return ""
    seeds = f", the mean of {best.seeds} seeds," if best.seeds > 1 else ""
    return (
        f"Chosen by its ROC AUC{seeds} on the {visible(chosen_on, 40)} rows, the highest of all "
        f"variants. The same rows give the figures shown here, which therefore flatter it a little."
    )


def tiles(
    run: dict[str, Any],
    numbers: Mapping[str, Any],
    best: Variant | None,
    found_checks: tuple[Check, ...],
    found_stages: tuple[Stage, ...],
) -> tuple[Tile, ...]:
    """The numbers that say most, where there are any."""
    found = []
    rows = _rows(run, numbers)
    if rows:
        note = f"{rows.get('train', 0):,} train, {rows.get('test', 0):,} test"
        found.append(Tile("Reviews", f"{sum(rows.values()):,}", note))
    if best is not None:
        accuracy, auc = best.cells["test"]["accuracy"], best.cells["test"]["roc_auc"]
        within = f"95 %: {auc.interval} · " if auc.interval else ""
        found.append(Tile("Best ROC AUC", auc.text, f"{within}accuracy {accuracy.text}"))
    if found_checks:
        found.append(_check_tile(found_checks))
    ran = sum(stage.state in ("ran", "failed") for stage in found_stages)
    if found_stages:
        steps = run.get("stages") or []
        count = sum(step.get("state") == "ran" for step in steps)
        note = f"{count:,} of {amount(len(steps), 'step')} ran"
        found.append(Tile("Changed stages", f"{ran} of {len(found_stages)}", note))
    return tuple(found)


def _check_tile(found: tuple[Check, ...]) -> Tile:
    counts = {
        state: sum(check.state == state for check in found) for state in ("failed", "warning")
    }
    passed = len(found) - counts["failed"] - counts["warning"]
    troubles = [f"{counts['failed']} failed"] if counts["failed"] else []
    troubles += [amount(counts["warning"], "warning")] if counts["warning"] else []
    state = "failed" if counts["failed"] else "warning" if counts["warning"] else "passed"
    return Tile(
        "Checks passed", f"{passed} of {len(found)}", join_names(troubles or ["no warning"]), state
    )


def _rows(run: dict[str, Any], numbers: Mapping[str, Any]) -> dict[str, int]:
    """Rows by split: all of them from the charts' numbers, else the labelled ones of a variant."""
    if numbers.get("classes"):
        return {split: sum(counts.values()) for split, counts in numbers["classes"].items()}
    for variant in run.get("variants") or []:
        metrics = variant.get("metrics") or {}
        found = {split: (metrics.get(split) or {}).get("rows") for split in ("train", "test")}
        rows = {split: count for split, count in found.items() if isinstance(count, int)}
        if len(rows) == len(found):
            return rows
    return {}


def notices(
    run: dict[str, Any],
    found_checks: tuple[Check, ...],
    found_variants: tuple[Variant, ...],
    found_stages: tuple[Stage, ...],
) -> tuple[Notice, ...]:
    """What went wrong, worst first."""
    found = []
    if run.get("error"):
        # What follows an empty line is the terminal's table of the checks told below.
        told = str(run["error"])
        failing = any(check.state == "failed" for check in found_checks)
        text = told.partition("\n\n")[0] if failing else told
        found.append(Notice("failed", visible(text, 4 * LONGEST)))
    else:
        failed = [stage.name for stage in found_stages if stage.state == "failed"]
        found += [Notice("failed", f"The stage {name} failed.") for name in failed]
    for check in found_checks:
        if check.state != "passed":
            found.append(Notice(check.state, f"{check.asked} ({check.of}): seen {check.seen}."))
    lost = [variant.name for variant in found_variants if variant.state == "failed"]
    if lost:
        found.append(Notice("failed", f"Not trained to the end: {join_names(lost)}."))
    guessing = [variant.name for variant in found_variants if variant.guesses]
    if guessing:
        noun = "variant" if len(guessing) == 1 else "variants"
        text = (
            f"{len(guessing)} {noun} did not get past the loss of guessing: {join_names(guessing)}."
        )
        found.append(Notice("warning", text))
    return tuple(found)
