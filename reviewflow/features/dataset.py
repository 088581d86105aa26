"""Load the features of all parts, each split by itself.

features.parquet  features.parquet  …   few rows:  arrays of all parts ─▶ SparseRows
       └─────────────────┴────────────▶ more rows: labels alone ────────▶ PartStream
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock
from weakref import ReferenceType, ref

import numpy as np
from numpy.typing import NDArray

from reviewflow.features.feature_parts import entries_of, read_labels, read_part, rows_of
from reviewflow.features.part_stream import PartStream
from reviewflow.features.sparse_rows import RowsBuilder, SparseRows
from reviewflow.reviews.split import SPLITS

RowSource = SparseRows | PartStream

_LOADING = Lock()  # variants start side by side: one loads, and the others wait for it


@dataclass(frozen=True)
class FeatureDataset:
    """The labelled rows of each split over the same ``terms`` features."""

    train: RowSource
    validation: RowSource
    test: RowSource
    terms: int


def load_dataset(parts: tuple[Path, ...], terms: int, buffer: int) -> FeatureDataset:
    """Return the labelled rows of all parts, in the order of the parts.

    Variants that train side by side share one dataset, so its arrays must not be written to. It
    leaves the memory with the last of them.

    Parameters
    ----------
    parts : artifact folder of each part, with ``features.parquet``.
    terms : V, the number of terms in the vocabulary.
    buffer : rows to hold in memory. With more, they are read a few parts at a time.

    Raises
    ------
    StoreError
        If a row names a term beyond the vocabulary.
    """
    states = tuple((part / "features.parquet").stat() for part in parts)
    times = tuple((state.st_mtime_ns, state.st_size) for state in states)
    with _LOADING:
        place = _place(parts, terms, buffer, times)
        dataset = place.held() if place.held else None
        if dataset is None:
            is_small = sum(rows_of(part) for part in parts) <= buffer
            dataset = _load_rows(parts, terms) if is_small else _open_stream(parts, terms, buffer)
            place.held = ref(dataset)
        return dataset


@dataclass
class _Place:
    """Where a dataset is found while somebody uses it."""

    held: ReferenceType[FeatureDataset] | None = None


@lru_cache(maxsize=8)
def _place(
    parts: tuple[Path, ...], terms: int, buffer: int, times: tuple[tuple[int, int], ...]
) -> _Place:
    """Return one place for equal files, and another if their ``times`` differ."""
    return _Place()


def _load_rows(parts: tuple[Path, ...], terms: int) -> FeatureDataset:
    most = sum(entries_of(part) for part in parts)
    builders = [RowsBuilder(most) for _ in SPLITS]
    for folder in parts:
        part = read_part(folder, terms)
        labelled = ~np.isnan(part.labels)
        for number, builder in enumerate(builders):
            builder.append(part, labelled & (part.split == number))
    train, validation, test = (builder.build() for builder in builders)
    return FeatureDataset(train, validation, test, terms)


def _open_stream(parts: tuple[Path, ...], terms: int, buffer: int) -> FeatureDataset:
    kept: list[list[NDArray[np.bool_]]] = [[] for _ in SPLITS]
    found: list[list[NDArray[np.float32]]] = [[] for _ in SPLITS]
    for folder in parts:
        labels, split = read_labels(folder)
        for number in range(len(SPLITS)):
            rows = ~np.isnan(labels) & (split == number)
            kept[number].append(rows)
            found[number].append(labels[rows])
    train, validation, test = (
        PartStream(parts, terms, tuple(masks), np.concatenate(labels), buffer)
        for masks, labels in zip(kept, found, strict=True)
    )
    return FeatureDataset(train, validation, test, terms)
