"""Hold the rows that were read and are not in a part yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
import pyarrow as pa

from reviewflow.reviews.chunking import Chunker, text_hashes, text_sizes
from reviewflow.reviews.read import Block


@dataclass(frozen=True)
class Buffer:
    """R consecutive rows, and the records left out between and after them.

    Attributes
    ----------
    rows : table of R rows.
    records, hashes, sizes : shape (R,): record number int64, text hash uint64, bytes int64.
    left_out : record numbers (int64, ascending) by label word, None standing for blank texts.
    """

    rows: pa.Table = field(default_factory=lambda: pa.table({}))
    records: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    hashes: np.ndarray = field(default_factory=lambda: np.empty(0, np.uint64))
    sizes: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    left_out: Mapping[str | None, np.ndarray] = field(default_factory=dict)

    def with_block(self, block: Block) -> Buffer:
        """Return a buffer with the rows of the next block added."""
        text = block.rows.column("text")
        rows = pa.concat_tables([self.rows, block.rows]) if len(self.records) else block.rows
        words = dict.fromkeys(chain(self.left_out, block.left_out))
        nothing = np.empty(0, np.int64)
        return Buffer(
            rows,
            np.concatenate([self.records, block.records]),
            np.concatenate([self.hashes, text_hashes(text)]),
            np.concatenate([self.sizes, text_sizes(text)]),
            {
                word: np.concatenate(
                    [self.left_out.get(word, nothing), block.left_out.get(word, nothing)]
                )
                for word in words
            },
        )

    def part_length(self, chunker: Chunker, ended: bool) -> int:
        """Return the rows of the next part, or 0 if no part is complete.

        The last row waits for the end of the file, so that a file's last part can list what was
        left out after it.
        """
        length = chunker.part_length(self.hashes, self.sizes, ended)
        return length if ended or length < len(self.hashes) else 0

    def left_out_before(self, length: int) -> dict[str | None, np.ndarray]:
        """Return the records left out before the last of ``length`` rows.

        Where no row follows those, records left out after them count as well. The word that was
        left out first comes first, however much of the file was read at once.
        """
        before = dict(self.left_out)
        if length < len(self.records):
            last = self.records[length - 1]
            before = {word: records[records < last] for word, records in before.items()}
        filled = [(word, records) for word, records in before.items() if len(records)]
        return dict(sorted(filled, key=lambda pair: int(pair[1][0])))

    def without(self, length: int) -> Buffer:
        """Return the buffer without its first ``length`` rows."""
        last = self.records[length - 1]
        after = {word: records[records > last] for word, records in self.left_out.items()}
        return Buffer(
            self.rows.slice(length),
            self.records[length:],
            self.hashes[length:],
            self.sizes[length:],
            {word: records for word, records in after.items() if len(records)},
        )
