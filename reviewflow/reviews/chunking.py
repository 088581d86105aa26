"""Where rows are cut into parts, and what tells two parts apart.

text ─▶ text_hashes ─▶ Cutting.part_length ─▶ rows of a part ─▶ digests
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

HASHES = 1 << 64


@dataclass(frozen=True)
class Cutting:
    """Content-defined cutting, as in rsync: the rows themselves say where a part ends.

    A part ends after the first row, from ``fewest_rows`` on, whose text hash is among the lowest
    one in ``one_row_in``; where no row up to ``most_rows`` is, after the row with the lowest hash.
    So a row that comes, goes or changes moves an end only where it is one itself (or pushes one
    over a limit), and the parts behind find their old ends again. With the defaults the mean part
    has about 8,000 rows.

    Attributes
    ----------
    most_bytes : UTF-8 bytes of text that a part may hold, unless it is a single row.
    """

    fewest_rows: int = 2_048
    most_rows: int = 16_384
    one_row_in: int = 8_192
    most_bytes: int = 64 << 20

    def part_length(self, hashes: np.ndarray, sizes: np.ndarray, ended: bool) -> int:
        """Rows of the next part; 0 if more rows must be seen first.

        Parameters
        ----------
        hashes : uint64, shape (R,): text hash of each row that is not in a part yet.
        sizes : int64, shape (R,): bytes of each row's text.
        ended : whether no row will follow.
        """
        import numpy as np

        seen = min(len(hashes), self.most_rows)
        fitting = int(np.searchsorted(np.cumsum(sizes[:seen]), self.most_bytes, side="right"))
        end = max(1, fitting) if fitting < seen else seen
        whole = fitting < seen or seen == self.most_rows
        if seen == 0 or not (whole or ended):
            return 0
        first = min(self.fewest_rows, (end + 1) // 2) if whole else self.fewest_rows
        window = hashes[first - 1 : end]
        low = np.flatnonzero(window < np.uint64(HASHES // self.one_row_in))
        if len(low):
            return first + int(low[0])
        return first + int(np.argmin(window)) if whole else end


def text_hashes(text: pa.ChunkedArray) -> np.ndarray:
    """XXH3 (64 bits) of the UTF-8 bytes of each text, uint64; a null counts as an empty text."""
    import numpy as np
    from xxhash import xxh3_64_intdigest

    from reviewflow.reviews.arrow import text_and_ends

    hashes: list[int] = []
    for chunk in text.chunks:
        if len(chunk):
            view, ends = text_and_ends(chunk)
            spans = pairwise(ends.tolist())
            hashes += [xxh3_64_intdigest(view[start:end]) for start, end in spans]
    return np.array(hashes, np.uint64)


def text_sizes(text: pa.ChunkedArray) -> np.ndarray:
    """Bytes of each text, int64."""
    import numpy as np

    from reviewflow.reviews.arrow import text_and_ends

    sizes = [np.diff(text_and_ends(chunk)[1]) for chunk in text.chunks if len(chunk)]
    return np.concatenate([np.empty(0, np.int64), *sizes])


def digests(rows: pa.Table, hashes: np.ndarray) -> dict[str, str]:
    """A digest of the decoded values of each column, and of the text hashes.

    Type, number of rows, nulls and values count; how Arrow has laid them out in memory
    (chunks, offsets, slices) does not. XXH3 with 128 bits: equal by accident never happens,
    and nobody gains by forging their own cache.

    Parameters
    ----------
    rows : string and int8 columns.
    hashes : uint64: the text hash of each row.
    """
    import pyarrow as pa

    by_column = {
        name: _text_digest(rows.column(name))
        if pa.types.is_string(rows.column(name).type)
        else _number_digest(rows.column(name))
        for name in rows.column_names
    }
    return {**by_column, "text_hash": _digest("uint64", len(hashes), hashes.data)}


def _text_digest(column: pa.ChunkedArray) -> str:
    import numpy as np
    from xxhash import xxh3_128

    from reviewflow.reviews.arrow import nulls, text_and_ends

    sizes, absent, content = xxh3_128(), xxh3_128(), xxh3_128()
    for chunk in column.chunks:
        if len(chunk):
            view, ends = text_and_ends(chunk)
            sizes.update(np.diff(ends).data)
            absent.update(nulls(chunk).data)
            content.update(view[ends[0] : ends[-1]])
    return _digest("string", len(column), sizes.digest(), absent.digest(), content.digest())


def _number_digest(column: pa.ChunkedArray) -> str:
    import numpy as np
    from xxhash import xxh3_128

    from reviewflow.reviews.arrow import nulls, numbers

    values, absent = xxh3_128(), xxh3_128()
    for chunk in column.chunks:
        if len(chunk):
            values.update(numbers(chunk, np.int8).data)
            absent.update(nulls(chunk).data)
    return _digest(str(column.type), len(column), values.digest(), absent.digest())


def _digest(kind: str, rows: int, *contents: bytes | memoryview) -> str:
    from xxhash import xxh3_128

    hasher = xxh3_128(f"{kind} {rows} ".encode())
    for content in contents:
        hasher.update(content)
    return hasher.hexdigest()
