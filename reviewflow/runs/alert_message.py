"""Write what a person on call reads: one message for all alerts of a run.

run.json, and that of the last completed run before it ─▶ what broke, what changed, which rows,
what to do, where the report is ─▶ mail, Slack, … (tasks/recipients.py)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reviewflow.formatting import amount, join_names, moment, plain, visible
from reviewflow.runs.alerts import Alert
from reviewflow.runs.changes import head_changes
from reviewflow.runs.json_values import mapping, mappings, text

MOST_EXPECTATIONS = 5
MOST_ROWS = 3  # of an expectation
MOST_CHANGES = 8
LONGEST_SENTENCE = 600
FAILURES = ("failed", "crashed")
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
) -> AlertMessage:
    """Return the message for the alerts of a run.

    Parameters
    ----------
    found : at least one alert.
    content : run.json as the run ended.
    before : run.json of the last completed run of the same configuration and data; None for none.
    places : where to read on, such as the report's path, by what a person calls it.
    """
    events = [alert.event for alert in found]
    is_failure = any(event in FAILURES for event in events)
    sections = [
        ("What broke" if is_failure else "What to look at", _what_broke(found, content)),
        (_since_when(content, before), _changes(content, before)),
        ("Which rows", _rows(content)),
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
    if alert.event in FAILURES:
        where = [stage for stage, _ in _failed_steps(content)]
        return f"run {alert.event}{f' in {join_names(where, 3)}' if where else ''}"
    if alert.event == "quality warning":
        return f"{amount(len(_failed_expectations(content)), 'expectation')} failed"
    watched = mapping(mapping(content.get("config")).get("notify")).get("metric")
    return f"{watched} {alert.event.removeprefix('metric ')}"


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
    failed = [one for one in mappings(content.get("quality")) if one.get("success") is False]
    return sorted(failed, key=lambda one: one.get("severity") != "error")


def _stopping(content: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the failed expectations that stopped a run."""
    failed = content.get("state") == "failed"
    return [each for each in _failed_expectations(content) if failed and _is_error(each)]


def _is_error(expectation: Mapping[str, Any]) -> bool:
    return expectation.get("severity") == "error"


def _what_broke(found: Sequence[Alert], content: Mapping[str, Any]) -> list[str]:
    """Return the stages and variants that failed, and why."""
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
    if not since:  # it failed before its rows were known
        changes = head_changes(before or {}, content)
    shown = [visible(change) for change in changes[:MOST_CHANGES]]
    more = len(changes) - MOST_CHANGES
    if more > 0:
        shown.append(f"and {amount(more, 'more change')}")
    known = "rows, settings, code and packages" if since else "settings and packages"
    return shown or [f"nothing: {known} are the same"]


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
    if content.get("job") == "score":
        return _score_steps(events, content)
    data = mapping(mapping(content.get("config")).get("ingest")).get("path")
    mend = f"mend these rows in {plain(data)}{_limits(content)}"
    steps = []
    if "crashed" in events:
        steps.append(
            "nothing now: the next run goes on from what was finished; if it crashes again, look "
            "whether the machine ran out of memory"
        )
    elif "failed" in events:
        steps.append(mend if _stopping(content) else "mend the cause above")
        steps.append(f"then {_again(content)}; what was finished is kept")
    if "quality warning" in events:
        steps.append(f"{mend}; the model of this run has learned from them")
    if any(event.startswith("metric ") for event in events) and before is not None:
        ids = f"{before.get('run_id')} {content.get('run_id')}"
        steps.append(f"`reviewflow compare {ids}` shows what differs between the two runs")
    return steps


def _score_steps(events: Sequence[str], content: Mapping[str, Any]) -> list[str]:
    """Return the next steps of a person whose files were scored."""
    steps = []
    if "failed" in events:
        steps.append("mend the cause above; the files without a fault are scored")
        named = plain(mapping(content.get("config")).get("input"))
        steps.append(f"then score {named} again: it takes up what is missing")
    if "quality warning" in events:
        steps.append(
            "see in the report which file differs, and whether it is the right one; label some of "
            "its rows and score them with --labels, which tells the accuracy"
        )
    return steps


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
