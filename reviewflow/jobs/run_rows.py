"""Decide whether two runs have the same rows and the same test rows.

keys of ingest and split in run.json ─ equal ─▶ the same rows
                                     ─ else ──▶ text_hash, label and split of each row, compared

Figures of two runs measure the same thing only on the same test rows.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from reviewflow.formatting import NOTHING, amount, finite
from reviewflow.runs.history import RunRecord
from reviewflow.runs.json_values import mapping, mappings, text

if TYPE_CHECKING:
    import numpy as np

LABEL_FACTOR = 0x9E3779B97F4A7C15  # odd, so that a row's code differs by its label


@dataclass(frozen=True)
class RowsVerdict:
    """Whether two runs share their rows.

    Attributes
    ----------
    kind : ``same`` (rows and split), ``same_test`` (the test rows), ``other`` (other test rows),
        ``unknown`` (the store no longer has them), or ``none`` (a job that reads no rows).
    sentence : the same in words.
    test_a, test_b : the number of test rows of each run, None where it is unknown.
    shared_test : how many test rows both have, None where it is unknown.
    """

    kind: str
    sentence: str
    test_a: int | None = None
    test_b: int | None = None
    shared_test: int | None = None

    @property
    def is_paired(self) -> bool:
        """Whether both runs are judged on the same test rows."""
        return self.kind in ("same", "same_test")

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return asdict(self)


class _Rows(NamedTuple):
    """All rows of a run in their order, as arrays of one length."""

    hashes: np.ndarray
    labels: np.ndarray
    splits: np.ndarray

    def test_rows(self) -> tuple[np.ndarray, np.ndarray]:
        """Return hash and label of each test row."""
        chosen = self.splits == "test"
        return self.hashes[chosen], self.labels[chosen]


def compare_rows(a: RunRecord, b: RunRecord, store: Path) -> RowsVerdict:
    """Return whether two runs share their rows."""
    if not all("ingest" in mapping(run.content.get("config")) or _keys(run) for run in (a, b)):
        return _unread(a, b)
    if None not in (_classes(a), _classes(b)) and _classes(a) != _classes(b):
        return _other("The two runs have other classes", a, b)
    keys = [_keys(run) for run in (a, b)]
    if keys[0] and keys[0] == keys[1]:
        rows, test = _count(a), _test_count(a)
        return RowsVerdict("same", _same_sentence(rows, test), test, test, test)
    read = [_read_rows(own, store) for own in keys]
    if read[0] is None or read[1] is None:
        gone = [run.run_id for run, own in zip((a, b), read, strict=True) if own is None]
        return RowsVerdict(
            "unknown",
            "Whether both runs have the same rows is unknown: the store does not hold the rows of "
            f"{' and '.join(gone)}. No difference is claimed.",
            _test_count(a),
            _test_count(b),
        )
    return _compare_read(a, b, read[0], read[1])


def _unread(a: RunRecord, b: RunRecord) -> RowsVerdict:
    """Return the verdict where a run has no rows: of another job, or of none."""
    if a.content.get("job") != b.content.get("job"):
        return RowsVerdict("other", "The two runs are of other jobs: no figure can be compared.")
    if any(mappings(run.content.get("variants")) for run in (a, b)):
        sentence = "Whether both runs have the same rows is not recorded. No difference is claimed."
        return RowsVerdict("unknown", sentence, _test_count(a), _test_count(b))
    return RowsVerdict("none", "")


def _compare_read(a: RunRecord, b: RunRecord, ours: _Rows, theirs: _Rows) -> RowsVerdict:
    """Return the verdict on rows that the store holds."""
    import numpy as np

    alike = [
        np.array_equal(mine, other)
        for mine, other in zip(
            (*ours, *ours.test_rows()), (*theirs, *theirs.test_rows()), strict=True
        )
    ]
    test_a, test_b = (len(own.test_rows()[0]) for own in (ours, theirs))
    shared = _common_rows(ours.test_rows(), theirs.test_rows())
    if all(alike[:3]):
        return RowsVerdict("same", _same_sentence(len(ours.hashes), test_a), test_a, test_b, shared)
    if test_a and all(alike[3:]):
        what = "but another split of the others" if all(alike[:2]) else "but other training rows"
        sentence = (
            f"Both runs have the same {amount(test_a, 'test row')}, {what}: a difference may come "
            "from these."
        )
        return RowsVerdict("same_test", sentence, test_a, test_b, shared)
    if all(alike[:2]):
        return _other("The two runs split the same rows in another way", a, b, shared)
    what = "The two runs read other rows" if shared else "The two runs read two data sets"
    return _other(what, a, b, shared)


def _common_rows(ours: tuple[np.ndarray, np.ndarray], theirs: tuple[np.ndarray, np.ndarray]) -> int:
    """Return the number of rows that both hold, by text and label."""
    import numpy as np

    codes = [
        hashes.astype(np.uint64) + (labels.astype(np.int64) + 2).astype(np.uint64) * LABEL_FACTOR
        for hashes, labels in (ours, theirs)
    ]
    (mine, counts_a), (other, counts_b) = (np.unique(own, return_counts=True) for own in codes)
    _, at_a, at_b = np.intersect1d(mine, other, assume_unique=True, return_indices=True)
    return int(np.minimum(counts_a[at_a], counts_b[at_b]).sum())


def _other(what: str, a: RunRecord, b: RunRecord, shared: int | None = None) -> RowsVerdict:
    test_a, test_b = _test_count(a), _test_count(b)
    counts = " and ".join(NOTHING if each is None else f"{each:,}" for each in (test_a, test_b))
    both = "" if shared is None else f", {shared:,} of them in both"
    sentence = (
        f"{what}: {counts} test rows{both}. The figures stand side by side, and their difference "
        "is not one of the models."
    )
    return RowsVerdict("other", sentence, test_a, test_b, shared)


def _same_sentence(rows: int | None, test: int | None) -> str:
    read = "the same rows" if rows is None else f"the same {amount(rows, 'row')}"
    judged = "" if test is None else f", {test:,} of them test rows"
    return f"Both runs have {read} in the same split{judged}."


def _keys(run: RunRecord) -> list[tuple[str, str]]:
    """Return (key of ingest, key of split) of each part, in their order."""
    keys: dict[int, dict[str, str]] = {}
    for step in mappings(run.content.get("stages")):
        part, key = step.get("part"), step.get("key")
        if isinstance(part, int) and isinstance(key, str):
            keys.setdefault(part, {})[text(step.get("stage"))] = key
    found = [(own.get("ingest"), own.get("split")) for _, own in sorted(keys.items())]
    whole = [(read, split) for read, split in found if read is not None and split is not None]
    return whole if len(whole) == len(found) else []


def _read_rows(keys: list[tuple[str, str]], store: Path) -> _Rows | None:
    """Return the rows of some parts, None where the store lacks one."""
    import numpy as np
    import pyarrow as pa

    from reviewflow.store.parquet import read_parquet

    pieces = []
    try:
        for read, split in keys:
            reviews = read_parquet(
                store / "ingest" / read / "reviews.parquet", ("text_hash", "label")
            )
            splits = read_parquet(store / "split" / split / "split.parquet", ("split",))
            pieces.append(
                (
                    reviews["text_hash"].to_numpy(),
                    reviews["label"].fill_null(-1).to_numpy(),
                    splits["split"].cast(pa.string()).to_numpy(),
                )
            )
    except (OSError, ValueError, KeyError):  # gone, damaged, or of another form
        return None
    return _Rows(*map(np.concatenate, zip(*pieces, strict=True))) if pieces else None


def _classes(run: RunRecord) -> list[Any] | None:
    """Return the names of a run's classes, None where it did not get that far."""
    classes = mappings(mapping(run.content.get("data")).get("classes"))
    return [entry.get("name") for entry in classes] or None


def _count(run: RunRecord) -> int | None:
    rows = finite(mapping(run.content.get("data")).get("rows"))
    return None if rows is None else int(rows)


def _test_count(run: RunRecord) -> int | None:
    """Return the number of labelled test rows, None where it is unknown."""
    classes = mappings(mapping(run.content.get("data")).get("classes"))
    counts = [finite(entry.get("test")) for entry in classes]
    known = [int(count) for count in counts if count is not None]
    return sum(known) if known and len(known) == len(counts) else None
