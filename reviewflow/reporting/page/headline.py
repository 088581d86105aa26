"""Make the first screen of a report: headline, summary tiles, and notices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reviewflow.formatting import LONGEST, amount, figure, join_names, visible
from reviewflow.reporting.page.check_table import CheckRow
from reviewflow.reporting.page.stage_table import StageRow
from reviewflow.reporting.page.variant_table import VariantRow


@dataclass(frozen=True)
class Tile:
    """One number of the summary, with its name and a note."""

    name: str
    value: str
    note: str
    state: str = ""


@dataclass(frozen=True)
class Notice:
    """Something that needs attention.

    ``state`` is ``failed`` or ``warning``.
    """

    state: str
    text: str


def headline_sentence(
    run: dict[str, Any], best: VariantRow | None, variants: tuple[VariantRow, ...]
) -> str:
    """Return how the run ended, in one sentence."""
    state = run.get("state")
    if state == "failed":
        return "The run failed."
    if state == "cancelled":
        return "The run was cancelled before it finished."
    if best is None:
        return "The run completed." if state == "completed" else "The run has not finished yet."
    accuracy, auc = best.cells["test"]["accuracy"], best.cells["test"]["roc_auc"]
    chosen = f"is the best of {len(variants)} variants" if len(variants) > 1 else "is trained"
    return f"{best.name} {chosen}: ROC AUC {figure(auc.value, 3)} and accuracy " + (
        f"{figure(accuracy.value, 3)} on the test rows."
    )


def selection_note(run: dict[str, Any], best: VariantRow | None) -> str:
    """Return how the best variant was chosen, and what follows from that."""
    chosen_on = (run.get("best") or {}).get("chosen_on")
    if best is None or chosen_on is None:
        return ""
    seeds = f", the mean of {best.seeds} seeds," if best.seeds > 1 else ""
    return (
        f"Chosen by its ROC AUC{seeds} on the {visible(chosen_on, 40)} rows, the highest of all "
        f"variants. The same rows give the figures shown here, which therefore flatter it a little."
    )


def summary_tiles(
    run: dict[str, Any],
    data: Mapping[str, Any],
    best: VariantRow | None,
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
    if rows:
        note = f"{rows.get('train', 0):,} train, {rows.get('test', 0):,} test"
        tiles.append(Tile("Reviews", f"{sum(rows.values()):,}", note))
    if best is not None:
        accuracy, auc = best.cells["test"]["accuracy"], best.cells["test"]["roc_auc"]
        within = f"95 %: {auc.interval} · " if auc.interval else ""
        tiles.append(Tile("Best ROC AUC", auc.text, f"{within}accuracy {accuracy.text}"))
    if checks:
        tiles.append(_check_tile(checks))
    ran = sum(stage.state in ("ran", "failed") for stage in stages)
    if stages:
        steps = run.get("stages") or []
        count = sum(step.get("state") == "ran" for step in steps)
        note = f"{count:,} of {amount(len(steps), 'step')} ran"
        tiles.append(Tile("Changed stages", f"{ran} of {len(stages)}", note))
    return tuple(tiles)


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

    Without charts, only the labelled rows of a variant are known.
    """
    if data.get("classes"):
        return {split: sum(counts.values()) for split, counts in data["classes"].items()}
    for variant in run.get("variants") or []:
        metrics = variant.get("metrics") or {}
        counts = {split: (metrics.get(split) or {}).get("rows") for split in ("train", "test")}
        rows = {split: count for split, count in counts.items() if isinstance(count, int)}
        if len(rows) == len(counts):
            return rows
    return {}


def notices(
    run: dict[str, Any],
    checks: tuple[CheckRow, ...],
    variants: tuple[VariantRow, ...],
    stages: tuple[StageRow, ...],
) -> tuple[Notice, ...]:
    """Return what a person should look at, worst first."""
    found = _failures(run, checks, stages)
    found += [
        Notice(check.state, f"{check.asked} ({check.subject}): seen {check.observed}.")
        for check in checks
        if check.state != "passed"
    ]
    untrained = [variant.name for variant in variants if variant.state == "failed"]
    if untrained:
        found.append(Notice("failed", f"Training did not finish: {join_names(untrained)}."))
    guessing = [variant.name for variant in variants if variant.no_better_than_guessing]
    if guessing:
        variants_lost = amount(len(guessing), "variant")
        text = f"{variants_lost} did not get past the loss of guessing: {join_names(guessing)}."
        found.append(Notice("warning", text))
    return tuple(found)


def _failures(
    run: dict[str, Any], checks: tuple[CheckRow, ...], stages: tuple[StageRow, ...]
) -> list[Notice]:
    """Return the error of the run, or the stages that failed without one."""
    if not run.get("error"):
        failed = [stage.name for stage in stages if stage.state == "failed"]
        return [Notice("failed", f"The stage {name} failed.") for name in failed]
    error = str(run["error"])
    if any(check.state == "failed" for check in checks):
        # The checks have notices of their own; the error repeats them below an empty line.
        error = error.partition("\n\n")[0]
    return [Notice("failed", visible(error, 4 * LONGEST))]
