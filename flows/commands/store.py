"""``reviewflow store ls | verify | gc``: what the artifact store holds, whole or not, and room."""

import sys
import time
from pathlib import Path
from typing import Any

import click

from flows.commands.errors import plainly

artifacts_option = click.option(
    "--artifacts", default="artifacts", show_default=True, help="Where results are kept."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")


@click.group()
def store() -> None:
    """The artifact store: list it, verify it, make room."""


@store.command("ls")
@artifacts_option
@json_option
@plainly
def store_ls(artifacts: str, as_json: bool) -> None:
    """List the artifacts: stage, key, size, age, and the runs that use them."""
    from flows.commands.tables import age, say, say_json, say_table
    from reviewflow.formatting import amount, size
    from reviewflow.runs.history import run_records, runs_by_artifact
    from reviewflow.store.catalog import entries

    found = entries(Path(artifacts) / "store", _stage_names())
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
    total = sum(entry.bytes for entry in found)
    say(f"{amount(len(found), 'artifact')}, {size(total)} in {Path(artifacts) / 'store'}.")


@store.command("verify")
@artifacts_option
@json_option
@plainly
def store_verify(artifacts: str, as_json: bool) -> None:
    """Hash every file again; exit code 1 and a list if something is wrong."""
    from flows.commands.tables import bar, say, say_json
    from reviewflow.formatting import amount, size
    from reviewflow.runs.history import run_records
    from reviewflow.store.verify import verify_store

    going = any(run.state == "running" for run in run_records(Path(artifacts) / "runs"))
    with bar("verifying") as hashed:
        seen = verify_store(Path(artifacts) / "store", going, hashed)
    if as_json:
        say_json(
            {
                "artifacts": seen.artifacts,
                "bytes": seen.bytes,
                "faults": [
                    {"stage": f.stage, "key": f.key, "file": f.file, "why": f.why}
                    for f in seen.corruptions
                ],
                "leftovers": [
                    {"folder": str(left.folder), "bytes": left.bytes} for left in seen.stale_temps
                ],
            }
        )
    else:
        for fault in seen.corruptions:
            say(fault.sentence)
        for left in seen.stale_temps:
            say(f"left by a maker that is gone: {left.folder} ({size(left.bytes)})")
        if seen.stale_temps:
            say("Leftovers are harmless; `reviewflow store gc` removes them.")
        looked_at = f"{amount(seen.artifacts, 'artifact')}, {size(seen.bytes)}"
        if seen.corruptions:
            damaged = {(c.stage, c.key) for c in seen.corruptions if c.kind == "damaged"}
            if damaged:
                say(
                    f"{len(damaged)} of {looked_at}: damaged; "
                    "`reviewflow run --verify` makes again what it needs."
                )
            else:
                say(f"{looked_at}: all whole, beside files that are not theirs.")
        else:
            say(f"{looked_at}: all whole.")
    if seen.corruptions:
        sys.exit(1)


@store.command("gc")
@click.option(
    "--keep-runs",
    type=click.IntRange(min=1),
    required=True,
    metavar="N",
    help="RetentionPolicy what the newest N runs of each configuration refer to.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and remove nothing.")
@click.option("--runs", "with_runs", is_flag=True, help="Remove older runs' folders, too.")
@artifacts_option
@json_option
@plainly
def store_gc(keep_runs: int, dry_run: bool, with_runs: bool, artifacts: str, as_json: bool) -> None:
    """Remove artifacts that no kept run refers to; safe while a run is going.

    What the newest N runs, the last completed one and every run that is going need stays.
    """
    from flows.commands.tables import say, say_json, say_table
    from reviewflow.formatting import size
    from reviewflow.runs.gc import collect_garbage

    done = collect_garbage(Path(artifacts), keep_runs, dry_run, with_runs, _stage_names())
    if as_json:
        say_json(_collection(done, dry_run))
        return
    if done.removed:
        rows = [(entry.stage, entry.key, size(entry.bytes)) for entry in done.removed]
        say_table("", ("stage", "key", ">size"), rows)
    for left in done.stale_temps:
        say(f"left by a maker that is gone: {left.folder} ({size(left.bytes)})")
    for run in done.runs:
        say(f"run {run.folder.name} ({size(run.bytes)})")
    for note in done.notes:
        say(f"Note: {note}.")
    say(_summed_up(done, dry_run))


def _stage_names() -> list[str]:
    """Return the names of all jobs' stages, in their order."""
    from reviewflow.jobs.moons import MOONS
    from reviewflow.jobs.sentiment import STAGES

    return [stage.name for stage in STAGES + MOONS]


def _used_by(runs: list[str], trouble: str | None) -> str:
    from reviewflow.formatting import amount

    if not runs:
        shown = "no run"
    elif len(runs) == 1:
        shown = runs[0]
    else:
        shown = f"{amount(len(runs), 'run')}, last {runs[0]}"
    return f"{shown} ({trouble})" if trouble else shown


def _collection(done: Any, dry_run: bool) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "removed": [
            {"stage": entry.stage, "key": entry.key, "bytes": entry.bytes} for entry in done.removed
        ],
        "leftovers": [{"folder": str(x.folder), "bytes": x.bytes} for x in done.stale_temps],
        "runs": [{"run_id": x.folder.name, "bytes": x.bytes} for x in done.runs],
        "in_use": [{"stage": entry.stage, "key": entry.key} for entry in done.in_use],
        "freed_bytes": done.freed_bytes,
        "kept": {"artifacts": done.kept_artifacts, "bytes": done.kept_bytes},
        "notes": done.notes,
    }


def _summed_up(done: Any, dry_run: bool) -> str:
    from reviewflow.formatting import amount, size

    what = [amount(len(done.removed), "artifact")]
    if done.stale_temps:
        what.append(amount(len(done.stale_temps), "leftover"))
    if done.runs:
        what.append(amount(len(done.runs), "run"))
    verb = "Would remove" if dry_run else "Removed"
    in_use = f" {amount(len(done.in_use), 'artifact')} in use, left alone." if done.in_use else ""
    return (
        f"{verb} {', '.join(what)}: {size(done.freed_bytes)}; "
        f"{amount(done.kept_artifacts, 'artifact')}, {size(done.kept_bytes)} kept.{in_use}"
    )
