"""Split rows into training and test rows: by hash, at random, by a column.

text_hash ─ hash ────┐
position ─ random ───┼─▶ True where a row is a test row ─▶ split.parquet
split ──── column ───┘
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from reviewflow.config.sections import Split
from reviewflow.context import Context
from reviewflow.errors import InputError
from reviewflow.reviews.parts import TEST_FILE, Index

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

SIDES = ("train", "test")
SHOWN_WORDS = 5
GOLDEN_STEP = 0x9E3779B97F4A7C15  # 2⁶⁴ divided by the golden ratio: SplitMix64's increment


@dataclass(frozen=True)
class Position:
    """The position of a part, as far as its split depends on it.

    Attributes
    ----------
    always : the side of every row, where a fixed test file decides.
    first_row, total_rows : where the part begins and how many rows there are, for ``random``.
    """

    always: Literal["train", "test"] | None = None
    first_row: int = 0
    total_rows: int = 0


def split_position(index: Index, part: int, split: Split) -> Position | None:
    """Return a part's position, or None if its split does not depend on it."""
    if index.has_test_file:
        return Position(always="test" if index.parts[part].file == TEST_FILE else "train")
    if split.method == "random":
        return Position(first_row=index.first_row(part), total_rows=index.rows)
    return None


def split_part(
    *, reviews: Path, split: Split, position: Position | None, folder: Path, context: Context
) -> dict[str, int]:
    """Write for each row of a part whether it trains or tests.

    Parameters
    ----------
    reviews : folder of the part's ``reviews.parquet``, R rows.
    position : as :func:`split_position` returns it.
    folder : gets ``split.parquet``: ``split`` dictionary<int8, string>, R rows.

    Returns
    -------
    Number of ``rows``, and of ``test`` rows.

    Raises
    ------
    InputError
        If the column of the split holds a word other than train and test.
    """
    import numpy as np
    import pyarrow as pa
    from pyarrow import parquet

    from reviewflow.reviews.arrow import number_array

    context.check_stop()
    is_test = part_test_rows(reviews / "reviews.parquet", split, position)
    sides = pa.DictionaryArray.from_arrays(
        number_array(is_test.astype(np.int8), pa.int8()), pa.array(SIDES, pa.string())
    )
    parquet.write_table(pa.table({"split": sides}), folder / "split.parquet")
    return {"rows": len(is_test), "test": int(is_test.sum())}


def part_test_rows(path: Path, split: Split, position: Position | None) -> np.ndarray:
    """Return which rows of a part are test rows, bool, shape (R,)."""
    import numpy as np
    from pyarrow import parquet

    if position is not None and position.always is not None:
        rows = parquet.read_metadata(path).num_rows
        return np.full(rows, position.always == "test")
    if split.method == "column":
        return _sides_of_words(_column(path, "split"), str(split.column))
    hashes = _column(path, "text_hash")
    if split.method == "random":
        if position is None:
            raise ValueError("a random split needs the part's position")
        is_test = random_test_rows(position.total_rows, split.test_size, split.seed)
        return is_test[position.first_row : position.first_row + len(hashes)]
    return hashed_test_rows(hashes.to_numpy(), split.test_size, split.seed)


def _column(path: Path, name: str) -> Any:
    from reviewflow.store.parquet import read_parquet

    return read_parquet(path, columns=[name]).column(name)


def hashed_test_rows(text_hashes: np.ndarray, test_size: float, seed: int) -> np.ndarray:
    """Return the test rows by a seeded hash, shape (R,).

    Equal texts are always on the same side.

    Parameters
    ----------
    text_hashes : uint64, shape (R,).
    test_size : expected share of test rows.

    Returns
    -------
    bool, shape (R,). The finaliser of SplitMix64 (Steele, Lea and Flood 2014) mixes hash and seed.
    """
    import numpy as np

    step = (seed + 1) * GOLDEN_STEP % 2**64
    mixed = text_hashes + np.uint64(step)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed = mixed ^ (mixed >> np.uint64(31))
    below: np.ndarray = (mixed >> np.uint64(11)) * 2.0**-53 < test_size
    return below


@lru_cache(maxsize=2)
def random_test_rows(rows: int, test_size: float, seed: int) -> np.ndarray:
    """Return the test rows of scikit-learn's ``train_test_split``, bool (R,)."""
    import numpy as np

    is_test = np.zeros(rows, bool)
    order = np.random.RandomState(seed).permutation(rows)
    is_test[order[: math.ceil(test_size * rows)]] = True
    is_test.flags.writeable = False
    return is_test


def _sides_of_words(words: pa.ChunkedArray, column: str) -> np.ndarray:
    import numpy as np

    distinct = list(dict.fromkeys(words.to_pylist()))
    code_of = {word: code for code, word in enumerate(distinct)}
    codes = np.array([code_of[word] for word in words.to_pylist()], np.int64)
    meaning = {side: number for number, side in enumerate(SIDES)}
    sides = np.array([meaning.get(str(word).lower(), -1) for word in distinct], np.int8)
    of_rows = sides[codes]
    if (of_rows < 0).any():
        raise InputError(_unknown_sides(distinct, codes[of_rows < 0], column))
    is_test: np.ndarray = of_rows == SIDES.index("test")
    return is_test


def _unknown_sides(words: list[str | None], codes: np.ndarray, column: str) -> str:
    import numpy as np

    unknown, rows = np.unique(codes, return_counts=True)
    counts = [
        f"{'empty' if not words[code] else repr(str(words[code])[:40])} ({count:,} rows)"
        for code, count in zip(unknown.tolist(), rows.tolist(), strict=True)
    ]
    shown = ", ".join(counts[:SHOWN_WORDS])
    more = f" and {len(counts) - SHOWN_WORDS:,} more words" if len(counts) > SHOWN_WORDS else ""
    return (
        f"Column {column!r} (split.column) holds {shown}{more}; every row "
        "must say train or test: mend the column, take such rows out of the file, or choose "
        "another split.method."
    )
