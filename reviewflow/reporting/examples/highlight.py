"""Mark in a review's own text the words that a network reads.

    text ─ words in it ──┐
                         ├─ aligned in order ─▶ pieces of the text, each with its word's pull
    tokens, their pulls ─┘

A token is a stem, a lemma or a number in words. Only its place and its first letters show which
word it came from. A word whose token begins otherwise (*was*, read as *be*) stays unmarked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from unicodedata import normalize

import pyarrow as pa

from reviewflow.features.tokens import GAP, escape_words
from reviewflow.text.clean import hide_marks, straight_apostrophes

WORD = r"\w+(?:'\w+)*"
PARTS = r"\w+(?=n't\b)|n't\b|(?<=\w)'\w+|\w+"  # of words whose contractions are split
PUNCTUATION = r"[^\w\s]+"
BREAK = re.compile(r"(?:\s*<br\s*/?>\s*)+", re.IGNORECASE)
FIRST_LETTERS = 3
AROUND = 8  # words on each side of a marked one that are shown
MOST_SHOWN = 100  # words of a longer text, after which no marked one is added
SHOWN_WHOLE = 60  # words of a text that is shown whole

Piece = tuple[str, float | None]  # text, and its pull if it is marked


def marked_pieces(
    text: str, tokens: Sequence[str], pulls: Mapping[str, float], skip_bigrams: bool = False
) -> list[Piece]:
    """Return the text in pieces, words that pull with their pull.

    Long gaps become ``…``.

    Parameters
    ----------
    tokens : the normalised text, in order.
    pulls : of the terms to mark; a term of several tokens is joined by spaces.
    skip_bigrams : whether ``*`` in a term stands for any token.
    """
    text = normalize("NFC", BREAK.sub(" ", text))
    plain = straight_apostrophes(text)
    spans = [match.span() for match in word_pattern(tokens).finditer(hide_marks(plain))]
    words = [plain[start:end] for start, end in spans]
    by_token = token_pulls(tokens, pulls, skip_bigrams)
    by_word = {
        word: by_token[token]
        for word, token in token_positions(words, tokens).items()
        if token in by_token
    }
    shown = _visible_words(len(words), by_word)
    return _pieces(text, spans, by_word, shown)


def marked_characters(text: str, pulls: Mapping[str, float]) -> list[Piece]:
    """Return the text in pieces, each character of a term with its pull.

    Of several terms at one place the longest counts.

    Parameters
    ----------
    pulls : of the terms to mark, n-grams of characters.
    """
    text = normalize("NFC", BREAK.sub(" ", text))
    plain = straight_apostrophes(text)
    by_character: dict[int, float] = {}
    for term in sorted(pulls, key=len):
        for match in re.finditer(f"(?={re.escape(term)})", plain, re.IGNORECASE):
            covered = range(match.start(), match.start() + len(term))
            by_character |= dict.fromkeys(covered, pulls[term])
    spans = [(place, place + 1) for place in range(len(text))]
    return _pieces(text, spans, by_character, _visible_words(len(text), by_character))


def word_pattern(tokens: Sequence[str]) -> re.Pattern[str]:
    """Return what a word of the text is: cut as the tokens show it."""
    contractions = any(re.fullmatch(r"n't|'\w+", token, re.IGNORECASE) for token in tokens)
    punctuation = any(re.fullmatch(PUNCTUATION, token) for token in tokens)
    words = PARTS if contractions else WORD
    return re.compile(f"{words}|{PUNCTUATION}" if punctuation else words, re.IGNORECASE)


def token_pulls(
    tokens: Sequence[str], pulls: Mapping[str, float], skip_bigrams: bool = False
) -> dict[int, float]:
    """Return each position's pull: that of the longest term that covers it.

    With ``skip_bigrams`` the term ``good * film`` covers two tokens around another one, and counts
    as a term of two tokens.
    """
    if skip_bigrams:
        tokens = escape_words(pa.array(tokens, pa.string())).to_pylist()
    longest = max((len(term.split(" ")) for term in pulls), default=0)
    by_position: dict[int, float] = {}
    for length in range(1, longest + 1):
        for start in range(len(tokens) - length + 1):
            pull = pulls.get(" ".join(tokens[start : start + length]))
            if pull is not None:
                by_position |= dict.fromkeys(range(start, start + length), pull)
        if skip_bigrams and length == 2:
            for start, (first, last) in enumerate(zip(tokens, tokens[2:], strict=False)):
                pull = pulls.get(f"{first} {GAP} {last}")
                if pull is not None:
                    by_position |= {start: pull, start + 2: pull}
    return by_position


def token_positions(words: Sequence[str], tokens: Sequence[str]) -> dict[int, int]:
    """Return the position of each word's token, by order and first letters.

    A word without a token has no entry.
    """
    matcher = SequenceMatcher(None, _prefixes(words), _prefixes(tokens), autojunk=False)
    return {
        block.a + step: block.b + step
        for block in matcher.get_matching_blocks()
        for step in range(block.size)
    }


def _prefixes(words: Sequence[str]) -> list[str]:
    return [word.lower()[:FIRST_LETTERS] for word in words]


def _visible_words(words: int, by_word: Mapping[int, float]) -> set[int]:
    """Return all words of a short text, else those near the marked ones."""
    if words <= SHOWN_WHOLE:
        return set(range(words))
    shown: set[int] = set()
    for word in sorted(by_word, key=lambda word: (-abs(by_word[word]), word)):
        if len(shown) < MOST_SHOWN:
            shown.update(range(max(0, word - AROUND), min(words, word + AROUND + 1)))
    return shown or set(range(SHOWN_WHOLE))


def _pieces(
    text: str, spans: Sequence[tuple[int, int]], by_word: Mapping[int, float], shown: set[int]
) -> list[Piece]:
    pieces: list[Piece] = []
    end = 0  # of the text in pieces so far
    for number, (start, stop) in enumerate(spans):
        if number not in shown:
            if number - 1 in shown or number == 0:
                pieces.append((" … ", None))
            end = stop
            continue
        if start > end and (number == 0 or number - 1 in shown):
            pieces.append((text[end:start], None))
        pieces.append((text[start:stop], by_word.get(number)))
        end = stop
    if not spans or len(spans) - 1 in shown:
        pieces.append((text[end:], None))
    return _merge_unmarked(pieces)


def _merge_unmarked(pieces: Sequence[Piece]) -> list[Piece]:
    """Return the pieces with neighbours that have no pull joined."""
    merged: list[Piece] = []
    for text, pull in pieces:
        if pull is None and merged and merged[-1][1] is None:
            merged[-1] = (merged[-1][0] + text, None)
        elif text:
            merged.append((text, pull))
    return merged
