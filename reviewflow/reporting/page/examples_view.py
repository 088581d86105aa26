"""What a report tells of single words and reviews, from the files of the stage report.

reviews.json, words.json, mistakes.json ─▶ plain rows for the page and the Markdown alike
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reviewflow.formatting import amount, figure, visible

FILES = ("comparisons", "reviews", "words", "mistakes")


@dataclass(frozen=True)
class Drawn:
    """A training review as it was read and as the network reads it."""

    label: str
    text: str
    tokens: str
    note: str


@dataclass(frozen=True)
class Word:
    """A word and its pull in log-odds; ``share`` is that of the strongest word, 0 to 1."""

    term: str
    pull: str
    share: float
    rows: str


@dataclass(frozen=True)
class Piece:
    """A piece of a review; a marked one has a pull."""

    text: str
    pull: str


@dataclass(frozen=True)
class Mistake:
    """A test review that the best variant is surest about and gets wrong."""

    label: str
    said: str
    pieces: tuple[Piece, ...]
    terms: str


def material_of(folder: Path | None) -> dict[str, Any]:
    """The content of the files of the stage report: charts.json, and the others by their names."""
    found = {name: _json(folder, name) for name in ("charts", *FILES)}
    charts = found.pop("charts") or {}
    return {**charts, **{name: content for name, content in found.items() if content}}


def drawn(numbers: Mapping[str, Any]) -> tuple[Drawn, ...]:
    """The two reviews that were drawn."""
    return tuple(
        Drawn(
            label=visible(one["label"]),
            text=visible(one["text"]) + (" …" if one["characters"] > len(one["text"]) else ""),
            tokens=visible(" ".join(one["tokens"]))
            + (" …" if one["count"] > len(one["tokens"]) else ""),
            note=f"{amount(one['characters'], 'character')}, {amount(one['count'], 'token')}",
        )
        for one in numbers.get("reviews") or ()
    )


def words(numbers: Mapping[str, Any]) -> dict[str, tuple[Word, ...]]:
    """The words that pull most towards each class; empty where there are none."""
    told = numbers.get("words") or {}
    sides = {side: told.get(side) or () for side in ("negative", "positive")}
    strongest = max([abs(word["pull"]) for side in sides.values() for word in side] or [1.0])
    return {
        side: tuple(
            Word(
                visible(word["term"], 80),
                signed(word["pull"]),
                abs(word["pull"]) / strongest,
                f"{word['rows']:,}",
            )
            for word in found
        )
        for side, found in sides.items()
        if found
    }


def mistakes(numbers: Mapping[str, Any]) -> tuple[Mistake, ...]:
    """The most confident mistakes."""
    return tuple(
        Mistake(
            label=visible(one["label"]),
            said=figure(one["probability"], 3),
            pieces=tuple(
                Piece(visible(text), "" if pull is None else signed(pull))
                for text, pull in one["pieces"]
            ),
            terms=", ".join(
                f"{visible(term['term'], 80)} {signed(term['pull'])}" for term in one["terms"]
            ),
        )
        for one in numbers.get("mistakes") or ()
    )


def signed(pull: float) -> str:
    """``+1.23`` or ``−0.45``."""
    return f"{pull:+.2f}".replace("-", "−")


def _json(folder: Path | None, name: str) -> Any:
    path = folder / f"{name}.json" if folder is not None else None
    if path is None or not path.is_file():
        return None
    return json.loads(path.read_text(encoding="utf-8"))
