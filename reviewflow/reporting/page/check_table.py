"""Make the table of checks from run.json, failures first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reviewflow.formatting import LONGEST, plain, visible
from reviewflow.quality.results import limit_words

STATES = ("failed", "warning", "passed")


@dataclass(frozen=True)
class CheckRow:
    """One expectation.

    Attributes
    ----------
    state : ``failed``, ``warning`` or ``passed``.
    title : what it is for, or the expectation in words where that is not said.
    asked : the expectation in words.
    limit : the setting that changes its limit, where it failed.
    subject : suite, frame and column.
    observed : what the data had instead.
    unexpected : number of values or rows that do not meet it.
    examples : some of those rows, in words.
    """

    state: str
    title: str
    asked: str
    limit: str
    subject: str
    observed: str
    unexpected: str
    examples: tuple[str, ...]


def quality_rows(run: dict[str, Any]) -> tuple[CheckRow, ...]:
    """Return the quality results: failures, then warnings, then passes."""
    rows = [_check_row(result) for result in run.get("quality") or []]
    return tuple(sorted(rows, key=lambda row: STATES.index(row.state)))


def _check_row(result: dict[str, Any]) -> CheckRow:
    failed = "warning" if result.get("severity") in ("warning", "info") else "failed"
    asked = result.get("asked") or result.get("expectation") or ""
    subject = (result.get("suite"), result.get("frame"), result.get("column"))
    column = visible(result.get("column") or "", LONGEST)
    asked = visible(asked, LONGEST)
    asked = _sentence_case(asked.replace(column, column.replace("_", " ")) if column else asked)
    return CheckRow(
        state="passed" if result.get("success") else failed,
        title=check_title(result.get("notes"), asked),
        asked=asked,
        limit="" if result.get("success") else visible(limit_words(result) or "", LONGEST),
        subject=" · ".join(visible(name, LONGEST) for name in subject if name),
        observed=plain(result.get("observed")),
        unexpected=plain(result.get("unexpected_count")),
        examples=tuple(_row_in_words(example) for example in result.get("examples") or ()),
    )


def check_title(notes: Any, asked: str) -> str:
    """Return what a check is for, or what it asks where that is not said."""
    return visible(notes or "", LONGEST).strip().removesuffix(".") or asked


def _row_in_words(example: Any) -> str:
    """Return an example row in words: ``record 1017, characters 0``.

    A record number has no thousands separator.
    """
    if not isinstance(example, dict):
        return plain(example)
    cells = [
        (
            visible(name, 80),
            str(cell) if name == "record" and isinstance(cell, int) else plain(cell),
        )
        for name, cell in example.items()
    ]
    return ", ".join(f"{name} {cell}" for name, cell in cells)


def _sentence_case(asked: str) -> str:
    """Return ``expect_column_to_exist`` as ``Column to exist``."""
    words = asked.removeprefix("expect_").replace("_", " ") if asked[:7] == "expect_" else asked
    return words[:1].upper() + words[1:]
