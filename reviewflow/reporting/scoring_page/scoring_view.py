"""Make the view of a score run from run.json, for page and Markdown.

run.json ─▶ ScoringView ─┬─▶ report.html
                         └─▶ report.md
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from reviewflow.formatting import (
    LONGEST,
    amount,
    duration,
    join_names,
    moment,
    setting,
    visible,
)
from reviewflow.reporting.page.check_table import STATES as CHECK_STATES
from reviewflow.reporting.page.check_table import CheckRow
from reviewflow.reporting.page.files_view import FileLink, file_links
from reviewflow.reporting.page.headline import check_notices
from reviewflow.reporting.page.tiles import Notice, Tile
from reviewflow.reporting.page.view import config_text, environment_pairs
from reviewflow.reporting.scoring_page.drift_view import (
    DriftView,
    drift_view,
    joint_drift,
    same_origin,
)
from reviewflow.reporting.scoring_page.file_table import FileRow, file_rows
from reviewflow.reporting.scoring_page.histogram_chart import percent

FIRST = 10  # files, failures and the like that are shown, the others are folded
LEFT = {
    "kept": "scored before",
    "waiting": "left for a later run",
    "busy": "being scored by another process",
    "failed": "failed",
}


@dataclass(frozen=True)
class ScoringView:
    """Everything that the page of a scoring run shows, as plain texts.

    Attributes
    ----------
    drift : of all rows together, None where nothing can be compared.
    drift_note : which rows it compares, or why there are none.
    files : those that need attention first.
    checks : of all files that did not pass, failures first.
    passed_checks : each once, with the number of files that pass it.
    """

    run_id: str
    state: str
    started: str
    duration: str
    headline: str
    lede: str
    tiles: tuple[Tile, ...]
    notices: tuple[Notice, ...]
    drift: DriftView | None
    drift_note: str
    files: tuple[FileRow, ...]
    checks: tuple[CheckRow, ...]
    passed_checks: tuple[CheckRow, ...]
    links: tuple[FileLink, ...]
    subject: tuple[tuple[str, str], ...]
    environment: tuple[tuple[str, str], ...]
    config: str


def scoring_view(run: Mapping[str, Any]) -> ScoringView:
    """Return the view of a run of the score flow.

    Parameters
    ----------
    run : the content of run.json; what is missing is left out.
    """
    files = file_rows(run)
    compared = _compared_files(run)
    drift = joint_drift_view(compared)
    checks = [check for file in files for check in file.checks]
    return ScoringView(
        run_id=visible(run.get("run_id") or "", LONGEST),
        state=visible(run.get("state") or "", LONGEST),
        started=moment(run.get("started")),
        duration=duration(run.get("seconds")),
        headline=_headline(run, drift),
        lede=_lede(run, drift),
        tiles=_tiles(run, drift),
        notices=_notices(run, files, drift),
        drift=drift,
        drift_note=_drift_note(run, compared),
        files=files,
        checks=_failed_checks(checks),
        passed_checks=_passed_checks(checks),
        links=file_links(run),
        subject=_subject(run),
        environment=environment_pairs(run.get("environment") or {}),
        config=config_text(run.get("config") or {}),
    )


def _failed_checks(checks: Sequence[CheckRow]) -> tuple[CheckRow, ...]:
    """Return the checks that did not pass, failures first."""
    failed = [check for check in checks if check.state != "passed"]
    return tuple(sorted(failed, key=lambda check: CHECK_STATES.index(check.state)))


def _passed_checks(checks: Sequence[CheckRow]) -> tuple[CheckRow, ...]:
    """Return each check that files passed once, its subject their number."""
    passed = [replace(check, subject="", observed="") for check in checks]
    files = Counter(check for check in passed if check.state == "passed")
    return tuple(
        replace(check, subject=amount(count, "file"), observed="as asked")
        for check, count in files.items()
    )


def run_drift(run: Mapping[str, Any]) -> DriftView | None:
    """Return the drift of all rows that a run scored, None without any.

    Where nothing was left to score, it is that of the files scored before by the same version.
    """
    return joint_drift_view(_compared_files(run))


def joint_drift_view(files: Sequence[Mapping[str, Any]]) -> DriftView | None:
    """Return the drift of the rows of several files of run.json together."""
    if not files:
        return None
    return drift_view(joint_drift([file["drift"] for file in files]), tuple(files[-1]["labels"]))


def _compared_files(run: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the files whose rows are compared with the same validation rows."""
    version = (run.get("model") or {}).get("version")
    known = [file for file in run.get("files") or [] if file.get("drift")]
    scored = [file for file in known if file.get("state") == "scored"]
    chosen = scored or [file for file in known if file.get("model_version") == version]
    origin = same_origin([file["drift"] for file in chosen]) if chosen else []
    return [file for file in chosen if any(file["drift"] is drift for drift in origin)]


def _counts(run: Mapping[str, Any]) -> Counter[str]:
    """Return how many files are in each state."""
    return Counter(str(file.get("state")) for file in run.get("files") or [])


def _total(run: Mapping[str, Any], name: str) -> int:
    """Return a figure summed over the files that were scored now."""
    files = run.get("files") or []
    return sum(file.get(name) or 0 for file in files if file.get("state") == "scored")


def _model(run: Mapping[str, Any]) -> str:
    model = run.get("model")
    if not model:
        return visible(run.get("name") or "a model", LONGEST)
    return f"{visible(model['name'], LONGEST)} {visible(model['version'], 80)}"


def _headline(run: Mapping[str, Any], drift: DriftView | None) -> str:
    """Return what was scored with which model, and what differs."""
    counts, total = _counts(run), sum(_counts(run).values())
    if not total:
        return {
            "failed": "The run failed before it scored a file.",
            "cancelled": "The run was cancelled before it scored a file.",
        }.get(str(run.get("state")), "The run has not scored a file yet.")
    done = counts["scored"]
    if not done:
        return f"No file was scored with {_model(run)}: {_others(counts)}."
    of = "" if done == total else f" of {total:,}"
    rejects = _total(run, "rejects")
    parts = [f"Scored {amount(_total(run, 'rows_out'), 'row')} of {done:,}{of}"]
    parts[0] += f" {'file' if max(done, total) == 1 else 'files'} with {_model(run)}"
    if rejects:
        parts.append(amount(rejects, "reject"))
    if counts["failed"]:
        parts.append(f"{amount(counts['failed'], 'file')} failed")
    if drift is not None and drift.differing:
        parts.append(f"{join_names([trait.short_name for trait in drift.differing])} differ")
    return f"{'; '.join(parts)}."


def _lede(run: Mapping[str, Any], drift: DriftView | None) -> str:
    """Return what the figures of the drift say."""
    if run.get("state") == "cancelled" and run.get("files"):
        return "The run was cancelled, so files after these were not reached."
    if drift is None or not drift.differing or not _counts(run)["scored"]:
        return ""
    return (
        "Scores of rows that differ from those on which the model was measured may be worse than "
        "its figures promise. Labels of some of these rows would tell."
    )


def _others(counts: Counter[str]) -> str:
    """Return what became of the files that were not scored."""
    return ", ".join(f"{counts[state]:,} {words}" for state, words in LEFT.items() if counts[state])


def _tiles(run: Mapping[str, Any], drift: DriftView | None) -> tuple[Tile, ...]:
    """Return the most telling numbers."""
    counts, files = _counts(run), run.get("files") or []
    if not files:
        return ()
    rows, rejects = _total(run, "rows_in"), _total(run, "rejects")
    seconds = sum(file.get("seconds") or 0.0 for file in files if file.get("state") == "scored")
    spent = f"in {duration(seconds)}" if rows else "no new row"
    tiles = [
        Tile("Rows scored", f"{_total(run, 'rows_out'):,}", spent),
        Tile(
            "Rejects",
            f"{rejects:,}",
            f"{percent(rejects / rows)} of the rows" if rejects else "no text is null or blank",
        ),
        Tile(
            "Files scored",
            f"{counts['scored']:,} of {len(files):,}",
            _others(counts) or "none is left",
            "failed" if counts["failed"] else "",
        ),
    ]
    if drift is not None and drift.rows:
        worst = drift.worst
        note = f"{worst.name}: {worst.verdict}"
        state = worst.state if worst.differs else ""
        tiles.append(Tile("Greatest stability index", f"{worst.psi:.2f}", note, state))
    return tuple(tiles)


def _notices(
    run: Mapping[str, Any], files: Sequence[FileRow], drift: DriftView | None
) -> tuple[Notice, ...]:
    """Return what a person should look at, worst first."""
    failed = [file for file in files if file.state == "failed"]
    sentences = [
        file.note if file.name in file.note else f"{file.name}: {file.note}" for file in failed
    ]
    found = _first_notices([Notice("failed", sentence) for sentence in sentences])
    if not failed and run.get("error"):
        found.append(Notice("failed", visible(run["error"], 4 * LONGEST)))
    checks = [
        notice
        for file in files
        for notice in check_notices(
            [check for check in file.checks if not _has_own_notice(check.column, file)]
        )
    ]
    found += _first_notices(sorted(checks, key=lambda notice: notice.state != "failed"))
    found += _drift_notices(files, drift)
    found += _accuracy_notices(files)
    waiting = [file.name for file in files if file.state in ("waiting", "busy")]
    if waiting:
        verb = "was" if len(waiting) == 1 else "were"
        found.append(Notice("warning", f"{join_names(waiting)} {verb} left for a later run."))
    return tuple(sorted(found, key=lambda notice: notice.state != "failed"))


def _accuracy_notices(files: Sequence[FileRow]) -> list[Notice]:
    """Return where the accuracy is lower than the promised one."""
    lower = [
        (file.name, file.live.accuracy.words)
        for file in files
        if file.live is not None and file.live.state == "warning"
    ]
    if len(lower) > 1:
        names = join_names([name for name, _ in lower])
        return [Notice("warning", f"The accuracy is lower than promised in {names}.")]
    return [
        Notice("warning", f"{name}: the accuracy is lower than promised, {words}.")
        for name, words in lower
    ]


def _has_own_notice(column: str, file: FileRow) -> bool:
    """Return whether a notice of drift or of the accuracy says the same."""
    if column == "accuracy_fall":
        return file.live is not None and file.live.state == "warning"
    traits = () if file.drift is None else file.drift.traits
    return any(trait.differs and column == f"psi_{trait.key}" for trait in traits)


def _drift_notices(files: Sequence[FileRow], drift: DriftView | None) -> list[Notice]:
    """Return what differs of all rows together, and in which files."""
    found = []
    if drift is not None and drift.differing:
        found.append(Notice("warning", drift.sentence))
    names = [file.name for file in files if file.drift is not None and file.drift.differing]
    if len(files) > 1 and names:
        verb = "differs" if len(names) == 1 else "differ"
        found.append(Notice("warning", f"{join_names(names)} {verb} from the validation rows."))
    return found


def _first_notices(found: list[Notice]) -> list[Notice]:
    """Return the first notices, and one for the others."""
    rest = len(found) - FIRST
    if rest <= 0:
        return found
    return [*found[:FIRST], Notice(found[FIRST].state, f"And {rest:,} more, in the tables below.")]


def _drift_note(run: Mapping[str, Any], compared: Sequence[Mapping[str, Any]]) -> str:
    """Return which rows are compared, or why none are."""
    files = run.get("files") or []
    if not compared:
        if any(file.get("rows_out") is not None for file in files):
            return "The model holds no profile of its validation rows, so nothing can be compared."
        return "No file has scores, so nothing can be compared."
    rows = sum(file["drift"]["rows"] for file in compared)
    before = compared[-1]["drift"]["rows_before"]
    new = compared[0].get("state") == "scored"
    where = "" if len(compared) == len(files) == 1 else f" of {amount(len(compared), 'file')}"
    return (
        f"The {amount(rows, 'row')}{where} {'scored now' if new else 'scored before'}, beside the "
        f"{before:,} validation rows on which the model was measured."
    )


def _subject(run: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return what was scored with what, as names and texts."""
    config = run.get("config") or {}
    names = ("text_column", "encoding", "delimiter", "quoting", "prefix", "rescore")
    reading = [
        f"{name.replace('_', ' ')} {setting(config[name])}"
        for name in names
        if config.get(name) not in (None, "")
    ]
    lines = [
        ("Input", visible(config.get("input") or "", LONGEST)),
        ("Scores", visible(config.get("output") or "", LONGEST)),
        ("Model", _model(run) if run.get("model") else ""),
        ("Settings", " · ".join(reading)),
    ]
    return tuple((name, text) for name, text in lines if text)
