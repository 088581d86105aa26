"""Write and read the results of a check, and show failures as a table.

results.json ─┬─ has_failed ─────▶ stop or go on
              └─ failure_table ──▶ what was expected, what was observed, where
"""

import json
import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from reviewflow.errors import escape
from reviewflow.quality.describe import value

WIDTHS = (8, 34, 28, 38)
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


def failure(folder: Path) -> str | None:
    """Return the table of failures if a check stops the run, else None."""
    results = read_results(folder)
    return failure_table(results) if has_failed(results) else None


def failure_table(results: Mapping[str, Any]) -> str:
    """Return a table of the failed expectations as text, errors first.

    Parameters
    ----------
    results : the content of ``results.json``.

    Returns
    -------
    str
        A sentence and a table 114 characters wide: severity, what was expected, what was observed,
        and example rows by record number (the header is record 1), feature, label or part.
    """
    failures = [one for one in results["results"] if not one["success"]]
    failures.sort(key=lambda one: one["severity"] != "error")
    errors = sum(one["severity"] == "error" for one in failures)
    warnings = len(failures) - errors
    sentence = (
        f"The {escape(results['suite'])} failed {errors} of "
        f"{len(results['results'])} checks with severity error"
        + (f" and {warnings} with severity warning" if warnings else "")
        + (
            "; nothing was trained. Mend the data, or edit the limits in the suite:"
            if errors
            else ":"
        )
    )
    rule = "  ".join("─" * width for width in WIDTHS)
    lines = [sentence, "", _row(HEADINGS), rule]
    for one in failures:
        lines += [_row(_cells(one)), rule]
    return "\n".join(lines)


def _cells(one: Mapping[str, Any]) -> tuple[str, ...]:
    frame = "" if one["frame"] == "rows" else f"{one['frame']}: "
    expectation = f"{frame}{one['asked']}" + (f"\n{one['notes']}" if one["notes"] else "")
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
