"""Sums by way of the disk against collections.Counter and scikit-learn."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from reviewflow.features import terms
from reviewflow.features.summing import Counts, sum_by_ranges
from reviewflow.features.terms import key_ranges
from tests.conftest import ROOT
from tests.reviewflow.features.vectorizing import (
    real_tokens,
    sklearn_fit,
    vectorized,
    write_part,
)

KEYS = 60
PIECES = st.lists(
    st.dictionaries(st.integers(0, KEYS - 1), st.tuples(st.integers(1, 9), st.integers(1, 9))),
    max_size=6,
)
DOCUMENTS, PARTS = 400, 20
GROWTH = """
import sys
from pathlib import Path

import numpy as np

from benchmarks.child import peak_bytes
from reviewflow.features.summing import Counts, sum_by_ranges, sum_counts

PIECES, ROWS, RANGES = 32, 200_000, 32

def pieces(count):
    for number in range(count):  # no two have a key in common
        keys = np.arange(ROWS, dtype=np.int64) * PIECES + number
        yield Counts(keys, np.ones(ROWS, np.int64), np.ones(ROWS, np.int64))

def rare(counts):
    return counts.frequencies > 1

def total(count):
    if sys.argv[1] == "memory":
        found = sum_counts(pieces(count))
        return found.select(rare(found))
    bounds = np.linspace(0, ROWS * PIECES, RANGES + 1).astype(np.int64)
    return sum_by_ranges(pieces(count), bounds, rare, Path(sys.argv[2]))

total(2)  # loads the compiled code
before = peak_bytes()
assert not len(total(PIECES).keys)
print(peak_bytes() - before)
"""


def as_counts(piece: dict[int, tuple[int, int]]) -> Counts:
    keys = np.array(sorted(piece), np.int64)
    figures = np.array([piece[key] for key in sorted(piece)], np.int64).reshape(len(piece), 2)
    return Counts(keys, figures[:, 0].copy(), figures[:, 1].copy())


def frequent(counts: Counts) -> NDArray[np.bool_]:
    return counts.frequencies >= 8


@given(PIECES, st.lists(st.integers(1, KEYS - 1), unique=True, max_size=5))
def test_ranges_add_up_to_what_a_counter_adds(
    tmp_path_factory: pytest.TempPathFactory,
    pieces: list[dict[int, tuple[int, int]]],
    inner: list[int],
) -> None:
    folder = tmp_path_factory.mktemp("sums")
    bounds = np.array([0, *sorted(inner), KEYS], np.int64)
    found = sum_by_ranges(map(as_counts, pieces), bounds, frequent, folder)
    counts, frequencies = Counter[int](), Counter[int]()
    for piece in pieces:
        counts.update({key: count for key, (count, _) in piece.items()})
        frequencies.update({key: frequency for key, (_, frequency) in piece.items()})
    kept = sorted(key for key in frequencies if frequencies[key] >= 8)
    assert found.keys.tolist() == kept
    assert found.counts.tolist() == [counts[key] for key in kept]
    assert found.frequencies.tolist() == [frequencies[key] for key in kept]
    assert not list(folder.iterdir())


@given(
    st.lists(st.integers(1, 50), min_size=1, max_size=30), st.integers(1, 10), st.integers(2, 40)
)
def test_ranges_hold_all_keys_in_about_equal_numbers(
    counts: list[int], tokens: int, ranges: int
) -> None:
    figures = np.array(counts, np.int64)
    first = Counts(np.arange(len(counts), dtype=np.int64), figures, figures)
    bounds = key_ranges(first, tokens, ranges)
    assert bounds[0] == 0
    assert bounds[-1] == len(counts) * tokens
    assert (np.diff(bounds) > 0).all()
    assert not (bounds % tokens).any()
    for low, high in itertools.pairwise(bounds // tokens):
        assert sum(counts[low:high]) <= sum(counts) / ranges + max(counts)


@pytest.mark.parametrize(
    "chosen",
    [
        {"ngram_range": (1, 3), "min_df": 2},
        {"ngram_range": (2, 3), "max_features": 300, "skip_bigrams": True, "binary": True},
    ],
)
def test_a_vocabulary_by_way_of_the_disk_has_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chosen: dict[str, Any]
) -> None:
    in_memory = written_vocabulary(tmp_path / "memory", chosen)
    monkeypatch.setattr(terms, "ROWS_AT_ONCE", 1000)
    assert written_vocabulary(tmp_path / "disk", chosen) == in_memory


def test_a_vocabulary_by_way_of_the_disk_is_scikit_learns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terms, "ROWS_AT_ONCE", 1000)
    chosen: dict[str, Any] = {"ngram_range": (1, 2), "min_df": 2}
    ours = vectorized(tmp_path, written_parts(tmp_path), **chosen)
    vectorizer, _ = sklearn_fit(documents(), [True] * DOCUMENTS, **chosen)
    assert ours.terms == vectorizer.get_feature_names_out().tolist()
    np.testing.assert_allclose(ours.vocabulary["idf"].to_numpy(), vectorizer.idf_, rtol=1e-12)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the peak of a process alone")
def test_sums_by_way_of_the_disk_take_a_fraction_of_the_memory(tmp_path: Path) -> None:
    in_memory, on_disk = (
        int(
            subprocess.run(
                [sys.executable, "-c", GROWTH, way, str(tmp_path)],
                capture_output=True,
                text=True,
                check=True,
                cwd=ROOT,
            ).stdout
        )
        for way in ("memory", "disk")
    )
    assert in_memory > 6_400_000 * 24  # all keys differ, so all are in memory
    assert on_disk < in_memory / 5


def documents() -> tuple[tuple[str, ...], ...]:
    return real_tokens(2000)[:DOCUMENTS]  # as many are read as other tests need


def written_parts(root: Path) -> list[Path]:
    rows = DOCUMENTS // PARTS
    return [
        write_part(root / f"part_{n}", documents()[n * rows : (n + 1) * rows], [True] * rows)
        for n in range(PARTS)
    ]


def written_vocabulary(root: Path, chosen: dict[str, Any]) -> bytes:
    vectorized(root, written_parts(root), **chosen)
    folder = root / "vocabulary"
    assert [path.name for path in folder.iterdir()] == ["vocabulary.parquet"]
    return (folder / "vocabulary.parquet").read_bytes()
