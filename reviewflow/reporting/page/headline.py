"""Make the first screen of a report: headline, summary tiles, and notices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reviewflow.evaluation.metrics import METRICS
from reviewflow.formatting import amount, duration, figure, finite, join_names, visible
from reviewflow.reporting.page.check_table import CheckRow, quality_rows
from reviewflow.reporting.page.ending import (
    ending_notices,
    ending_sentence,
    next_step,
    variant_tile,
)
from reviewflow.reporting.page.result import (
    basis_sentence,
    is_uncertain,
    kind_phrases,
    majority_figure,
    result_sentence,
)
from reviewflow.reporting.page.stage_table import StageRow
from reviewflow.reporting.page.tiles import Notice, Tile
from reviewflow.reporting.page.variant_table import VariantRow

MOST_WARNINGS = 3  # in a sentence
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
    return result_sentence(run, best, variants, is_headline=True)


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
    if best is None:
        return ""
    if is_uncertain(run, best):
        sentences = ["The interval is wide: more test rows would tell more."]
    else:
        sentences = [basis_sentence(run, best)]
    on, metric = visible(chosen.get("chosen_on") or "", 40), str(chosen.get("metric") or "roc_auc")
    if len(variants) > 1 and on == "test":
        sentences.append(
            f"It was chosen by {_title(metric)} on these same rows (select.on: test), which "
            "flatters it a little."
        )
    elif len(variants) > 1 and on:
        count = best.rows.get(on)
        rows = "rows of their own" if count is None else amount(count, "other row")
        sentences.append(f"It was chosen by {_title(metric)} on {rows} ({on}).")
    return " ".join(sentences)


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
    found = check_notices(checks)
    if run.get("state") != "completed":
        found += ending_notices(run, variants, checks, stages)
    found += [Notice("warning", f"{phrase}.") for phrase in kind_phrases(variants)]
    return tuple(sorted(found, key=lambda notice: notice.state != "failed"))


def check_notices(checks: Sequence[CheckRow]) -> list[Notice]:
    """Return what each check that did not pass is for, and what was seen.

    Checks of several suites that say the same share a notice.
    """
    subjects: dict[tuple[str, ...], dict[str, None]] = {}
    for check in checks:
        if check.state != "passed":
            same = (check.state, check.title, check.asked, check.observed)
            subjects.setdefault(same, {})[check.subject] = None
    found = []
    for (state, title, asked, observed), names in subjects.items():
        limit = "" if title == asked else f" Asked: {_lower_first(asked)}."
        text = f"Not met: {_lower_first(title)}.{limit} Seen: {observed}"
        found.append(Notice(state, f"{text} ({join_names(list(names), 4)})."))
    return found


def warning_sentences(run: dict[str, Any]) -> tuple[str, ...]:
    """Return which checks gave a warning in one sentence, or none.

    Checks of several suites that say the same count once.
    """
    warned = [check for check in quality_rows(run) if check.state == "warning"]
    found = dict.fromkeys(
        f"{_lower_first(each.title.partition('. ')[0])}, seen: {each.observed}" for each in warned
    )
    if not found:
        return ()
    shown, more = list(found)[:MOST_WARNINGS], len(found) - MOST_WARNINGS
    rest = f"; and {more} more" if more > 0 else ""
    return (f"{amount(len(found), 'check')} gave a warning: {'; '.join(shown)}{rest}.",)


def _lower_first(text: str) -> str:
    return f"{text[:1].lower()}{text[1:]}"
