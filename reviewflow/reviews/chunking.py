"""Find where rows are cut into parts.

text ─▶ text_hashes, text_sizes ─▶ Chunker.part_length ─▶ rows of a part
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
class Chunker:
    """Content-defined chunking, as in rsync: the rows decide where parts end.

    A part ends after the first row, from ``fewest_rows`` on, whose text hash is among the lowest
    one in ``one_row_in``. Where no row up to ``most_rows`` is, it ends after the row with the
    lowest hash. So a row that is inserted, deleted or edited moves an end only where it is one
    itself or pushes one over a limit, and later parts find their old ends again. With the defaults
    the mean part has about 8,000 rows.

    Attributes
    ----------
    most_bytes : UTF-8 bytes of text that a part may hold, unless it is a single row.
    """

    fewest_rows: int = 2_048
    most_rows: int = 16_384
    one_row_in: int = 8_192
    most_bytes: int = 64 << 20

    def part_length(self, hashes: np.ndarray, sizes: np.ndarray, ended: bool) -> int:
        """Return the rows of the next part, or 0 if more rows are needed to tell.

        Parameters
        ----------
        hashes : uint64, shape (R,): text hash of each row that is not in a part yet.
        sizes : int64, shape (R,): bytes of each row's text.
        ended : whether no row will follow.
        """
        import numpy as np

        available = min(len(hashes), self.most_rows)
        total_bytes = np.cumsum(sizes[:available])
        fitting = int(np.searchsorted(total_bytes, self.most_bytes, side="right"))
        end = max(1, fitting) if fitting < available else available
        whole = fitting < available or available == self.most_rows
        if available == 0 or not (whole or ended):
            return 0
        first = min(self.fewest_rows, (end + 1) // 2) if whole else self.fewest_rows
        window = hashes[first - 1 : end]
        low = np.flatnonzero(window < np.uint64(HASHES // self.one_row_in))
        if len(low):
            return first + int(low[0])
        return first + int(np.argmin(window)) if whole else end


def text_hashes(text: pa.ChunkedArray) -> np.ndarray:
    """Return XXH3 (64 bits) of each text's UTF-8 bytes, uint64.

    Null counts as an empty text.
    """
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
    """Return the bytes of each text, int64."""
    import numpy as np

    from reviewflow.reviews.arrow import text_and_ends

    sizes = [np.diff(text_and_ends(chunk)[1]) for chunk in text.chunks if len(chunk)]
    return np.concatenate([np.empty(0, np.int64), *sizes])
