"""List, verify and clean the store: ``reviewflow store ls | verify | gc``."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from flows.commands.options import artifacts_option, json_option
from flows.commands.output import age, progress_bar, say, say_json, say_table
from reviewflow.formatting import amount, size
from reviewflow.jobs.moons import MOONS
from reviewflow.jobs.sentiment import SENTIMENT
from reviewflow.runs.gc import GcResult, collect_garbage
from reviewflow.runs.history import run_records, runs_by_artifact
from reviewflow.store.catalog import StaleTemp, entries
from reviewflow.store.verify import VerifyResult, verify_store

STAGE_NAMES = [
    stage.name for stage in SENTIMENT.stages + MOONS.stages
]  # in which the store is listed


@click.group()
def store() -> None:
    """List, verify and clean the artifact store."""


@store.command()
@artifacts_option
@json_option
def ls(artifacts: str, as_json: bool) -> None:
    """List the artifacts with their size, their age and their runs."""
    folder = Path(artifacts) / "store"
    found = entries(folder, STAGE_NAMES)
    used = runs_by_artifact(run_records(Path(artifacts) / "runs"))
    now = time.time()
    if as_json:
        say_json(
            [
                {
                    "stage": entry.stage,
                    "key": entry.key,
                    "folder": str(entry.folder),
                    "bytes": entry.bytes,
                    "age_seconds": round(now - entry.made_seconds, 1),
                    "runs": used.get((entry.stage, entry.key), []),
                    "trouble": entry.trouble,
                }
                for entry in found
            ]
        )
        return
    rows = [
        (
            entry.stage,
            entry.key,
            size(entry.bytes),
            age(now - entry.made_seconds),
            _used_by(used.get((entry.stage, entry.key), []), entry.trouble),
        )
        for entry in found
    ]
    if rows:
        say_table("", ("stage", "key", ">size", ">age", "used by"), rows)
    say(f"{amount(len(found), 'artifact')}, {size(sum(e.bytes for e in found))} in {folder}.")


@store.command()
@artifacts_option
@json_option
def verify(artifacts: str, as_json: bool) -> None:
    """Hash every file again and list what is wrong.

    The exit code is 1 if something is.
    """
    running = any(run.state == "running" for run in run_records(Path(artifacts) / "runs"))
    with progress_bar("verifying") as hashed:
        result = verify_store(Path(artifacts) / "store", running, hashed)
    if as_json:
        say_json(_verification_json(result))
    else:
        _say_verification(result)
    if result.corruptions:
        sys.exit(1)


@store.command()
@click.option(
    "--keep-runs",
    type=click.IntRange(min=1),
    required=True,
    metavar="N",
    help="Keep what the newest N runs of each configuration refer to.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and remove nothing.")
@click.option("--runs", "with_runs", is_flag=True, help="Remove older runs' folders, too.")
@artifacts_option
@json_option
def gc(keep_runs: int, dry_run: bool, with_runs: bool, artifacts: str, as_json: bool) -> None:
    """Remove artifacts that no kept run refers to.

    The newest N runs of each configuration, the last completed one and every run that is going
    keep theirs, so this is safe while a run is going.
    """
    result = collect_garbage(Path(artifacts), keep_runs, dry_run, with_runs, STAGE_NAMES)
    if as_json:
        say_json(_collection_json(result, dry_run))
        return
    if result.removed:
        rows = [(entry.stage, entry.key, size(entry.bytes)) for entry in result.removed]
        say_table("", ("stage", "key", ">size"), rows)
    _say_leftovers(result.stale_temps)
    for run in result.runs:
        say(f"run {run.folder.name} ({size(run.bytes)})")
    for note in result.notes:
        say(f"Note: {note}.")
    say(_collection_summary(result, dry_run))


def _used_by(runs: list[str], trouble: str | None) -> str:
    """Return which runs refer to an artifact, and what is wrong with it."""
    if not runs:
        text = "no run"
    elif len(runs) == 1:
        text = runs[0]
    else:
        text = f"{amount(len(runs), 'run')}, last {runs[0]}"
    return f"{text} ({trouble})" if trouble else text


def _say_leftovers(stale_temps: Sequence[StaleTemp]) -> None:
    for left in stale_temps:
        say(f"leftover temporary folder: {left.folder} ({size(left.bytes)})")


def _say_verification(result: VerifyResult) -> None:
    for corruption in result.corruptions:
        say(corruption.sentence)
    _say_leftovers(result.stale_temps)
    if result.stale_temps:
        say("Leftovers are harmless; `reviewflow store gc` removes them.")
    verified = f"{amount(result.artifacts, 'artifact')}, {size(result.bytes)}"
    if result.corruptions:
        damaged = {(each.stage, each.key) for each in result.corruptions if each.kind == "damaged"}
        if damaged:
            say(
                f"{len(damaged)} of {verified}: damaged; "
                "`reviewflow run --verify` makes again what it needs."
            )
        else:
            say(f"{verified}: all whole, but for files that no manifest lists.")
    else:
        say(f"{verified}: all whole.")


def _verification_json(result: VerifyResult) -> dict[str, Any]:
    return {
        "artifacts": result.artifacts,
        "bytes": result.bytes,
        "faults": [
            {"stage": each.stage, "key": each.key, "file": each.file, "why": each.why}
            for each in result.corruptions
        ],
        "leftovers": _leftovers_json(result.stale_temps),
    }


def _collection_json(result: GcResult, dry_run: bool) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "removed": [
            {"stage": entry.stage, "key": entry.key, "bytes": entry.bytes}
            for entry in result.removed
        ],
        "leftovers": _leftovers_json(result.stale_temps),
        "runs": [{"run_id": run.folder.name, "bytes": run.bytes} for run in result.runs],
        "in_use": [{"stage": entry.stage, "key": entry.key} for entry in result.in_use],
        "freed_bytes": result.freed_bytes,
        "kept": {"artifacts": result.kept_artifacts, "bytes": result.kept_bytes},
        "notes": result.notes,
    }


def _leftovers_json(stale_temps: Sequence[StaleTemp]) -> list[dict[str, Any]]:
    return [{"folder": str(left.folder), "bytes": left.bytes} for left in stale_temps]


def _collection_summary(result: GcResult, dry_run: bool) -> str:
    what = [amount(len(result.removed), "artifact")]
    if result.stale_temps:
        what.append(amount(len(result.stale_temps), "leftover"))
    if result.runs:
        what.append(amount(len(result.runs), "run"))
    verb = "Would remove" if dry_run else "Removed"
    in_use = (
        f" {amount(len(result.in_use), 'artifact')} in use, left alone." if result.in_use else ""
    )
    return (
        f"{verb} {', '.join(what)}: {size(result.freed_bytes)}; "
        f"{amount(result.kept_artifacts, 'artifact')}, {size(result.kept_bytes)} kept.{in_use}"
    )
