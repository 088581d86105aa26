"""Write what a person on call reads about a scoring.

run.json of a scoring ─▶ which files, how they differ, what to do (for alert_message.py)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from reviewflow.formatting import amount, finite, join_names, visible
from reviewflow.runs.changes import head_changes
from reviewflow.runs.json_values import mapping, mappings, text

MOST_FILES = 5
LONGEST_ERROR = 400
LARGE_CHANGE = 0.25  # of a stability index, by a rule of thumb
WORTH_LESS = ", so its scores may be wrong more often"
# What the suite's columns measure. An index compares the file with the model's validation rows.
MEASURED: Mapping[str, str] = MappingProxyType(
    {
        "psi_tokens": "lengths",
        "psi_unknown": "unknown words",
        "psi_scores": "probabilities",
        "psi_labels": "predicted labels",
        "blank_share": "share of blank texts",
        "unknown_share": "share of unknown words",
        "accuracy_fall": "fall of the accuracy on labelled rows",
    }
)


def failed_files(content: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the files that could not be scored."""
    return [each for each in mappings(content.get("files")) if each.get("state") == "failed"]


def warned_files(content: Mapping[str, Any]) -> list[str]:
    """Return the files whose rows failed a check that is a warning."""
    names = [text(check.get("file")) for check in _warnings(content)]
    return list(dict.fromkeys(filter(None, names)))


def what_broke(content: Mapping[str, Any]) -> list[str]:
    """Return how many files have no scores, and why if no file is to blame."""
    failed, files = failed_files(content), mappings(content.get("files"))
    if not failed:
        return [_first_line(content.get("error"))]
    return [f"{len(failed)} of {amount(len(files), 'file')} could not be scored"]


def what_differs(content: Mapping[str, Any]) -> list[str]:
    """Return which files are not like the rows that the model was measured on."""
    names = warned_files(content)
    differ = "differs" if len(names) == 1 else "differ"
    return [
        f"{join_names([visible(name) for name in names], MOST_FILES) or 'a file'} {differ} from "
        f"the rows that the model was measured on{'' if is_small_drift(content) else WORTH_LESS}"
    ]


def describe_wrong_files(content: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with each file that failed or differs."""
    lines = [_failure(each) for each in failed_files(content)]
    lines += [_difference(content, name) for name in warned_files(content)]
    more = len(lines) - MOST_FILES
    return lines[:MOST_FILES] + [f"and {amount(more, 'more file')}"] * (more > 0)


def scoring_changes(before: Mapping[str, Any], content: Mapping[str, Any]) -> list[str]:
    """Return what changed since an earlier scoring, such as its model."""
    old, new = (mapping(run.get("model")) for run in (before, content))
    changes = []
    if old.get("version") and new.get("version") and old["version"] != new["version"]:
        changes.append(f"model {new.get('name')} {old['version']} → {new['version']}")
    known = {text(each.get("input")) for each in mappings(before.get("files"))}
    names = [text(each.get("input")) for each in mappings(content.get("files"))]
    fresh = [visible(name) for name in names if name and name not in known]
    if fresh:
        changes.append(f"new: {join_names(fresh, MOST_FILES)}")
    return [*changes, *head_changes(before, content)]


def scoring_steps(events: list[str], content: Mapping[str, Any]) -> list[str]:
    """Return the next steps of a person whose files were scored."""
    steps = []
    if "failed" in events and failed_files(content):
        names = [visible(each.get("input")) for each in failed_files(content)]
        steps.append(f"mend or remove {join_names(names, MOST_FILES)}; all other files are scored")
    elif "failed" in events:
        steps.append("mend the cause above; scores of before are as they were")
    if "failed" in events:
        steps.append(f"the next scoring takes up what is missing; at once: `{_command(content)}`")
    if "quality warning" in events:
        steps += _drift_steps(content)
    return steps


def _drift_steps(content: Mapping[str, Any]) -> list[str]:
    """Return the next steps where files differ."""
    if is_small_drift(content):
        return ["nothing tonight: the change is small; look at the report if more files follow"]
    names = join_names([visible(name) for name in warned_files(content)], MOST_FILES)
    return [
        f"do not use the scores of {names or 'this file'} before somebody has looked whether it is "
        "the right export, column and language; the other files need nothing",
        "if it is right, label some of its rows and score them with --labels, which tells the "
        "accuracy",
    ]


def _warnings(content: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the checks that failed on files that this run scored."""
    for check in mappings(content.get("quality")):
        if check.get("success") is False and check.get("kept") is not True:
            yield check


def _failure(file: Mapping[str, Any]) -> str:
    """Return why a file has no scores."""
    name, error = visible(file.get("input")), _first_line(file.get("error"))
    return error if name in error else f"{name}: {error}"


def _difference(content: Mapping[str, Any], name: str) -> str:
    """Return how a file differs, in one line."""
    checks = [check for check in _warnings(content) if check.get("file") == name]
    indices = [check for check in checks if _is_index(check)]
    phrases = []
    if indices:
        shown = [f"{_quantity(each)} (index {_number(each.get('observed'))})" for each in indices]
        phrases.append(
            f"differs in {join_names(shown)}, where an index above {LARGE_CHANGE:g} is a large "
            "change"
        )
    phrases += [
        f"{_quantity(each)} is {_number(each.get('observed'))}: asked was "
        f"{visible(each.get('asked'), 100)}"
        for each in checks
        if not _is_index(each)
    ]
    return f"{visible(name)}: {'; '.join([*phrases, *_unknown_words(content, name)])}"


def _is_index(check: Mapping[str, Any]) -> bool:
    """Return whether a check is one of a stability index."""
    return text(check.get("column")).startswith("psi_")


def is_small_drift(content: Mapping[str, Any]) -> bool:
    """Return whether files differ in indices alone, and none by much."""
    checks = list(_warnings(content))
    values = [_value(check.get("observed")) for check in checks]
    return bool(checks) and all(
        _is_index(check) and value is not None and value <= LARGE_CHANGE
        for check, value in zip(checks, values, strict=True)
    )


def _unknown_words(content: Mapping[str, Any], name: str) -> list[str]:
    """Return the share of words of a file that the model does not know."""
    for file in mappings(content.get("files")):
        drift = mapping(file.get("drift"))
        old, new = finite(drift.get("unknown_share_before")), finite(drift.get("unknown_share"))
        if file.get("input") == name and old is not None and new is not None:
            rows = finite(drift.get("rows")) or 0
            return [
                f"the model does not know {new:.0%} of the words of its "
                f"{amount(round(rows), 'row')}, and {old:.0%} in the rows that it was measured on"
            ]
    return []


def _quantity(check: Mapping[str, Any]) -> str:
    """Return what a check's column measures, in words."""
    column = text(check.get("column"))
    return MEASURED.get(column, visible(column or check.get("asked"), 100))


def _number(observed: Any) -> str:
    """Return what a check observed, which may be a number as text."""
    value = _value(observed)
    return visible(observed, 100) if value is None else f"{value:.4g}"


def _value(observed: Any) -> float | None:
    try:
        return float(observed)
    except (TypeError, ValueError):
        return None


def _command(content: Mapping[str, Any]) -> str:
    config = mapping(content.get("config"))
    named, output, model = (text(config.get(name)) for name in ("input", "output", "model"))
    return f"reviewflow score {named} --output {output} --model {model}"


def _first_line(sentence: Any) -> str:
    return visible(str(sentence).strip().partition("\n")[0], LONGEST_ERROR)
