"""Count occurrences and documents of the n-grams in a part's fitted rows.

    tokens.parquet ─┐
                    ├─ fitted rows ─▶ 1-grams ─▶ 2-grams ─▶ … ─▶ counts.parquet
    split.parquet ──┘                 row group 0   1

``counts.parquet`` has a row group for each length n, and a last one for skip-bigrams, if there are
any. A row is an n-gram. Rows are numbered through the file from 0:

    token   shorter  last   count  document_frequency
    film    null     null       9                   7    row 0, "film"
    good    null     null       4                   4    row 1, "good"
    null    1        0          3                   3    row 2, "good film"
    null    1        0          2                   2    row 3, "good * film"

A longer n-gram names the row of the n-gram without its last token (``shorter``) and the row of that
token (``last``), so that no text is stored twice. A skip-bigram names its two tokens. Tokens are in
code-point order and n-grams in the order of (shorter, last). So the same rows in any order give the
same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from reviewflow.context import Context
from reviewflow.errors import ConfigError
from reviewflow.features.compiled_ngrams import (
    count_longer,
    count_tokens,
    positions_by_token,
    sorted_positions,
)
from reviewflow.features.tokens import (
    Tokens,
    characters,
    escape_gaps,
    read_tokens,
    training_rows,
)


def count_ngrams(
    *,
    tokens: Path,
    split: Path,
    analyzer: str,
    ngram_range: tuple[int, int],
    skip_bigrams: bool,
    fit_on: str,
    folder: Path,
    context: Context,
) -> dict[str, Any]:
    """Write ``counts.parquet`` for one part.

    All lengths from 1 to ``ngram_range[1]`` are counted, since longer n-grams are made of shorter
    ones. The file's metadata holds the number of fitted documents, the range, ``skip_bigrams`` if
    they are counted, and ``analyzer`` if the tokens are characters.

    Parameters
    ----------
    tokens, split : artifact folders of the part, with ``tokens.parquet`` and ``split.parquet``.
    analyzer : ``"word"`` counts n-grams of tokens, ``"char"`` of the characters of their text.
    ngram_range : shortest and longest n-gram.
    skip_bigrams : count pairs of tokens with one token between them, too.
    fit_on : ``"train"`` counts the training rows, ``"all"`` every row.

    Raises
    ------
    ConfigError
        If a token holds a space and n-grams are counted, since a space joins their tokens.
    """
    fitted = read_tokens(tokens)
    if fit_on == "train":
        fitted = fitted.select(training_rows(split))
    if analyzer == "char":
        fitted = characters(fitted)
    if skip_bigrams:
        fitted = escape_gaps(fitted)
    words, codes = used_words(fitted)
    if analyzer == "word" and (ngram_range[1] > 1 or skip_bigrams):
        _refuse_spaces(words)
    metadata = {
        "documents": str(len(fitted.lengths)),
        "ngram_range": f"{ngram_range[0]},{ngram_range[1]}",
        **({"skip_bigrams": "true"} if skip_bigrams else {}),
        **({"analyzer": analyzer} if analyzer != "word" else {}),
    }
    rows = 0
    with _writer(folder / "counts.parquet", metadata) as writer:
        for level in ngram_levels(words, codes, fitted.lengths, ngram_range[1], skip_bigrams):
            context.check_stop()
            writer.write_table(level.cast(writer.schema), row_group_size=max(1, len(level)))
            rows += len(level)
    return {"rows": rows, "documents": len(fitted.lengths)}


def used_words(tokens: Tokens) -> tuple[pa.StringArray, NDArray[np.int32]]:
    """Return the words that occur, in code-point order, and each token's word.

    Returns
    -------
    words : string array, shape (W,).
    codes : int32, shape (T,), positions in ``words``.
    """
    used = np.bincount(tokens.codes, minlength=len(tokens.words)) > 0
    if used.all():
        return tokens.words, tokens.codes
    position = np.cumsum(used, dtype=np.int32) - np.int32(1)
    return tokens.words.filter(pa.array(used)), position[tokens.codes]


def ngram_levels(
    words: pa.StringArray,
    codes: NDArray[np.int32],
    lengths: NDArray[np.int64],
    longest: int,
    skip_bigrams: bool,
) -> Iterator[pa.Table]:
    """Yield a table of the counts file for each of its row groups."""
    counts, frequencies = count_tokens(codes, lengths, len(words))
    yield _level(words, None, None, counts, frequencies)
    if longest == 1 and not skip_bigrams:
        return
    documents = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)
    by_token = positions_by_token(codes, len(words))
    ngrams = codes  # a single token's number is that of its 1-gram
    first_row, distinct = 0, len(words)
    for n in range(2, longest + 1):
        positions, ends = sorted_positions(ngrams, documents, by_token, distinct, n)
        prefix, last, counts, frequencies, ngrams = count_longer(
            codes, documents, positions, ends, n
        )
        yield _level(None, prefix + np.int32(first_row), last, counts, frequencies)
        first_row, distinct = first_row + distinct, len(prefix)
    if skip_bigrams:  # a 3-gram without its middle: the single tokens two positions apart
        positions, ends = sorted_positions(codes, documents, by_token, len(words), 3)
        first, last, counts, frequencies, _ = count_longer(codes, documents, positions, ends, 3)
        yield _level(None, first, last, counts, frequencies)


def _level(
    words: pa.StringArray | None,
    shorter: NDArray[np.int32] | None,
    last: NDArray[np.int32] | None,
    counts: NDArray[np.int32],
    frequencies: NDArray[np.int32],
) -> pa.Table:
    rows = len(counts)
    return pa.table(
        {
            "token": pa.nulls(rows, pa.string()) if words is None else words,
            "shorter": pa.nulls(rows, pa.int32()) if shorter is None else shorter,
            "last": pa.nulls(rows, pa.int32()) if last is None else last,
            "count": counts,
            "document_frequency": frequencies,
        }
    )


def _writer(path: Path, metadata: dict[str, str]) -> pq.ParquetWriter:
    whole = pa.int32()  # a part holds at most 64 MB of text, so its counts fit
    schema = pa.schema(
        [
            ("token", pa.string()),
            ("shorter", whole),
            ("last", whole),
            ("count", whole),
            ("document_frequency", whole),
        ],
        metadata=metadata,
    )
    return pq.ParquetWriter(
        path,
        schema,
        compression="zstd",
        compression_level=1,
        use_dictionary=["count", "document_frequency"],
        column_encoding={"shorter": "DELTA_BINARY_PACKED"},
    )


def _refuse_spaces(words: pa.StringArray) -> None:
    spaced = words.filter(pc.match_substring(words, " "))
    if len(spaced):
        raise ConfigError(
            f"The token {spaced[0].as_py()!r} holds a space, and n-grams join tokens with spaces; "
            "change normalize.token_pattern, or set vectorize.ngram_range to [1, 1] and "
            "vectorize.skip_bigrams to false."
        )
