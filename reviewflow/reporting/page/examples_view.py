"""Make the examples of a report from the files of the stage ``report``.

reviews.json, words.json, mistakes.json ─▶ rows of text for the page and the Markdown alike
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reviewflow.evaluation.metrics import CLASS_NAMES
from reviewflow.formatting import amount, figure, signed_number, visible


@dataclass(frozen=True)
class SampledReview:
    """A training review as it was read and as the network reads it."""

    label: str
    text: str
    tokens: str
    note: str


@dataclass(frozen=True)
class WordRow:
    """A word with its pull in log-odds.

    ``share`` is the pull as a share of the strongest word's, from 0 to 1.
    """

    term: str
    pull: str
    share: float
    rows: str


@dataclass(frozen=True)
class TextPiece:
    """A piece of a review, with a pull if it is marked."""

    text: str
    pull: str


@dataclass(frozen=True)
class MistakeExample:
    """A test review that the best variant gets wrong with great confidence."""

    label: str
    probability: str
    pieces: tuple[TextPiece, ...]
    terms: str

    @property
    def marked_text(self) -> str:
        """The review with its marked words between « and »."""
        return "".join(f"«{piece.text}»" if piece.pull else piece.text for piece in self.pieces)


def sampled_reviews(data: Mapping[str, Any]) -> tuple[SampledReview, ...]:
    """Return the training review of each class that was drawn."""
    return tuple(
        SampledReview(
            label=visible(review["label"]),
            text=visible(review["text"])
            + (" …" if review["characters"] > len(review["text"]) else ""),
            tokens=visible(" ".join(review["tokens"]))
            + (" …" if review["count"] > len(review["tokens"]) else ""),
            note=f"{amount(review['characters'], 'character')}, {amount(review['count'], 'token')}",
        )
        for review in data.get("reviews") or ()
    )


def word_rows(data: Mapping[str, Any]) -> dict[str, tuple[WordRow, ...]]:
    """Return the words that pull most towards each class, if there are any."""
    words = data.get("words") or {}
    by_class = {name: words.get(name) or () for name in CLASS_NAMES}
    strongest = max([abs(word["pull"]) for side in by_class.values() for word in side] or [1.0])
    return {
        name: tuple(
            WordRow(
                visible(word["term"], 80),
                signed_number(word["pull"], 2),
                abs(word["pull"]) / strongest,
                f"{word['rows']:,}",
            )
            for word in side
        )
        for name, side in by_class.items()
        if side
    }


def mistake_examples(data: Mapping[str, Any]) -> tuple[MistakeExample, ...]:
    """Return the most confident mistakes."""
    return tuple(
        MistakeExample(
            label=visible(mistake["label"]),
            probability=figure(mistake["probability"], 3),
            pieces=tuple(
                TextPiece(visible(text), "" if pull is None else signed_number(pull, 2))
                for text, pull in mistake["pieces"]
            ),
            terms=", ".join(
                f"{visible(term['term'], 80)} {signed_number(term['pull'], 2)}"
                for term in mistake["terms"]
            ),
        )
        for mistake in data.get("mistakes") or ()
    )
