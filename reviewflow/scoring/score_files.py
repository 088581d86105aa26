"""Score files once each, shared by any number of processes.

input ─ files ─┬─ its record names equal input ────▶ kept
               ├─ changed moments ago ─────────────▶ waiting: it may still be being written
               ├─ another process holds its lock ──▶ busy
               └─ score_file ─▶ OUT, rejects, then the record of both

A record is written last, so whoever was killed before it scores the file again, to equal bytes.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from reviewflow.context import Context
from reviewflow.errors import ConfigError, InputError, QualityError, ReviewflowError, UsageError
from reviewflow.reviews.input_files import InputFile, files_named
from reviewflow.scoring.output_file import FORMATS, check_output, output_errors, write_whole
from reviewflow.scoring.score_file import Scorer, score_file
from reviewflow.scoring.scored import Scored
from reviewflow.scoring.scoring_options import ScoringOptions
from reviewflow.store.files import sha256_of
from reviewflow.store.locks import try_step_lock

State = Literal["scored", "kept", "waiting", "busy", "failed"]
SETTLE_SECONDS = 10.0


@dataclass(frozen=True)
class ScoringTarget:
    """A file to score, and where its scores go.

    Attributes
    ----------
    url : None for a file of this machine. Otherwise ``path`` is the copy of its file.
    """

    path: Path
    output: Path
    url: str | None = None

    @property
    def title(self) -> str:
        """What a person calls it: its URL or its path."""
        return self.url or str(self.path)

    @property
    def record(self) -> Path:
        """The path of what is written about the scoring."""
        return self.output.with_name(f"{self.output.stem}.record.json")


@dataclass(frozen=True)
class FileOutcome:
    """What became of one file.

    Attributes
    ----------
    record : content of its record, empty unless it was scored, now or before.
    error : why it failed.
    """

    target: ScoringTarget
    state: State
    record: dict[str, Any]
    error: ReviewflowError | None = None


def targets(named: str, output: Path) -> tuple[ScoringTarget, ...]:
    """Return the files that an input names, and where their scores go.

    Parameters
    ----------
    named : a file, a folder, or a pattern.
    output : a file for a file, otherwise a folder, in which each file has one.

    Raises
    ------
    UsageError
        If the output does not fit the input.
    InputError
        If the input names no file, and is not a folder.
    """
    try:
        files = files_named(named, "The input")
    except InputError:
        if Path(named).is_dir():
            return ()  # nothing has come yet
        raise
    if len(files) == 1 and Path(named) == files[0]:
        return (_target(files[0], output),)
    if output.suffix.lower() in FORMATS or output.is_file():
        raise UsageError(
            f"{named} may name several files, so the output must be a folder, and {output} is not "
            "one."
        )
    with output_errors(output):
        output.mkdir(parents=True, exist_ok=True)
    return tuple(_in_folder(path, output) for path in files)


def url_target(url: str, copy: Path, output: Path) -> ScoringTarget:
    """Return the file of a URL, and where its scores go.

    Raises
    ------
    UsageError
        If the output is not a file of scores or a folder.
    """
    return replace(_target(copy, output), url=url)


def score_once(
    model: Scorer, target: ScoringTarget, options: ScoringOptions, context: Context
) -> FileOutcome:
    """Score a file unless that was done, or cannot be done now.

    An error about the file stops this file alone.

    Raises
    ------
    Cancelled
        If the run was stopped.
    ConfigError
        If the suite is wrong.
    StoreError
        If the scores cannot be written.
    """
    known = _known_record(model, target, options)
    if known is not None:
        return FileOutcome(target, "kept", known)
    if _age_seconds(target.path) < options.settle_seconds:
        return FileOutcome(target, "waiting", {})
    with try_step_lock(target.output.parent, "scores", target.output.name) as is_mine:
        if not is_mine:
            return FileOutcome(target, "busy", {})
        known = _known_record(model, target, options)  # another may have scored it meanwhile
        if known is not None:
            return FileOutcome(target, "kept", known)
        try:
            with InputFile(target.path, url=target.url).named_in_errors():
                return FileOutcome(target, "scored", _score(model, target, options, context))
        except ConfigError:
            raise
        except (UsageError, QualityError) as error:
            return FileOutcome(target, "failed", {}, error)


def _score(
    model: Scorer, target: ScoringTarget, options: ScoringOptions, context: Context
) -> dict[str, Any]:
    """Score a file, and return the record that was written."""
    status, started = _status(target.path), time.perf_counter()
    with output_errors(target.record):
        target.record.unlink(missing_ok=True)  # it must never describe other scores
    scored = score_file(model, target.path, target.output, options, context)
    record = {
        "input": target.title,
        **status,
        "input_sha256": _digest(target.path, status),
        "output": str(target.output),
        "output_bytes": target.output.stat().st_size,
        "model_version": model.version,
        "settings": options.settings(),
        **_counts(model, scored),
        "drift": scored.drift,
        "checks": scored.checks,
        "live": scored.live,
        "scored": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "seconds": round(time.perf_counter() - started, 3),
    }
    with output_errors(target.record):
        write_whole(target.record, json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    return record


def _counts(model: Scorer, scored: Scored) -> dict[str, Any]:
    labels = dict(zip(model.class_names, scored.labels.tolist(), strict=True))
    return {
        "rows_in": scored.rows_in,
        "rows_out": scored.rows_out,
        "rejects": scored.rejects,
        "labels": labels,
    }


def _known_record(
    model: Scorer, target: ScoringTarget, options: ScoringOptions
) -> dict[str, Any] | None:
    """Return the record of a file whose scores stand, None otherwise."""
    try:
        record: dict[str, Any] = json.loads(target.record.read_text(encoding="utf-8"))
        is_whole = target.output.stat().st_size == record["output_bytes"]
        is_wanted = record["settings"] == options.settings() and not (
            options.rescore and record["model_version"] != model.version
        )
        stands = is_whole and is_wanted and _is_equal(target.path, record)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return record if stands else None


def _is_equal(path: Path, record: dict[str, Any]) -> bool:
    """Return whether a file is the one that was scored.

    A file with another time of change may hold the same bytes, so the digest decides.
    """
    status = _status(path)
    if status["input_bytes"] != record["input_bytes"]:
        return False
    same_time = status["input_mtime_ns"] == record["input_mtime_ns"]
    return bool(same_time or sha256_of(path) == record["input_sha256"])


def _digest(path: Path, status: dict[str, int]) -> str | None:
    """Return the digest of a file that did not change since."""
    digest = sha256_of(path)
    return digest if _status(path) == status else None


def _status(path: Path) -> dict[str, int]:
    try:
        status = path.stat()
    except OSError:  # reading it says what is wrong
        return {"input_bytes": -1, "input_mtime_ns": -1}
    return {"input_bytes": status.st_size, "input_mtime_ns": status.st_mtime_ns}


def _age_seconds(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return float("inf")


def _target(path: Path, output: Path) -> ScoringTarget:
    if output.is_dir():
        return _in_folder(path, output)
    check_output(output)
    if output.exists() and path.exists() and output.samefile(path):
        raise UsageError(f"{output} is the input itself; name another output.")
    return ScoringTarget(path, output)


def _in_folder(path: Path, folder: Path) -> ScoringTarget:
    return ScoringTarget(path, folder / f"{path.name}.parquet")
