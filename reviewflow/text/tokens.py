"""Turn texts into numbered tokens, by compiled code where it is exact.

                    ┌─ simple pattern and text ──▶ compiled_scan.number_tokens ─┐
texts, settings ────┤                                                           ├─▶ TokenStream
                    └─ any other ────────────────▶ clean.find_tokens ───────────┘
"""

from __future__ import annotations

import re
from array import array
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewflow.errors import InputError
from reviewflow.text.clean import combining_marks, compose, find_tokens

# Patterns of the compiled tokeniser: whether it joins letters across an apostrophe, the fewest
# characters, and whether a run of punctuation is a token, too.
COMPILED_PATTERNS = {
    r"\w+(?:'\w+)*": (True, 1, False),
    r"(?u)\b\w\w+\b": (False, 2, False),  # scikit-learn's default
    r"\b\w\w+\b": (False, 2, False),
    r"\w+": (False, 1, False),
    r"\w+(?:'\w+)*|[^\w\s]+": (True, 1, True),
    r"\w+|[^\w\s]+": (False, 1, True),
}


@dataclass(frozen=True)
class TokenStream:
    """The tokens of N texts.

    Attributes
    ----------
    words : the distinct tokens. Each occurs in ``codes``.
    codes : int32, positions in ``words``, all texts one after the other.
    offsets : int64, shape (N + 1,), where each text begins in ``codes``.
    """

    words: list[str]
    codes: NDArray[np.int32]
    offsets: NDArray[np.int64]


def token_stream(
    texts: pa.Array, token_pattern: str, lowercase: bool, strip_html: bool
) -> TokenStream:
    """Clean and tokenise texts.

    Parameters
    ----------
    texts : string or large_string array of N texts. A null has no tokens.
    token_pattern : Python regular expression with at most one capturing group.

    Returns
    -------
    The tokens of ``clean.find_tokens``, whether compiled code found them or not.

    Raises
    ------
    InputError
        If a text is not valid UTF-8, as a Parquet file by another program may hold.
    """
    texts = _check_utf8(texts.cast(pa.large_string()))
    if token_pattern not in COMPILED_PATTERNS:
        return _match_tokens(texts.to_pylist(), re.compile(token_pattern), lowercase, strip_html)
    # Other patterns need no compiler, so it is imported here.
    from reviewflow.text.compiled_scan import UNCLEAR, number_tokens

    apostrophes, shortest, punctuation = COMPILED_PATTERNS[token_pattern]
    data, offsets = _utf8(compose_texts(texts, lowercase))
    letters = letter_table(lowercase, punctuation)
    codes, counts, pool, ends = number_tokens(
        data, offsets, letters, strip_html, apostrophes, shortest
    )
    stream = TokenStream(_strings(pool, ends), codes, _offsets(np.maximum(counts, 0)))
    unclear = np.flatnonzero(counts == UNCLEAR)
    if not unclear.size:
        return stream
    rest = _match_tokens(
        texts.take(pa.array(unclear)).to_pylist(), re.compile(token_pattern), lowercase, strip_html
    )
    return _merge(stream, rest, unclear)


def compose_texts(texts: pa.LargeStringArray, lowercase: bool) -> pa.LargeStringArray:
    """Return the texts as ``clean.compose`` gives them.

    Texts of ASCII alone, which it leaves as they are, are not looked at one by one.
    """
    plain = pc.string_is_ascii(texts)
    if pc.all(plain, min_count=0).as_py():
        return texts
    others = pc.fill_null(pc.invert(plain), False)
    before = texts.filter(others).to_pylist()
    composed = [compose(text, lowercase) for text in before]
    if composed == before:
        return texts
    return pc.replace_with_mask(texts, others, pa.array(composed, pa.large_string()))


def sort_words(words: pa.StringArray) -> tuple[pa.StringArray, NDArray[np.int32]]:
    """Return the distinct words in code-point order, and each word's position.

    Positions are int32, shape (N,).
    """
    encoded = words.dictionary_encode()
    order = pc.array_sort_indices(encoded.dictionary)  # UTF-8 bytes sort as code points do
    position = np.empty(len(order), np.int32)
    position[order.to_numpy()] = np.arange(len(order), dtype=np.int32)
    return encoded.dictionary.take(order), position[encoded.indices.to_numpy()]


@lru_cache(maxsize=4)
def letter_table(lowercase: bool, punctuation: bool = False) -> NDArray[np.int32]:
    r"""Return for each code point its letter in a token, shape (0x110000,).

    A letter is what ``\w`` matches. 0 means that the code point is not a letter. -1 means that
    ``str.lower`` is not a matter of single letters: capital sigma depends on its place, İ becomes
    two, and the Kelvin sign becomes an ASCII letter, which may open a tag. With ``punctuation``
    what ``[^\w\s]`` matches has the value −2 − its code point in lower case. A combining mark has
    the value ``COMBINING`` + its code point.
    """
    from reviewflow.text.compiled_scan import COMBINING

    numbers = np.arange(0x110000, dtype=np.int32)
    every = numbers.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
    letters = np.zeros_like(numbers)
    for run in re.finditer(r"\w+", every):
        letters[run.start() : run.end()] = numbers[run.start() : run.end()]
    for run in re.finditer(r"[^\w\s]+" if punctuation else r"(?!)", every):
        letters[run.start() : run.end()] = -2 - numbers[run.start() : run.end()]
    table = letters.copy()
    for letter in every[:0x20000] if lowercase else "":  # planes 2 and up have no upper case
        lower = letter.lower()
        if lower != letter:
            unclear = len(lower) > 1 or letter == "Σ" or (lower.isascii() and not letter.isascii())
            table[ord(letter)] = -1 if unclear else letters[ord(lower)]
    marks = np.frombuffer(combining_marks().encode("utf-32-le"), "<u4").astype(np.int32)
    table[marks] = COMBINING + marks
    table.flags.writeable = False  # all callers share it
    return table


def _match_tokens(
    texts: Iterable[str | None], pattern: re.Pattern[str], lowercase: bool, strip_html: bool
) -> TokenStream:
    numbers: defaultdict[str, int] = defaultdict()
    numbers.default_factory = numbers.__len__  # a new token gets the next number
    codes = array("i")
    offsets = array("q", [0])
    for text in texts:
        if text:
            tokens = find_tokens(text, pattern, lowercase, strip_html)
            codes.extend(map(numbers.__getitem__, tokens))
        offsets.append(len(codes))
    return TokenStream(list(numbers), np.array(codes, np.int32), np.array(offsets, np.int64))


def _merge(stream: TokenStream, rest: TokenStream, rows: NDArray[np.int64]) -> TokenStream:
    """Return ``stream`` with the texts of ``rest`` in its empty ``rows``."""
    numbers = {word: number for number, word in enumerate(stream.words)}
    renumbered = np.array([numbers.setdefault(word, len(numbers)) for word in rest.words], np.int32)
    counts = np.diff(stream.offsets)
    counts[rows] = np.diff(rest.offsets)
    *before, last = np.split(stream.codes, stream.offsets[rows])
    inserted = np.split(renumbered[rest.codes], rest.offsets[1:-1])
    pieces = chain.from_iterable(zip(before, inserted, strict=True))
    return TokenStream(list(numbers), np.concatenate([*pieces, last]), _offsets(counts))


def _offsets(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    offsets = np.zeros(counts.size + 1, np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets


def _check_utf8(texts: pa.LargeStringArray) -> pa.LargeStringArray:
    """Return the texts if they are valid UTF-8, as compiled code assumes."""
    try:
        texts.validate(full=True)
    except pa.ArrowInvalid as error:
        raise InputError(
            f"A text is not valid UTF-8 ({error}); write the file again with UTF-8 text."
        ) from None
    return texts


def _utf8(texts: pa.LargeStringArray) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return bytes and offsets of the texts. A null has no bytes."""
    texts = texts.fill_null("") if texts.null_count else texts
    if not len(texts):
        return np.empty(0, np.uint8), np.zeros(1, np.int64)
    _, offset_buffer, data_buffer = texts.buffers()
    offsets = np.frombuffer(offset_buffer, np.int64)[texts.offset :][: len(texts) + 1]
    data = np.frombuffer(data_buffer or b"", np.uint8)[offsets[0] : offsets[-1]]
    return data, offsets - offsets[0]


def _strings(pool: NDArray[np.uint8], ends: NDArray[np.int64]) -> list[str]:
    strings: list[str] = pa.LargeStringArray.from_buffers(
        ends.size - 1, pa.py_buffer(ends), pa.py_buffer(pool)
    ).to_pylist()
    return strings
