"""Read the tokens of a part as flat NumPy arrays, and its training rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewflow.store.parquet import read_parquet
from reviewflow.text.tokens import sort_words

GAP = "*"  # stands for the word between the two of a skip-bigram, as in "good * film"


@dataclass(frozen=True)
class Tokens:
    """The token lists of N rows, end to end.

    Attributes
    ----------
    codes : int32, shape (T,), the position of each token in ``words``.
    lengths : int64, shape (N,), number of tokens of each row.
    words : string array, shape (W,), distinct words in code-point order.
    """

    codes: NDArray[np.int32]
    lengths: NDArray[np.int64]
    words: pa.StringArray

    def select(self, rows: NDArray[np.bool_]) -> Tokens:
        """Return the tokens of the rows where a mask of shape (N,) is true."""
        if rows.all():
            return self
        return Tokens(self.codes[np.repeat(rows, self.lengths)], self.lengths[rows], self.words)


def read_tokens(folder: Path) -> Tokens:
    """Return the tokens in ``tokens.parquet``."""
    table = read_parquet(folder / "tokens.parquet", columns=["tokens"])
    return flat_tokens(
        pa.concat_arrays(table.unify_dictionaries()["tokens"].chunks or [_no_lists()])
    )


def flat_tokens(lists: pa.ListArray) -> Tokens:
    """Return lists of tokens as flat arrays. A missing list counts as empty."""
    encoded = lists.flatten()
    if not pa.types.is_dictionary(encoded.type):
        encoded = encoded.dictionary_encode()
    codes = encoded.indices.to_numpy().astype(np.int32, copy=False)
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy().astype(np.int64)
    words = encoded.dictionary
    if not pc.all(pc.less(words[:-1], words[1:]), min_count=0).as_py():
        # Arrow lets a dictionary be in any order, and hold a word twice.
        words, positions = sort_words(words)
        codes = positions[codes]
    return Tokens(codes, lengths, words)


def characters(tokens: Tokens) -> Tokens:
    """Return each character of the rows as a token.

    The tokens of a row are joined by spaces, as scikit-learn's ``analyzer="char"`` reads a text.
    """
    spelled = pc.binary_join_element_wise(tokens.words, "", " ")  # a word and a space
    text = "".join(spelled.to_pylist())
    code_points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
    sizes = pc.utf8_length(spelled).to_numpy()
    firsts = (np.cumsum(sizes) - sizes)[tokens.codes]
    lengths = sizes[tokens.codes].astype(np.int64)
    ends = np.cumsum(lengths)
    stream = code_points[np.repeat(firsts - (ends - lengths), lengths) + np.arange(lengths.sum())]
    row_ends = np.concatenate(([0], ends))[np.cumsum(tokens.lengths)]
    filled = tokens.lengths > 0
    stream = np.delete(stream, row_ends[filled] - 1)  # the space after the last token
    used = np.flatnonzero(np.bincount(stream))
    positions = np.zeros(used[-1] + 1 if len(used) else 1, np.int32)
    positions[used] = np.arange(len(used), dtype=np.int32)
    letters = pa.array([chr(code_point) for code_point in used], pa.string())
    return Tokens(positions[stream], np.diff(row_ends, prepend=0) - filled, letters)


def escape_gaps(tokens: Tokens) -> Tokens:
    """Return tokens of which none is ``*``, the gap of a skip-bigram's text."""
    escaped = escape_words(tokens.words)
    if escaped.equals(tokens.words):
        return tokens
    words, positions = sort_words(escaped)
    return Tokens(positions[tokens.codes], tokens.lengths, words)


def escape_words(words: pa.StringArray) -> pa.StringArray:
    """Return words, each star with one more backslash before it.

    A star is a word of any number of backslashes and ``*``. Different words stay different.
    """
    stars = pc.match_substring_regex(words, r"\A\\*\*\z")
    return pc.if_else(stars, pc.binary_join_element_wise("\\", words, ""), words)


def training_rows(folder: Path) -> NDArray[np.bool_]:
    """Return which rows of a part are training rows, shape (N,)."""
    column = read_parquet(folder / "split.parquet", columns=["split"])["split"]
    mask = pc.equal(column.cast(pa.string()), "train").to_numpy()
    return np.asarray(mask, dtype=np.bool_)


def _no_lists() -> pa.Array:
    return pa.array([], pa.list_(pa.dictionary(pa.int32(), pa.string())))
