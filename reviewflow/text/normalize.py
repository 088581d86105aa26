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
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from reviewflow.config import Normalize
from reviewflow.context import Context
from reviewflow.text.tokens import TokenStream, token_stream
from reviewflow.text.words import normalized_words

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
    column = pq.read_table(reviews / "reviews.parquet", columns=["text"]).column("text")
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
    stream = _replaced(stream, normalized_words(stream.words, normalize))
    return pa.ListArray.from_arrays(
        pa.array(stream.offsets, pa.int32()),
        pa.DictionaryArray.from_arrays(pa.array(stream.codes), pa.array(stream.words, pa.string())),
    )


def _replaced(stream: TokenStream, replacements: list[tuple[str, ...]]) -> TokenStream:
    """The stream with each token's words in its place, and its words sorted."""
    lengths = np.fromiter(map(len, replacements), np.int64, len(replacements))
    if (lengths == 1).all():
        return _renamed(stream, [word for (word,) in replacements])
    words = sorted({word for group in replacements for word in group})
    numbers = {word: number for number, word in enumerate(words)}
    flat = np.array([numbers[word] for group in replacements for word in group], np.int32)
    firsts = np.cumsum(lengths) - lengths
    token_lengths = lengths[stream.codes]
    ends = np.concatenate((np.zeros(1, np.int64), np.cumsum(token_lengths)))
    codes = flat[_ranges(firsts[stream.codes], token_lengths, ends)]
    return TokenStream(words, codes, ends[stream.offsets])


def _renamed(stream: TokenStream, words: list[str]) -> TokenStream:
    """The stream with one word in the place of each token, and its words sorted."""
    encoded = pa.array(words, pa.string()).dictionary_encode()
    distinct = encoded.dictionary
    order = pc.array_sort_indices(distinct)  # UTF-8 bytes sort as code points do
    place = np.empty(len(order), np.int32)
    place[order.to_numpy()] = np.arange(len(order), dtype=np.int32)
    codes = place[encoded.indices.to_numpy()].take(stream.codes)
    return TokenStream(distinct.take(order).to_pylist(), codes, stream.offsets)


def _ranges(
    firsts: NDArray[np.int64], lengths: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.int64]:
    """``first, first + 1, …`` for each of the lengths, one after the other."""
    return np.repeat(firsts - ends[:-1], lengths) + np.arange(ends[-1])
