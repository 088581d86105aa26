"""Read past runs: how each went, and which artifacts it refers to.

    artifacts/runs/<run_id>/run.json ─▶ RunRecord ─▶ ``reviewflow runs``, ``show``

A damaged run.json makes an unreadable run, and a field that it lacks reads as nothing. A folder
that holds neither run.json nor a lock that is held is not a run.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reviewflow.errors import StoreError, UsageError
from reviewflow.formatting import finite, nearest
from reviewflow.runs.identity import RunIdentity, recorded_identity
from reviewflow.runs.json_values import mapping, mappings, text
from reviewflow.runs.record import LOCK, read_run
from reviewflow.store.locks import is_locked

# version 0.1 wrote ids without microseconds: 2026-11-26T23-21-42-947c21
RUN_ID = re.compile(r"(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d)(?:-(\d{6})(?=-))?")


@dataclass(frozen=True)
class RunRecord:
    """One run, as its folder records it.

    Attributes
    ----------
    content : run.json; empty where it is unreadable.
    state : ``running``, ``completed``, ``failed``, ``cancelled``, ``crashed`` or ``unreadable``.
    trouble : why it is unreadable; None where it is readable.
    started_seconds : when it started, in seconds since 1970.
    """

    run_id: str
    folder: Path
    content: Mapping[str, Any]
    state: str
    trouble: str | None
    started_seconds: float

    @property
    def identity(self) -> RunIdentity:
        """What it shares with the runs that it is compared with."""
        return recorded_identity(self.content)


def run_records(runs: Path) -> list[RunRecord]:
    """Return all runs, the newest first."""
    records = map(run_record, run_folders(runs))
    return sorted(records, key=lambda run: (run.started_seconds, run.run_id), reverse=True)


def last_completed(
    runs: Path, identity: RunIdentity, before: str | None = None
) -> RunRecord | None:
    """Return the newest completed run of a configuration, or None.

    Ids begin with the time, so scan newest first and stop at the first match.

    Parameters
    ----------
    before : the id of a run; only runs that started before it count.
    """
    for folder in sorted(run_folders(runs), reverse=True):
        if before is not None and folder.name >= before:
            continue
        run = run_record(folder)
        if run.state == "completed" and run.identity.matches(identity):
            return run
    return None


def run_folders(runs: Path) -> list[Path]:
    """Return the folders of runs, in no order."""
    try:
        return [
            folder
            for folder in runs.iterdir()
            if not folder.name.startswith(".")
            and not folder.is_symlink()
            and (os.path.lexists(folder / "run.json") or is_locked(folder / LOCK))
        ]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StoreError(f"The runs in {runs} cannot be read ({error.strerror}).") from None


def run_record(folder: Path) -> RunRecord:
    """Return one run. Whatever its run.json holds, this raises nothing."""
    content: Mapping[str, Any] = {}
    trouble = None
    try:
        content = read_run(folder)
    except StoreError as error:
        trouble = str(error)
    except (AttributeError, TypeError, RecursionError):
        trouble = f"run.json in {folder} holds something else than a run."
    state = content.get("state")
    if not isinstance(state, str):
        state, trouble = "unreadable", trouble or f"run.json in {folder} names no state."
    return RunRecord(folder.name, folder, content, state, trouble, _start_time(folder, content))


def newer_run(record: RunRecord) -> RunRecord | None:
    """Return the newest run of the same job, None if there is no newer one."""
    for folder in sorted(run_folders(record.folder.parent), reverse=True):
        if folder.name <= record.run_id:
            break
        newest = run_record(folder)
        if newest.identity.job == record.identity.job:
            return newest
    return None


def run_page(folder: Path) -> Path | None:
    """Return the page of a run in its folder, None if it has none."""
    pages = sorted(folder.glob("*.html")) + sorted(folder.glob("pictures/*.html"))
    return pages[0] if pages else None


def find_run(runs: Path, wanted: str) -> RunRecord:
    """Return the run that a person means.

    Parameters
    ----------
    wanted : an id, the beginning of one, or a link such as ``latest``.

    Raises
    ------
    UsageError : if there is no such run, or if several ids begin like that.
    """
    known = run_records(runs)
    ids = [run.run_id for run in known]
    if wanted == "latest" or wanted.startswith("latest-"):
        return known[ids.index(_linked_id(runs, wanted, ids))]
    begun = [run for run in known if wanted and run.run_id.startswith(wanted)]
    exact = [run for run in begun if run.run_id == wanted]
    if len(exact or begun) == 1:
        return (exact or begun)[0]
    if begun:
        some = ", ".join(run.run_id for run in begun[:3])
        raise UsageError(
            f"{len(begun)} runs begin with {wanted!r} ({some}{', …' if len(begun) > 3 else ''}); "
            "give more of the id."
        )
    raise UsageError(
        f"There is no run {wanted!r} in {runs}; {_hint(wanted, [*_links(runs), *ids])}"
    )


def references(run: RunRecord) -> frozenset[tuple[str, str]]:
    """Return (stage, key) of every artifact that a run made or used."""
    return frozenset(
        (stage["stage"], stage["key"])
        for stage in mappings(run.content.get("stages"))
        if isinstance(stage.get("stage"), str) and isinstance(stage.get("key"), str)
    )


def runs_by_artifact(runs: list[RunRecord]) -> dict[tuple[str, str], list[str]]:
    """Return the ids of the runs that refer to each artifact."""
    ids: dict[tuple[str, str], list[str]] = {}
    for run in runs:
        for reference in references(run):
            ids.setdefault(reference, []).append(run.run_id)
    return ids


def run_summary(run: RunRecord) -> dict[str, Any]:
    """Return a run's line in a list, as JSON values.

    None stands for what the run did not reach.
    """
    content = run.content
    states = [stage.get("state") for stage in mappings(content.get("stages"))]
    best = mapping(content.get("best"))
    winner = best.get("variant") if run.state == "completed" else None
    scores = {
        text(variant.get("name")): roc_auc(variant) for variant in mappings(content.get("variants"))
    }
    return {
        "run_id": run.run_id,
        "job": content.get("job"),
        "name": content.get("name"),
        "state": run.state,
        "error": run.trouble or content.get("error"),
        "started": content.get("started"),
        "seconds": finite(content.get("seconds")),
        "rows": mapping(content.get("data")).get("rows"),
        "best": winner,
        "roc_auc": scores.get(text(winner)),
        "chosen_on": best.get("chosen_on"),
        "chosen_by": best.get("metric"),
        "learned": content.get("learned"),
        "ran": states.count("ran"),
        "cached": states.count("cached"),
    }


def run_details(run: RunRecord) -> dict[str, Any]:
    """Return a run's line, stages, variants and failed checks."""
    quality = mappings(run.content.get("quality"))
    report = Path(text(mapping(run.content.get("artifacts")).get("report")))
    return {
        **run_summary(run),
        "finished": run.content.get("finished"),
        "folder": str(run.folder),
        "report": str(report) if report.is_file() else None,
        "stages": _stages(mappings(run.content.get("stages"))),
        "variants": [
            {
                **{name: variant.get(name) for name in ("name", "changes", "state", "seconds")},
                "diagnosis": variant.get("diagnosis"),
                "metrics": variant.get("metrics"),
            }
            for variant in mappings(run.content.get("variants"))
        ],
        "versions": [
            {
                **{name: version.get(name) for name in ("name", "first", "highest", "last")},
                "fresh": mapping(mapping(version.get("accuracy")).get("fresh")).get("accuracy"),
            }
            for version in mappings(run.content.get("versions"))
        ],
        "quality": {
            "expectations": len(quality),
            "failures": [each for each in quality if each.get("success") is not True],
        },
    }


def roc_auc(variant: Mapping[str, Any]) -> float | None:
    """Return the ROC AUC of a variant on the test rows."""
    return finite(mapping(mapping(variant.get("metrics")).get("test")).get("roc_auc"))


def _stages(steps: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the steps summed up by stage, in the order of their start."""
    by_stage: dict[str, list[Mapping[str, Any]]] = {}
    for step in steps:
        by_stage.setdefault(text(step.get("stage")), []).append(step)
    return [
        {
            "stage": stage,
            "steps": len(own),
            "ran": sum(step.get("state") == "ran" for step in own),
            "cached": sum(step.get("state") == "cached" for step in own),
            "seconds": sum(finite(step.get("seconds")) or 0.0 for step in own),
            "bytes": sum(int(finite(step.get("bytes")) or 0) for step in own),
            "reasons": list(
                dict.fromkeys(text(step["reason"]) for step in own if step.get("reason"))
            ),
        }
        for stage, own in by_stage.items()
    ]


def _linked_id(runs: Path, link: str, ids: list[str]) -> str:
    """Return the id that a link such as ``latest`` points at."""
    try:
        target = (runs / link).readlink().name if "/" not in link else ""
    except (OSError, ValueError):
        target = ""
    if target in ids:
        return target
    others = _links(runs)
    raise UsageError(
        f"There is no run {link!r} in {runs}: none has completed. "
        + (f"There is {' and '.join(others)}." if others else "`reviewflow runs` lists all runs.")
    )


def _links(runs: Path) -> list[str]:
    """Return the names of the links to the last completed runs."""
    return sorted(each.name for each in runs.glob("latest*") if each.is_symlink())


def _hint(wanted: str, ids: list[str]) -> str:
    if not ids:
        return "there is none at all yet."
    near = nearest(wanted, ids)
    return f"{f'the nearest is {near}, and ' if near else ''}`reviewflow runs` lists all."


def _start_time(folder: Path, content: Mapping[str, Any]) -> float:
    """Return when a run started, by its run.json, its id or its folder."""
    stamp = RUN_ID.match(folder.name)
    try:
        return datetime.fromisoformat(str(content.get("started"))).timestamp()
    except (ValueError, OverflowError, OSError):
        pass
    try:
        if stamp:
            moment = datetime.strptime(f"{stamp[1]}-{stamp[2] or 0}", "%Y-%m-%dT%H-%M-%S-%f")
            return moment.replace(tzinfo=UTC).timestamp()
        return folder.stat().st_mtime
    except (ValueError, OSError):
        return 0.0
