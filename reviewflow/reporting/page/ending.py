"""Say why a run ended early, and what was finished before.

run.json, rows of variants, checks and stages ─▶ headline, lede, notices, a tile
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reviewflow.errors import error_line
from reviewflow.formatting import LONGEST, amount, join_names, quote_names, visible
from reviewflow.reporting.page.check_table import CheckRow
from reviewflow.reporting.page.stage_table import StageRow
from reviewflow.reporting.page.tiles import Notice, Tile
from reviewflow.reporting.page.variant_table import VariantRow

MOST_NAMES = 10
DONE = ("ran", "cached")


def ending_sentence(
    run: Mapping[str, Any],
    variants: Sequence[VariantRow],
    checks: Sequence[CheckRow],
    stages: Sequence[StageRow],
) -> str:
    """Return what a run failed of, or how far it came before it was cancelled."""
    if run.get("state") == "cancelled":
        if not variants:
            return "The run was cancelled before it finished."
        count = len(_with_training(variants))
        if not count:
            which = "its variant" if len(variants) == 1 else f"any of {len(variants)} variants"
            return f"The run was cancelled before {which} was trained."
        verb = "is" if count == 1 or len(variants) == 1 else "are"
        of = amount(len(variants), "variant")
        return f"The run was cancelled: {count} of {of} {verb} trained."
    failed, broken = (
        _failures(variants),
        [stage.name for stage in stages if stage.state == "failed"],
    )
    unmet = sum(check.state == "failed" for check in checks)
    if failed:
        names = _in_quotes([variant.name for variant in failed], 3)
        return (
            f"The run failed because of {'a variant' if len(failed) == 1 else 'variants'}: {names}."
        )
    if unmet:
        return f"The run failed: {amount(unmet, 'check')} of the data did not pass."
    return f"The run failed in the stage {broken[0]}." if broken else "The run failed."


def next_step(run: Mapping[str, Any], variants: Sequence[VariantRow]) -> str:
    """Return what a run that ended early leaves to do."""
    if run.get("state") == "cancelled":
        return "What was finished is kept. Run again: only what is missing is done."
    done = sum(variant.state in DONE for variant in variants)
    if run.get("state") != "failed" or not done:
        return ""
    return (
        f"{done} of {amount(len(variants), 'variant')} finished, with the figures below. "
        "Mend the cause and run again: only what is missing is done."
    )


def ending_notices(
    run: Mapping[str, Any],
    variants: Sequence[VariantRow],
    checks: Sequence[CheckRow],
    stages: Sequence[StageRow],
) -> list[Notice]:
    """Return what failed and why, or what a cancelled run did not finish."""
    if run.get("state") == "cancelled" and (variants or stages):
        return [_unfinished_notice(variants, stages)]
    causes = _causes(variants)
    found = [
        Notice("failed", f"{_in_quotes(names, MOST_NAMES)} failed{_because(cause)}.")
        for cause, names in causes.items()
    ]
    if error_line(_error(run)) not in causes:
        found = [*_run_notices(run, checks, stages), *found]
    waiting = [variant.name for variant in variants if variant.state == "skipped"]
    if 0 < len(waiting) < len(variants):
        found.append(Notice("warning", f"Not trained: {_names(waiting)}."))
    return found


def variant_tile(variants: Sequence[VariantRow]) -> Tile:
    """Return how many variants a run that ended early has finished."""
    done, failed = (
        [variant for variant in variants if variant.state in states]
        for states in (DONE, ("failed",))
    )
    notes = [f"{len(failed)} failed"] * bool(failed)
    trained = len([v for v in _with_training(variants) if v not in done and v not in failed])
    notes += [f"{trained} trained, not evaluated"] * bool(trained)
    missing = len(variants) - len(done) - len(failed) - trained
    notes += [f"{missing} not trained"] * bool(missing)
    state = "failed" if failed else ""
    return Tile("Variants finished", f"{len(done)} of {len(variants)}", ", ".join(notes), state)


def _failures(variants: Sequence[VariantRow]) -> list[VariantRow]:
    return [variant for variant in variants if variant.state == "failed"]


def _with_training(variants: Sequence[VariantRow]) -> list[VariantRow]:
    return [variant for variant in variants if variant.trained]


def _in_quotes(names: Sequence[str], most: int) -> str:
    """Return names in quotes, since a name may read like the words around it."""
    return join_names([f"“{name}”" for name in names], most)


def _names(names: Sequence[str]) -> str:
    return join_names(quote_names(list(names)), MOST_NAMES)


def _causes(variants: Sequence[VariantRow]) -> dict[str, list[str]]:
    """Return the variants that failed, by their cause."""
    causes: dict[str, list[str]] = {}
    for variant in _failures(variants):
        causes.setdefault(variant.error, []).append(variant.name)
    return causes


def _because(cause: str) -> str:
    return f": {cause}" if cause else ""


def _error(run: Mapping[str, Any]) -> Exception:
    return Exception(str(run.get("error") or ""))


def _unfinished_notice(variants: Sequence[VariantRow], stages: Sequence[StageRow]) -> Notice:
    """Return which variants were trained, or how many stages finished."""
    trained = [variant.name for variant in _with_training(variants)]
    if not trained:
        done = sum(stage.state in DONE for stage in stages)
        what = f"{done or 'None'} of {amount(len(stages), 'stage')} finished before."
        return Notice("note", what if stages else "Nothing was finished before.")
    rest = [variant.name for variant in variants if variant.name not in trained]
    missing = f" Not trained: {_names(rest)}." if rest else ""
    return Notice("note", f"Trained: {_names(trained)}.{missing}")


def _run_notices(
    run: Mapping[str, Any], checks: Sequence[CheckRow], stages: Sequence[StageRow]
) -> list[Notice]:
    """Return the error of the run, or the stages that failed without one."""
    if not run.get("error"):
        failed = [stage.name for stage in stages if stage.state == "failed"]
        return [Notice("failed", f"The stage {name} failed.") for name in failed]
    error = str(run["error"])
    if any(check.state == "failed" for check in checks):
        # The checks have notices of their own; the error repeats them below an empty line.
        sentence, table, _ = error.partition("\n\n")
        error = f"{sentence.rstrip(':')}." if table else sentence
    return [Notice("failed", visible(error, 4 * LONGEST))]
