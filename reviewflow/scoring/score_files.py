"""Score files once each, shared by any number of processes.

input ─ files ─┬─ its record names equal input ────▶ kept
               ├─ changed moments ago ─────────────▶ waiting: it may still be being written
               ├─ another process holds its lock ──▶ busy
               └─ score_file ─▶ OUT, rejects, then the record of both

A record is written last, so whoever was killed before it scores the file again, to equal bytes.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pyarrow import ArrowException

from reviewflow.context import Context
from reviewflow.errors import ConfigError, InputError, QualityError, ReviewflowError, UsageError
from reviewflow.reviews.input_files import InputFile, files_named
from reviewflow.scoring.output_file import FORMATS, check_output, output_errors, write_whole
from reviewflow.scoring.score_file import Scorer, rejects_path, score_file
from reviewflow.scoring.scored import Scored, judge_again, suite_identity
from reviewflow.scoring.scoring_options import ScoringOptions
from reviewflow.store.files import sha256_of
from reviewflow.store.locks import try_step_lock

State = Literal["scored", "kept", "waiting", "busy", "failed"]
SETTLE_SECONDS = 10.0
POLL_SECONDS = 0.2
EARLIER = ".earlier"  # the ending of scores that no longer count


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
        return self.output.with_name(f"{self.output.name}.record.json")


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
        files = files_named(named, "the input")
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
    chosen = tuple(_in_folder(path, output) for path in files)
    _check_distinct(chosen)
    return chosen


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
        return _known_outcome(target, known, options)
    if 0 <= _age_seconds(target.path) < options.settle_seconds:
        return FileOutcome(target, "waiting", {})
    with _file_lock(target, options.waits, context) as is_mine:
        if not is_mine:
            return FileOutcome(target, "busy", {})
        known = _known_record(model, target, options)  # another may have scored it meanwhile
        if known is not None:
            return _known_outcome(target, known, options)
        try:
            with InputFile(target.path, url=target.url).named_in_errors():
                return FileOutcome(target, "scored", _score(model, target, options, context))
        except ConfigError:
            raise
        except QualityError as error:
            _set_aside(target)
            return FileOutcome(target, "failed", {}, error)
        except UsageError as error:
            return FileOutcome(target, "failed", {}, error)
        except (ArrowException, UnicodeError) as error:
            return FileOutcome(target, "failed", {}, _unreadable(target, error))


@contextmanager
def _file_lock(target: ScoringTarget, waits: bool, context: Context) -> Iterator[bool]:
    """Hold the lock of a target, and give whether it is held."""
    while True:
        with try_step_lock(target.output.parent, "scores", target.output.name, "output") as is_mine:
            if is_mine or not waits:
                yield is_mine
                return
        context.check_stop()
        time.sleep(POLL_SECONDS)


def _known_outcome(
    target: ScoringTarget, record: dict[str, Any], options: ScoringOptions
) -> FileOutcome:
    """Return a file that was scored, unless today's suite refuses it."""
    if options.suite is None or record.get("suite") == suite_identity(options):
        return FileOutcome(target, "kept", record)
    try:
        return FileOutcome(target, "kept", {**record, "checks": judge_again(record, options)})
    except QualityError as error:
        _set_aside(target)
        return FileOutcome(target, "failed", {}, error)


def _set_aside(target: ScoringTarget) -> None:
    """Give the scores of a file that fails its checks another name.

    They are of an earlier content of the file, or met an earlier suite.
    """
    target.record.unlink(missing_ok=True)
    with output_errors(target.output), suppress(FileNotFoundError):
        os.replace(target.output, target.output.with_name(f"{target.output.name}{EARLIER}"))


def _unreadable(target: ScoringTarget, error: Exception) -> InputError:
    reason = " ".join(str(error).split())[:200]
    return InputError(
        f"{target.title} holds what cannot be scored or written ({reason}); mend it, or leave the "
        "column out."
    )


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
        "suite": suite_identity(options),
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


def _check_distinct(chosen: Sequence[ScoringTarget]) -> None:
    """Raise UsageError if files would overwrite each other.

    Nor may scores become input themselves.
    """
    sources: dict[Path, Path] = {}
    for target in chosen:
        other = sources.setdefault(target.output, target.path)
        if other != target.path:
            raise UsageError(
                f"{other} and {target.path} would both be scored to {target.output}; score each "
                "folder into one of its own."
            )
        if target.path.parent.resolve() == target.output.parent.resolve():
            raise UsageError(
                f"{target.output.parent} is the folder of the input, whose scores would be scored "
                "next time; name another folder."
            )


def _target(path: Path, output: Path) -> ScoringTarget:
    target = _in_folder(path, output) if output.is_dir() else ScoringTarget(path, output)
    check_output(target.output)
    for own in (target.output, target.record, rejects_path(target.output)):
        if own.exists() and path.exists() and own.samefile(path):
            raise UsageError(f"{own} is the input itself; name another output.")
    return target


def _in_folder(path: Path, folder: Path) -> ScoringTarget:
    return ScoringTarget(path, folder / f"{path.name}.parquet")
