"""The results of a check: written as JSON, judged, and told as a table.

results.json ─┬─ failed ─────────▶ stop or go on
              └─ failure_table ──▶ what was asked, what was seen, where
"""

import json
import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from reviewflow.errors import escape
from reviewflow.quality.describe import value

WIDTHS = (8, 34, 28, 38)
HEADINGS = ("severity", "asked", "seen", "where")


def write_results(folder: Path, results: Mapping[str, Any]) -> None:
    """Write ``results.json``: the same results give the same bytes."""
    text = json.dumps(results, indent=1, ensure_ascii=False, allow_nan=False)
    (folder / "results.json").write_text(text + "\n", encoding="utf-8")


def read_results(folder: Path) -> dict[str, Any]:
    """The results that a check left in its artifact's folder."""
    results: dict[str, Any] = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    return results


def failed(results: Mapping[str, Any]) -> bool:
    """Whether an expectation of severity error failed, so that nothing may be trained."""
    return not results["success"]


def failure_table(results: Mapping[str, Any]) -> str:
    """A plain-text table of the expectations that failed, those of severity error first.

    Parameters
    ----------
    results : the content of ``results.json``.

    Returns
    -------
    str
        A sentence and a table 114 characters wide: severity, what was asked, what was seen,
        and example rows by record number (the header is record 1), feature, label or part.
    """
    missed = [one for one in results["results"] if not one["success"]]
    missed.sort(key=lambda one: one["severity"] != "error")
    errors = sum(one["severity"] == "error" for one in missed)
    warnings = len(missed) - errors
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
    for one in missed:
        lines += [_row(_cells(one)), rule]
    return "\n".join(lines)


def _cells(one: Mapping[str, Any]) -> tuple[str, ...]:
    frame = "" if one["frame"] == "rows" else f"{one['frame']}: "
    question = f"{frame}{one['asked']}" + (f"\n{one['notes']}" if one["notes"] else "")
    where = "\n".join(_named(example) for example in one["examples"])
    count = one["unexpected_count"] or 0
    if where and count > len(one["examples"]):
        where += f"\n… and {count - len(one['examples']):,} more"
    return one["severity"], question, one["observed"], where


def _named(example: Mapping[str, Any]) -> str:
    """A row in words: ``record 17, characters 0``; record numbers stand without commas."""
    return ", ".join(
        f"{name} {cell if name == 'record' else value(cell)}" for name, cell in example.items()
    )


def _row(cells: Iterable[str]) -> str:
    """Cells side by side, each wrapped to its column."""
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
