"""Measure every column of a file in one pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reviewflow.reviews.blank_texts import blank_texts

if TYPE_CHECKING:
    import pyarrow as pa

MOST_VALUES = 100_000  # different values of a column that are counted
LONGEST_VALUE = 200  # characters; a column with a longer one is not counted
UNSPACED = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
BYTES_A_WORD = 4  # beyond one byte a character: two Chinese characters count as a word


@dataclass(frozen=True)
class ColumnStats:
    """What a column of R rows holds.

    Attributes
    ----------
    filled : number of rows that are not blank.
    characters, words : mean of the filled cells. Scripts without spaces count two characters as a
        word.
    counts : rows of each value, empty cells left out, in the order of the file. None if there are
        too many values or one is too long.
    unspaced : share of the characters that are of a script without spaces between words.
    """

    name: str
    rows: int
    filled: int
    characters: float
    words: float
    counts: Mapping[str, int] | None
    unspaced: float = 0.0

    @property
    def values(self) -> tuple[str, ...]:
        """Return the values that are not blank, none if they are too many."""
        return tuple(value for value in self.counts or () if value.strip())


class _Tally:
    """Sums over the rows of a column that were read so far."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.rows = self.filled = self.characters = self.unspaced = 0
        self.words = 0.0
        self.counts: Counter[str] | None = Counter()

    def add(self, cells: pa.StringArray) -> None:
        """Add the next cells of the column."""
        from pyarrow import compute

        from reviewflow.reviews.arrow import bool_array

        self.rows += len(cells)
        filled = cells.filter(bool_array(~blank_texts(cells)))
        if not len(filled):
            return
        self._count(cells.filter(compute.not_equal(cells, "")))
        lengths = compute.utf8_length(filled)
        characters = compute.sum(lengths).as_py()
        wide = compute.sum(compute.binary_length(filled)).as_py() - characters
        spaced = compute.sum(compute.count_substring_regex(filled, r"\S+")).as_py()
        self.filled += len(filled)
        self.characters += characters
        self.words += spaced + wide / BYTES_A_WORD
        if wide:
            self.unspaced += compute.sum(compute.count_substring_regex(filled, UNSPACED)).as_py()

    def _count(self, cells: pa.StringArray) -> None:
        from pyarrow import compute

        longest = compute.max(compute.utf8_length(cells)).as_py()
        if self.counts is None or longest > LONGEST_VALUE:
            self.counts = None
            return
        found = compute.value_counts(cells)
        values, rows = found.field("values").to_pylist(), found.field("counts").to_pylist()
        self.counts.update(dict(zip(values, rows, strict=True)))
        if len(self.counts) > MOST_VALUES:
            self.counts = None

    def stats(self) -> ColumnStats:
        """Return what the column holds."""
        filled = max(self.filled, 1)
        means = self.characters / filled, self.words / filled
        counts = None if self.counts is None else dict(self.counts)
        unspaced = self.unspaced / max(self.characters, 1)
        return ColumnStats(self.name, self.rows, self.filled, *means, counts, unspaced)


def column_stats(batches: Iterable[pa.RecordBatch]) -> tuple[ColumnStats, ...]:
    """Return what each column of a file holds.

    Columns whose name occurs twice are left out, since no setting can name one of them.

    Parameters
    ----------
    batches : of string columns, all with the same names.
    """
    tallies: list[_Tally] = []
    for batch in batches:
        names = batch.schema.names
        tallies = tallies or [_Tally(name) for name in names]
        for position, tally in enumerate(tallies):
            if names.count(tally.name) == 1:
                tally.add(batch.column(position))
    names = [tally.name for tally in tallies]
    return tuple(tally.stats() for tally in tallies if names.count(tally.name) == 1)
