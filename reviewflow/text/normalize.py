"""The stage normalize: the texts of a part become lists of normalised tokens.

    text ─▶ lower case ─▶ tags, entities ─▶ tokens ─┬▶ distinct tokens ─▶ numbers, stop words, stems
                                                    └▶ stream of their numbers ─▶ renumbered

All work on words is done once for each distinct token; the stream, a hundred times as long, is
only renumbered.
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
from reviewflow.text.base_forms import normalized_words
from reviewflow.text.tokens import TokenStream, in_order, token_stream

LARGEST_DICTIONARY_BYTES = 1 << 30  # above it Parquet would write the tokens out one by one


def normalize(
    *, reviews: Path, normalize: Normalize, folder: Path, context: Context
) -> dict[str, int]:
    """Write ``tokens.parquet`` for one part.

    Parameters
    ----------
    reviews : folder with ``reviews.parquet``; its column ``text`` alone is read
    folder : where ``tokens.parquet`` goes: one row a review, column ``tokens``
        list<dictionary<int32, string>>, whose dictionary is sorted and holds just the words in use

    Returns
    -------
    ``rows`` and ``tokens``, their numbers.
    """
    context.check_stop()
    column = read_parquet(reviews / "reviews.parquet", columns=["text"]).column("text")
    texts = column.combine_chunks()
    tokens = normalized(texts, normalize)
    context.check_stop()
    pq.write_table(
        pa.table({"tokens": tokens}),
        folder / "tokens.parquet",
        compression="lz4",  # read twice, and zstd would save a fifteenth of the bytes
        dictionary_pagesize_limit=LARGEST_DICTIONARY_BYTES,
        write_statistics=False,  # of every token: more than half of the writing
    )
    context.progress("normalised", {"done": len(tokens), "total": len(tokens)})
    return {"rows": len(tokens), "tokens": len(tokens.values)}


def normalized(texts: pa.Array, normalize: Normalize) -> pa.ListArray:
    """The normalised tokens of N texts, the same for training, test and rows to be scored.

    Parameters
    ----------
    texts : array of string or large_string, shape (N,); a null gives an empty list

    Returns
    -------
    list<dictionary<int32, string>>, shape (N,), without nulls; the dictionary is in code point
    order and holds just the words in use

    Raises
    ------
    InputError
        If lemmas are asked for and WordNet is not installed.
    """
    stream = token_stream(texts, normalize.token_pattern, normalize.lowercase, normalize.strip_html)
    stream = _replaced(stream, *normalized_words(stream.words, normalize))
    return pa.ListArray.from_arrays(
        pa.array(stream.offsets, pa.int32()),
        pa.DictionaryArray.from_arrays(pa.array(stream.codes), pa.array(stream.words, pa.string())),
    )


def _replaced(stream: TokenStream, words: list[str], counts: NDArray[np.int64]) -> TokenStream:
    """The stream with ``counts`` words in the place of each token, and its words sorted."""
    in_use, places = in_order(pa.array(words, pa.string()))
    distinct = in_use.to_pylist()
    if (counts == 1).all():
        return TokenStream(distinct, places.take(stream.codes), stream.offsets)
    firsts = np.cumsum(counts) - counts
    lengths = counts[stream.codes]
    ends = np.concatenate((np.zeros(1, np.int64), np.cumsum(lengths)))
    codes = places.take(_ranges(firsts[stream.codes], lengths, ends))
    return TokenStream(distinct, codes, ends[stream.offsets])


def _ranges(
    firsts: NDArray[np.int64], lengths: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.int64]:
    """``first, first + 1, …`` for each of the lengths, one after the other."""
    return np.repeat(firsts - ends[:-1], lengths) + np.arange(ends[-1])
