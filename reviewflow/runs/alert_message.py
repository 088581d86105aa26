"""Write what a person on call reads: one message for all alerts of a run.

run.json, and that of the last completed run before it ─▶ what broke, what changed, which rows,
what to do, where the report is ─▶ mail, Slack, … (tasks/recipients.py)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reviewflow.formatting import amount, join_names, moment, plain, visible
from reviewflow.runs.alerts import Alert, failed_expectations
from reviewflow.runs.changes import head_changes
from reviewflow.runs.json_values import mapping, mappings, text
from reviewflow.runs.scoring_message import (
    describe_wrong_files,
    is_small_drift,
    scoring_changes,
    scoring_steps,
    warned_files,
    what_broke,
    what_differs,
)

MOST_EXPECTATIONS = 5
MOST_ROWS = 3  # of an expectation
MOST_CHANGES = 8
LONGEST_SENTENCE = 600
FAILURES = ("failed", "crashed")
# in the words of the system, and of an error of Prefect's database
FULL_DISK = ("No space left on device", "Disk quota exceeded", "the disk that holds ")
COMMANDS = {"sentiment": "run", "moons": "moons"}


@dataclass(frozen=True)
class AlertMessage:
    """A message as plain text.

    Attributes
    ----------
    title : one line, such as ``imdb: run failed``.
    is_failure : whether the run has failed; else it ended and something is worth a look.
    """

    title: str
    body: str
    is_failure: bool


def alert_message(
    found: Sequence[Alert],
    content: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    places: Mapping[str, str],
    champion: str | None = None,
) -> AlertMessage:
    """Return the message for the alerts of a run.

    Parameters
    ----------
    found : at least one alert.
    content : run.json as the run ended.
    before : run.json of the last completed run of the same configuration and data; None for none.
    places : where to read on, such as the report's path, by what a person calls it.
    champion : name and version of the model that scores files, if the run publishes one.
    """
    events = [alert.event for alert in found]
    is_failure = any(event in FAILURES for event in events)
    is_scoring = content.get("job") == "score"
    sections = [
        ("What broke" if is_failure else "What to look at", _what_broke(found, content)),
        (_since_when(content, before), _changes(content, before)),
        *(
            [("Which files", describe_wrong_files(content))]
            if is_scoring
            else [("Which rows", _rows(content))]
        ),
        ("The model", _model(content, champion, is_failure)),
        ("What to do", _what_to_do(events, content, before)),
        ("Where", [f"{name}: {place}" for name, place in places.items()]),
    ]
    return AlertMessage(
        f"{content.get('name')}: {' and '.join(_title(alert, content) for alert in found)}",
        "\n\n".join(_section(title, lines) for title, lines in sections if lines),
        is_failure,
    )


def _section(title: str, lines: Sequence[str]) -> str:
    """Return a title and its lines, in one line if there is one."""
    if len(lines) == 1:
        return f"{title}: {lines[0]}"
    return "\n".join([f"{title}:", *(f"- {line}" for line in lines)])


def _title(alert: Alert, content: Mapping[str, Any]) -> str:
    """Return an alert in a few words."""
    is_scoring = content.get("job") == "score"
    if alert.event in FAILURES:
        what = "scoring" if is_scoring else "run"
        return f"{what} {alert.event}{'' if is_scoring else _failed_where(content)}"
    if alert.event == "quality warning" and is_scoring:
        names = [visible(name) for name in warned_files(content)]
        drift = "small drift" if is_small_drift(content) else "drift"
        return f"{drift} in {join_names(names, 2)}" if names else drift
    if alert.event == "quality warning":
        return f"{amount(len(_failed_expectations(content)), 'expectation')} failed"
    watched = mapping(mapping(content.get("config")).get("notify")).get("metric")
    return f"{watched} {alert.event.removeprefix('metric ')}"


def _failed_where(content: Mapping[str, Any]) -> str:
    """Return where a run failed, as the end of a title."""
    if _is_disk_full(content):
        return ": the disk is full"
    stages = [stage for stage, _ in _failed_steps(content)]
    if stages:
        return f" in {join_names(stages, 3)}"
    names = [Path(path).name for path in _input_paths(content)]
    return f" on {join_names(names, 2)}" if _is_about_input(content) else ""


def _is_disk_full(content: Mapping[str, Any]) -> bool:
    return any(words in str(content.get("error")) for words in FULL_DISK)


def _input_paths(content: Mapping[str, Any]) -> list[str]:
    """Return the files, folders and patterns that the run reads."""
    ingest = mapping(mapping(content.get("config")).get("ingest"))
    named = [ingest.get("path"), ingest.get("test_path")]
    flat = [each for some in named for each in (some if isinstance(some, list) else [some])]
    return [visible(each) for each in flat if isinstance(each, str)]


def _is_about_input(content: Mapping[str, Any]) -> bool:
    """Return whether a run failed over its input, before a row was read."""
    error = str(content.get("error"))
    early = "data" not in content and content.get("state") == "failed"
    return early and any(
        path in error or Path(path).name in error for path in _input_paths(content)
    )


def _failed_steps(content: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """Return the stages that failed, each with its variants."""
    steps: dict[str, dict[str, None]] = {}
    for step in mappings(content.get("stages")):
        stage = text(step.get("stage")).replace("_", " ")
        if stage and step.get("state") == "failed":
            variants = steps.setdefault(stage, {})
            if step.get("variant") is not None:
                variants[visible(step["variant"])] = None
    return [(stage, list(variants)) for stage, variants in steps.items()]


def _failed_expectations(content: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the expectations that failed, those that stop a run first."""
    return sorted(failed_expectations(content), key=lambda one: one.get("severity") != "error")


def _stopping(content: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the failed expectations that stopped a run."""
    failed = content.get("state") == "failed"
    return [each for each in _failed_expectations(content) if failed and _is_error(each)]


def _is_error(expectation: Mapping[str, Any]) -> bool:
    return expectation.get("severity") == "error"


def _what_broke(found: Sequence[Alert], content: Mapping[str, Any]) -> list[str]:
    """Return the stages and variants that failed, and why."""
    if content.get("job") == "score":
        return _scoring_lines(found, content)
    lines = [
        f"stage {stage}" + (f", variant {join_names(names, 4)}" if names else "")
        for stage, names in _failed_steps(content)
    ]
    for alert in found:
        if alert.event == "failed" and _stopping(content):
            count = amount(len(_stopping(content)), "expectation")
            lines.append(f"{count} of severity error failed, so nothing was trained")
        elif alert.event == "failed":
            lines.append(_first_line(content.get("error")))
        elif alert.event == "quality warning":
            count = amount(len(_failed_expectations(content)), "expectation")
            lines.append(f"{count} of severity warning failed, and the run went on")
        else:
            lines.append(_first_line(alert.text))
    return lines


def _scoring_lines(found: Sequence[Alert], content: Mapping[str, Any]) -> list[str]:
    """Return what became of a scoring, for each alert."""
    lines: list[str] = []
    for alert in found:
        if alert.event == "failed":
            lines += what_broke(content)
        elif alert.event == "quality warning":
            lines += what_differs(content)
        else:
            lines.append(_first_line(alert.text))
    return lines


def _first_line(sentence: Any) -> str:
    """Return the first line of an error, whose other lines are a table."""
    return visible(str(sentence).strip().partition("\n")[0], LONGEST_SENTENCE)


def _since_when(content: Mapping[str, Any], before: Mapping[str, Any] | None) -> str:
    since = mapping(content.get("since")) or before
    if not since:
        return "What changed"
    return (
        f"What changed since the last good run, {since.get('run_id')} "
        f"({moment(since.get('started'))})"
    )


def _changes(content: Mapping[str, Any], before: Mapping[str, Any] | None) -> list[str]:
    """Return what changed since the last completed run."""
    since = mapping(content.get("since"))
    if not since and before is None:
        return ["this configuration has no completed run yet"]
    listed = since.get("changes")
    changes = [str(each) for each in listed] if isinstance(listed, list) else []
    if content.get("job") == "score":
        changes = scoring_changes(before or {}, content)
    elif not since:  # it ended before its rows were known
        changes = head_changes(before or {}, content)
    shown = [visible(change) for change in changes[:MOST_CHANGES]]
    more = len(changes) - MOST_CHANGES
    if more > 0:
        shown.append(f"and {amount(more, 'more change')}")
    return shown or [f"nothing: {_comparison(content, before)} are the same"]


def _comparison(content: Mapping[str, Any], before: Mapping[str, Any] | None) -> str:
    """Return what was compared with the last completed run."""
    if content.get("since"):
        return "rows, settings, code and packages"
    if content.get("job") == "score":
        return "model, files, settings and packages"
    has_stamps = mapping(content.get("input")) and mapping((before or {}).get("input"))
    return f"{'input file (size and time), ' if has_stamps else ''}settings and packages"


def _model(content: Mapping[str, Any], champion: str | None, is_failure: bool) -> list[str]:
    """Return which model scores files after this run, if it publishes."""
    published = mapping(content.get("published"))
    gate, which = (
        mapping(published.get("gate")),
        f"{published.get('name')} {published.get('version')}",
    )
    if gate.get("promoted") is True:
        return [f"{which} of this run is the champion now and scores new files"]
    lines = [f"{champion} is still the champion and scores new files"] if champion else []
    if is_failure or not published:
        return lines
    if gate.get("champion") == published.get("version"):
        return lines
    return [*lines, f"{which} of this run is not promoted: {_first_line(gate.get('reason'))}"]


def _rows(content: Mapping[str, Any]) -> list[str]:
    """Return a line for each expectation that failed, with its rows."""
    failed = _stopping(content) or _failed_expectations(content)
    lines = [_expectation(one) for one in failed[:MOST_EXPECTATIONS]]
    more = len(failed) - MOST_EXPECTATIONS
    return lines + [f"and {amount(more, 'more expectation')}"] * (more > 0)


def _expectation(one: Mapping[str, Any]) -> str:
    """Return an expectation, what was observed, and the first of its rows."""
    examples = mappings(one.get("examples"))
    rows = [_row(example) for example in examples[:MOST_ROWS]]
    count = one.get("unexpected_count")
    more = (count if isinstance(count, int) else len(examples)) - len(rows)
    if rows and more > 0:
        rows.append(f"and {more:,} more")
    frame = "" if one.get("frame") in (None, "rows") else f"{one['frame']}, "
    asked = one.get("asked", one.get("expectation"))
    observed = f": {visible(one['observed'], 200)}" if one.get("observed") else ""
    return f"{frame}{visible(asked, 200)}{observed}" + "".join(f"; {row}" for row in rows)


def _row(example: Mapping[str, Any]) -> str:
    """Return ``record 17, characters 0``. Record numbers have no commas."""
    return ", ".join(
        f"{visible(name)} {cell if name == 'record' else plain(cell)}"
        for name, cell in example.items()
    )


def _what_to_do(
    events: Sequence[str], content: Mapping[str, Any], before: Mapping[str, Any] | None
) -> list[str]:
    """Return the next steps of a person."""
    steps = []
    if "crashed" in events:
        steps.append(
            "nothing now: the next run goes on from what was finished; if it crashes again, look "
            "whether the machine ran out of memory (`dmesg | grep -i oom`)"
        )
    if content.get("job") == "score":
        return steps + scoring_steps(list(events), content)
    data = join_names([plain(path) for path in _input_paths(content)], 3)
    mend = f"mend these rows in {data}{_limits(content)}"
    if "failed" in events:
        steps += [_mend(content, mend, data), f"then {_again(content)}; what was finished is kept"]
    if "quality warning" in events:
        steps.append(f"{mend}; the model of this run has learned from them")
    if any(event.startswith("metric ") for event in events) and before is not None:
        ids = f"{before.get('run_id')} {content.get('run_id')}"
        steps.append(f"`reviewflow compare {ids}` shows what differs between the two runs")
    return steps


def _mend(content: Mapping[str, Any], rows: str, data: str) -> str:
    """Return how the cause of a failed run is removed.

    Parameters
    ----------
    rows : how the rows are mended that failed a check.
    data : the names of the input files.
    """
    if _is_disk_full(content):
        return (
            "free space on that disk: `reviewflow store gc --keep-runs 20` removes what older runs "
            "alone need, and all of it can be computed again"
        )
    if _stopping(content):
        return rows
    if _is_about_input(content):
        return f"mend {data}, or have it exported again"
    return "mend the cause above"


def _limits(content: Mapping[str, Any]) -> str:
    """Return that the limits which failed can be changed, if they have names."""
    failed = _stopping(content) or _failed_expectations(content)
    names = [text(mapping(one.get("limit")).get("name")) for one in failed]
    settings = [f"validate.limits.{name}" for name in dict.fromkeys(filter(None, names))]
    return f", or change {join_names(settings, 4)} if they are right" if settings else ""


def _again(content: Mapping[str, Any]) -> str:
    """Return how the run is started again."""
    command, file = COMMANDS.get(str(content.get("job"))), content.get("config_file")
    if command is None or not isinstance(file, str):
        return "run it again"
    return f"run again: `reviewflow {command} --config {file}`"
