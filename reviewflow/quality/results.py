"""Write and read the results of a check, and show failures as a table.

results.json ─┬─ has_failed ─────▶ stop or go on
              └─ failure_table ──▶ what was expected, what was observed, where, what to change
"""

import json
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reviewflow.errors import escape
from reviewflow.quality.describe import value

WIDTHS = (8, 42, 26, 32)
SETTING = "validate.limits"
HEADINGS = ("severity", "expected", "observed", "where")


def write_results(folder: Path, results: Mapping[str, Any]) -> None:
    """Write ``results.json``. The same results give the same bytes."""
    text = json.dumps(results, indent=1, ensure_ascii=False, allow_nan=False)
    (folder / "results.json").write_text(text + "\n", encoding="utf-8")


def read_results(folder: Path) -> dict[str, Any]:
    """Return the results in the folder of a check's artifact."""
    results: dict[str, Any] = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    return results


def has_failed(results: Mapping[str, Any]) -> bool:
    """Return whether an expectation of severity error failed."""
    return not results["success"]


@dataclass(frozen=True)
class CheckResults:
    """The results of one check, and where its suite comes from.

    Attributes
    ----------
    title : what a person calls the check.
    setting, suite : the setting that names the suite, and the suite's path.
    results : the content of ``results.json``.
    """

    title: str
    setting: str
    suite: Path
    results: Mapping[str, Any]

    @property
    def failures(self) -> list[Mapping[str, Any]]:
        """The expectations that failed."""
        return [one for one in self.results["results"] if not one["success"]]

    @property
    def errors(self) -> list[Mapping[str, Any]]:
        """The expectations of severity error that failed."""
        return [one for one in self.failures if one["severity"] == "error"]

    @property
    def sentence(self) -> str:
        """How many checks of which suite failed, without a full stop."""
        warnings = len(self.failures) - len(self.errors)
        return (
            f"the {escape(self.results['suite'])} failed {len(self.errors)} of "
            f"{len(self.results['results'])} checks of {self.suite} with severity error"
            + (f" and {warnings} with severity warning" if warnings else "")
        )


def failure(folders: Mapping[str, Path], files: Mapping[str, Mapping[str, Path]]) -> str | None:
    """Return one table of what stops the run in these checks, None if nothing.

    Parameters
    ----------
    folders : the artifact of each check, by what a person calls the check.
    files : likewise the path of its suite, by the setting that names it.
    """
    checks = [
        CheckResults(title, setting, suite, read_results(folder))
        for title, folder in folders.items()
        for setting, suite in files[title].items()
    ]
    failed = [check for check in checks if has_failed(check.results)]
    return failure_table(failed) if failed else None


def failure_table(checks: Sequence[CheckResults]) -> str:
    """Return a table of the failed expectations as text, errors first.

    Returns
    -------
    str
        A sentence and a table 114 characters wide: severity, what was expected and the limit that
        says so, what was observed, and example rows by record number (the header is record 1),
        feature, label or part. What several checks found alike is listed once.
    """
    titles: dict[tuple[str, ...], list[str]] = {}
    for check in checks:
        for one in check.failures:
            titles.setdefault(_cells(one), []).append(check.title)
    rule = "  ".join("─" * width for width in WIDTHS)
    lines = [_sentence(checks), "", _row(HEADINGS), rule]
    for cells, found in sorted(titles.items(), key=lambda pair: pair[0][0] != "error"):
        severity, expected, *others = cells
        if len(checks) > 1:
            expected += f"\n({' and '.join(found)})"
        lines += [_row((severity, expected, *others)), rule]
    return "\n".join(lines)


def _sentence(checks: Sequence[CheckResults]) -> str:
    """Return what failed, of which suites, and what a person can do."""
    sentence = ", and ".join(dict.fromkeys(check.sentence for check in checks))
    sentence = sentence[:1].upper() + sentence[1:]
    errors = [one for check in checks for one in check.errors]
    if not errors:
        return f"{sentence}:"
    limits = dict.fromkeys(f"{SETTING}.{one['limit']['name']}" for one in errors if one["limit"])
    change = f"change {' or '.join(limits)}, " if limits else ""
    settings = dict.fromkeys(check.setting for check in checks)
    return (
        f"{sentence}; nothing was trained. Mend the data, {change}or give the check severity: "
        f"warning in a copy of its suite, named by {' or '.join(settings)}:"
    )


def limit_words(one: Mapping[str, Any]) -> str:
    """Return the limit of an expectation as a setting, empty if it has none."""
    limit = one.get("limit")
    return f"{SETTING}.{limit['name']}: {value(limit['value'])}" if limit else ""


def _cells(one: Mapping[str, Any]) -> tuple[str, ...]:
    frame = "" if one["frame"] == "rows" else f"{one['frame']}: "
    lines = (f"{frame}{one['asked']}", one["notes"], limit_words(one))
    expectation = "\n".join(line for line in lines if line)
    where = "\n".join(_row_words(example) for example in one["examples"])
    count = one["unexpected_count"] or 0
    if where and count > len(one["examples"]):
        where += f"\n… and {count - len(one['examples']):,} more"
    return one["severity"], expectation, one["observed"], where


def _row_words(example: Mapping[str, Any]) -> str:
    """Return a row in words: ``record 17, characters 0``.

    Record numbers have no commas.
    """
    return ", ".join(
        f"{name} {cell if name == 'record' else value(cell)}" for name, cell in example.items()
    )


def _row(cells: Iterable[str]) -> str:
    """Return cells side by side, each wrapped to its column."""
    columns = [
        [
            piece
            for line in cell.split("\n")
            for piece in textwrap.wrap(escape(line), width, break_on_hyphens=False) or [""]
        ]
        for cell, width in zip(cells, WIDTHS, strict=True)
    ]
    height = max(len(column) for column in columns)
    padded = [column + [""] * (height - len(column)) for column in columns]
    return "\n".join(
        "  ".join(f"{piece:<{width}}" for piece, width in zip(pieces, WIDTHS, strict=True)).rstrip()
        for pieces in zip(*padded, strict=True)
    )
