"""Split rows into training, validation and test rows.

    text_hash or group ─ hash ──┐
    position ───────── random ──┼─▶ train, test ─ hash ─▶ train, validation, test
    split ──────────── column ──┘                         (split.parquet)

Validation rows are taken from the training rows. Variants are chosen on them.
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
from reviewflow.reviews.parts import Index

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

SPLITS = ("train", "validation", "test")
TRAIN, VALIDATION, TEST = 0, 1, 2  # positions in SPLITS
SHOWN_WORDS = 5
VALIDATION_SEED = 2**32  # added to the split's seed, which is below it
GOLDEN_STEP = 0x9E3779B97F4A7C15  # 2⁶⁴ divided by the golden ratio: SplitMix64's increment


@dataclass(frozen=True)
class Position:
    """The position of a part, as far as its split depends on it.

    Attributes
    ----------
    always : the split of every row, where a fixed test file decides.
    first_row, total_rows : where the part begins and how many rows there are, for ``random``.
    """

    always: Literal["train", "test"] | None = None
    first_row: int = 0
    total_rows: int = 0


def split_position(index: Index, part: int, split: Split) -> Position | None:
    """Return a part's position, or None if its split does not depend on it."""
    if index.is_test(index.parts[-1].file):  # those of test files are the last
        return Position(always="test" if index.is_test(index.parts[part].file) else "train")
    if split.method == "random":
        return Position(first_row=index.first_row(part), total_rows=index.rows)
    return None


def split_part(
    *, reviews: Path, split: Split, position: Position | None, folder: Path, context: Context
) -> dict[str, int]:
    """Write the split of each row of a part.

    Parameters
    ----------
    reviews : folder of the part's ``reviews.parquet``, R rows.
    position : as :func:`split_position` returns it.
    folder : gets ``split.parquet``: ``split`` dictionary<int8, string>, R rows.

    Returns
    -------
    Number of ``rows``, and of ``validation`` and ``test`` rows.

    Raises
    ------
    InputError
        If the column of the split holds a word other than train, validation and test.
    """
    import numpy as np
    import pyarrow as pa
    from pyarrow import parquet

    from reviewflow.reviews.arrow import number_array

    context.check_stop()
    codes = part_splits(reviews / "reviews.parquet", split, position)
    splits = pa.DictionaryArray.from_arrays(
        number_array(codes, pa.int8()), pa.array(SPLITS, pa.string())
    )
    parquet.write_table(pa.table({"split": splits}), folder / "split.parquet")
    return {
        "rows": len(codes),
        "validation": int(np.count_nonzero(codes == VALIDATION)),
        "test": int(np.count_nonzero(codes == TEST)),
    }


def part_splits(path: Path, split: Split, position: Position | None) -> np.ndarray:
    """Return the split of each row of a part: a position in SPLITS, int8."""
    import numpy as np

    codes = _train_and_test(path, split, position)
    if split.validation_size:
        seed = split.seed + VALIDATION_SEED
        chosen = hashed_rows(unit_hashes(path), split.validation_size, seed)
        codes = np.where((codes == TRAIN) & chosen, np.int8(VALIDATION), codes)
    return codes


def _train_and_test(path: Path, split: Split, position: Position | None) -> np.ndarray:
    """Return the split of each row before validation, int8, shape (R,)."""
    import numpy as np
    from pyarrow import parquet

    if position is not None and position.always is not None:
        rows = parquet.read_metadata(path).num_rows
        return np.full(rows, SPLITS.index(position.always), np.int8)
    if split.method == "column":
        return _splits_of_words(_column(path, "split"), str(split.column))
    if split.method == "random":
        if position is None:
            raise ValueError("a random split needs the part's position")
        rows = parquet.read_metadata(path).num_rows
        every = random_test_rows(position.total_rows, split.test_size, split.seed)
        is_test = every[position.first_row : position.first_row + rows]
    else:
        is_test = hashed_rows(unit_hashes(path), split.test_size, split.seed)
    return np.where(is_test, np.int8(TEST), np.int8(TRAIN))


def unit_hashes(path: Path) -> np.ndarray:
    """Return a hash of what stays together, uint64 (R,).

    That is a row's group, and its text where it has none.
    """
    import numpy as np
    from pyarrow import parquet

    from reviewflow.reviews.chunking import text_hashes

    hashes: np.ndarray = _column(path, "text_hash").to_numpy()
    if "group" not in parquet.read_schema(path).names:
        return hashes
    groups = _column(path, "group")
    named = np.array([bool(word) for word in groups.to_pylist()])
    return np.where(named, text_hashes(groups), hashes)


def _column(path: Path, name: str) -> Any:
    from reviewflow.store.parquet import read_parquet

    return read_parquet(path, columns=[name]).column(name)


def hashed_rows(hashes: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Return a share of the rows by a seeded hash, shape (R,).

    Rows with equal hashes are always on the same side.

    Parameters
    ----------
    hashes : uint64, shape (R,).
    share : expected share of chosen rows.

    Returns
    -------
    bool, shape (R,). The finaliser of SplitMix64 (Steele, Lea and Flood 2014) mixes hash and seed.
    """
    import numpy as np

    step = (seed + 1) * GOLDEN_STEP % 2**64
    mixed = hashes + np.uint64(step)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed = mixed ^ (mixed >> np.uint64(31))
    below: np.ndarray = (mixed >> np.uint64(11)) * 2.0**-53 < share
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


def _splits_of_words(words: pa.ChunkedArray, column: str) -> np.ndarray:
    import numpy as np

    distinct = list(dict.fromkeys(words.to_pylist()))
    code_of = {word: code for code, word in enumerate(distinct)}
    codes = np.array([code_of[word] for word in words.to_pylist()], np.int64)
    meaning = {name: number for number, name in enumerate(SPLITS)}
    splits = np.array([meaning.get(str(word).lower(), -1) for word in distinct], np.int8)
    of_rows: np.ndarray = splits[codes]
    if (of_rows < 0).any():
        raise InputError(_unknown_splits(distinct, codes[of_rows < 0], column))
    return of_rows


def _unknown_splits(words: list[str | None], codes: np.ndarray, column: str) -> str:
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
        "must say train, validation or test: mend the column, take such rows out of the file, or "
        "choose another split.method."
    )
