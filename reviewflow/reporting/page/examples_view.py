"""Make the examples of a report from the files of the stage ``report``.

reviews.json, words.json, mistakes.json ─▶ rows of text for the page and the Markdown alike
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reviewflow.formatting import LONGEST, amount, figure, signed_number, visible

LONGEST_NAME = 80  # characters of a class name
MOST_WORDS = {2: 15, 6: 10}  # of each class, by the most classes there are
FEW_WORDS = 5  # of each of more classes


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
class ClassWords:
    """The words that pull most towards a class, and its number."""

    name: str
    number: int
    words: tuple[WordRow, ...]


@dataclass(frozen=True)
class TextPiece:
    """A piece of a review, with a pull if it is marked."""

    text: str
    pull: str


@dataclass(frozen=True)
class MistakeExample:
    """A test review that the best variant gets wrong with great confidence.

    ``probability`` is that of class ``of``.
    """

    label: str
    predicted: str
    of: str
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
            label=visible(review["label"], LONGEST_NAME),
            text=visible(review["text"])
            + (" …" if review["characters"] > len(review["text"]) else ""),
            tokens=visible(" ".join(review["tokens"]))
            + (" …" if review["count"] > len(review["tokens"]) else ""),
            note=f"{amount(review['characters'], 'character')}, {amount(review['count'], 'token')}",
        )
        for review in data.get("reviews") or ()
    )


def class_words(data: Mapping[str, Any]) -> tuple[ClassWords, ...]:
    """Return the words that pull most towards each class that has some."""
    classes = (data.get("words") or {}).get("classes") or ()
    most = next((MOST_WORDS[k] for k in MOST_WORDS if len(classes) <= k), FEW_WORDS)
    shown = [one["words"][:most] for one in classes]
    strongest = max([abs(word["pull"]) for words in shown for word in words] or [1.0])
    return tuple(
        ClassWords(
            visible(one["name"], LONGEST_NAME),
            number,
            tuple(
                WordRow(
                    visible(word["term"], LONGEST_NAME),
                    pull_text(word["pull"]),
                    abs(word["pull"]) / strongest,
                    f"{word['rows']:,}",
                )
                for word in words
            ),
        )
        for number, (one, words) in enumerate(zip(classes, shown, strict=True))
        if words
    )


def mistake_examples(data: Mapping[str, Any]) -> tuple[MistakeExample, ...]:
    """Return the most confident mistakes."""
    return tuple(
        MistakeExample(
            **{name: visible(mistake[name], LONGEST_NAME) for name in ("label", "predicted", "of")},
            probability=figure(mistake["probability"], 3),
            pieces=tuple(
                TextPiece(visible(text), "" if pull is None else pull_text(pull))
                for text, pull in mistake["pieces"]
            ),
            terms=", ".join(
                f"{visible(term['term'], LONGEST_NAME)} {pull_text(term['pull'])}"
                for term in mistake["terms"]
            ),
        )
        for mistake in data.get("mistakes") or ()
    )


def pull_text(pull: float) -> str:
    """Return a pull with two digits after the point, or two that count."""
    digits = next((n for n in (2, 3) if abs(pull) >= 0.995 * 10.0 ** (1 - n)), 4)
    return signed_number(pull, digits)


def lemma_note(run: Mapping[str, Any]) -> str:
    """Return why words of the best variant read oddly, if they are lemmas."""
    best = (run.get("best") or {}).get("variant")
    changes: Mapping[str, Any] = next(
        (one.get("changes") or {} for one in run.get("variants") or () if one.get("name") == best),
        {},
    )
    configured = ((run.get("config") or {}).get("normalize") or {}).get("reduce")
    if visible(changes.get("normalize.reduce", configured), LONGEST) != "lemma":
        return ""
    return (
        "Words are lemmas of WordNet, found without their part of speech, so some read oddly: "
        "does becomes doe, boring becomes bore, and pass becomes pas."
    )
