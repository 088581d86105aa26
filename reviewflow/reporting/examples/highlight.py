"""Where the words that a network read stand in a review's own text.

    text ─ words in it ──┐
                         ├─ aligned in order ─▶ pieces of the text, each with its word's pull
    tokens, their pulls ─┘

A token is a stem, a lemma or a number in words; only its place and its first letters still tell
which word it came from. A word whose token begins otherwise (*was*, read as *be*) stays unmarked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher

WORD = re.compile(r"\w+(?:'\w+)*")
BREAK = re.compile(r"(?:\s*<br\s*/?>\s*)+", re.IGNORECASE)
FIRST_LETTERS = 3
AROUND = 8  # words on each side of a marked one that are shown
MOST_SHOWN = 100  # words of a longer text: no more are added from there on
SHOWN_WHOLE = 60  # words of a text that is shown whole

Piece = tuple[str, float | None]


def marked(text: str, tokens: Sequence[str], pulls: Mapping[str, float]) -> list[Piece]:
    """The text in pieces, those words that have a pull with it; long gaps become ``…``.

    Parameters
    ----------
    tokens : what the text was normalised to, in order.
    pulls : of the terms to mark; a term of several tokens is joined by spaces.
    """
    text = BREAK.sub(" ", text)
    words = list(WORD.finditer(text))
    by_token = token_pulls(tokens, pulls)
    by_word = {
        word: by_token[token]
        for word, token in aligned([match[0] for match in words], tokens).items()
        if token in by_token
    }
    shown = _shown(len(words), by_word)
    return _pieces(text, words, by_word, shown)


def token_pulls(tokens: Sequence[str], pulls: Mapping[str, float]) -> dict[int, float]:
    """The pull of each token's place: of the longest term with a pull that covers it."""
    longest = max((len(term.split(" ")) for term in pulls), default=0)
    found: dict[int, float] = {}
    for length in range(1, longest + 1):
        for start in range(len(tokens) - length + 1):
            pull = pulls.get(" ".join(tokens[start : start + length]))
            if pull is not None:
                found |= dict.fromkeys(range(start, start + length), pull)
    return found


def aligned(words: Sequence[str], tokens: Sequence[str]) -> dict[int, int]:
    """Which token each word became, by their order and first letters; words without one lack."""
    matcher = SequenceMatcher(None, _beginnings(words), _beginnings(tokens), autojunk=False)
    return {
        block.a + step: block.b + step
        for block in matcher.get_matching_blocks()
        for step in range(block.size)
    }


def _beginnings(words: Sequence[str]) -> list[str]:
    return [word.lower()[:FIRST_LETTERS] for word in words]


def _shown(words: int, by_word: Mapping[int, float]) -> set[int]:
    """All words of a short text, else those near the strongest marked ones."""
    if words <= SHOWN_WHOLE:
        return set(range(words))
    shown: set[int] = set()
    for word in sorted(by_word, key=lambda word: (-abs(by_word[word]), word)):
        if len(shown) < MOST_SHOWN:
            shown.update(range(max(0, word - AROUND), min(words, word + AROUND + 1)))
    return shown or set(range(SHOWN_WHOLE))


def _pieces(
    text: str, words: Sequence[re.Match[str]], by_word: Mapping[int, float], shown: set[int]
) -> list[Piece]:
    pieces: list[Piece] = []
    end = 0  # of the text told so far
    for number, match in enumerate(words):
        if number not in shown:
            if number - 1 in shown or number == 0:
                pieces.append((" … ", None))
            end = match.end()
            continue
        if match.start() > end and (number == 0 or number - 1 in shown):
            pieces.append((text[end : match.start()], None))
        pieces.append((match[0], by_word.get(number)))
        end = match.end()
    if not words or len(words) - 1 in shown:
        pieces.append((text[end:], None))
    return _joined(pieces)


def _joined(pieces: Sequence[Piece]) -> list[Piece]:
    """Neighbours without a pull as one piece."""
    found: list[Piece] = []
    for text, pull in pieces:
        if pull is None and found and found[-1][1] is None:
            found[-1] = (found[-1][0] + text, None)
        elif text:
            found.append((text, pull))
    return found
