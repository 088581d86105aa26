"""Turn the texts of a part into lists of normalised tokens.

    text ─▶ lower case ─▶ tags, entities ─▶ tokens ─┬▶ distinct tokens ─▶ numbers, stop words, stems
                                                    └▶ stream of their numbers ─▶ renumbered

All work on words is done once for each distinct token. The stream, a hundred times as long, is only
renumbered.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from reviewflow.config.sections import Normalize
from reviewflow.context import Context
from reviewflow.store.parquet import read_parquet
from reviewflow.text.base_forms import normalize_words
from reviewflow.text.tokens import TokenStream, sort_words, token_stream

LARGEST_DICTIONARY_BYTES = 1 << 30  # above it Parquet would write the tokens out one by one


def normalize_part(
    *, reviews: Path, normalize: Normalize, folder: Path, context: Context
) -> dict[str, int]:
    """Write ``tokens.parquet`` for one part.

    Parameters
    ----------
    reviews : folder with ``reviews.parquet``, of which only the column ``text`` is read.
    folder : gets ``tokens.parquet``: one row a review, column ``tokens``
        list<dictionary<int32, string>>. The dictionary is sorted and holds only words in use.

    Returns
    -------
    Number of ``rows`` and of ``tokens``.
    """
    context.check_stop()
    column = read_parquet(reviews / "reviews.parquet", columns=["text"]).column("text")
    texts = column.combine_chunks()
    tokens = normalize_texts(texts, normalize)
    context.check_stop()
    pq.write_table(
        pa.table({"tokens": tokens}),
        folder / "tokens.parquet",
        compression="lz4",  # it is read twice, and zstd would save a fifteenth of the bytes
        dictionary_pagesize_limit=LARGEST_DICTIONARY_BYTES,
        write_statistics=False,  # those of every token take more than half of the writing
    )
    context.progress("normalised", {"done": len(tokens), "total": len(tokens)})
    return {"rows": len(tokens), "tokens": len(tokens.values)}


def normalize_texts(texts: pa.Array, normalize: Normalize) -> pa.ListArray:
    """Return the normalised tokens of N texts.

    Training rows, test rows and rows to be scored are treated alike.

    Parameters
    ----------
    texts : array of string or large_string, shape (N,). A null gives an empty list.

    Returns
    -------
    list<dictionary<int32, string>>, shape (N,), without nulls. The dictionary is in code-point
    order and holds only words in use.

    Raises
    ------
    InputError
        If lemmas are needed and WordNet cannot be read.
    """
    stream = token_stream(texts, normalize.token_pattern, normalize.lowercase, normalize.strip_html)
    stream = _replace_tokens(stream, *normalize_words(stream.words, normalize))
    return pa.ListArray.from_arrays(
        pa.array(stream.offsets, pa.int32()),
        pa.DictionaryArray.from_arrays(pa.array(stream.codes), pa.array(stream.words, pa.string())),
    )


def _replace_tokens(
    stream: TokenStream, words: list[str], counts: NDArray[np.int64]
) -> TokenStream:
    """Return the stream with ``counts`` words for each token, words sorted."""
    in_use, positions = sort_words(pa.array(words, pa.string()))
    distinct = in_use.to_pylist()
    if (counts == 1).all():
        return TokenStream(distinct, positions.take(stream.codes), stream.offsets)
    firsts = np.cumsum(counts) - counts
    lengths = counts[stream.codes]
    ends = np.concatenate((np.zeros(1, np.int64), np.cumsum(lengths)))
    codes = positions.take(_ranges(firsts[stream.codes], lengths, ends))
    return TokenStream(distinct, codes, ends[stream.offsets])


def _ranges(
    firsts: NDArray[np.int64], lengths: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return ranges end to end: ``first, first + 1, …`` of each length."""
    return np.repeat(firsts - ends[:-1], lengths) + np.arange(ends[-1])
