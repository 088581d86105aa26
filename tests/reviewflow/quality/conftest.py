"""Small artifacts of reviews and features that pass the shipped suites, to be doctored."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from reviewflow.context import Context
from reviewflow.quality.results import WIDTHS, CheckResults, failure_table, read_results
from reviewflow.quality.validate_features import validate_features
from reviewflow.quality.validate_reviews import validate_reviews
from reviewflow.reviews.parts import Index, PartInfo

CLASS_NAMES = ("negative", "positive", "neutral")
SUITES = Path(__file__).parents[3] / "configs" / "expectations"
ROWS, TERMS = 100, 12


@dataclass
class Reviews:
    """Two parts of 100 reviews, every fifth a test row; columns may be changed before writing."""

    parts: list[dict[str, list[Any]]] = field(
        default_factory=lambda: [
            {
                "text": [f"A review number {part * ROWS + row} of many" for row in range(ROWS)],
                "label": [row % 2 for row in range(ROWS)],
                "split": ["test" if row % 5 == 0 else "train" for row in range(ROWS)],
            }
            for part in range(2)
        ]
    )
    index: Index | None = None

    def write(self, folder: Path) -> tuple[tuple[Path, ...], Index]:
        for number, part in enumerate(self.parts):
            path = folder / f"reviews-{number}"
            path.mkdir(parents=True)
            texts = part["text"]
            numbers = [hash_of(text) for text in texts]
            table = {
                "text": pa.array(texts, pa.string()),
                "label": pa.array(part["label"], pa.int8()),
                "text_hash": pa.array(numbers, pa.uint64()),
                "characters": pa.array([len(text or "") for text in texts], pa.int32()),
            }
            pq.write_table(pa.table(table), path / "reviews.parquet")
            split = pa.array(part["split"], pa.string()).dictionary_encode()
            pq.write_table(pa.table({"split": split}), path / "split.parquet")
        return tuple(sorted(folder.glob("reviews-*"))), self.index or index_of(self.parts)


@dataclass
class Features:
    """Two parts of 100 rows with three values each; arrays may be changed before writing."""

    labels: list[list[int | None]] = field(
        default_factory=lambda: [[row % 2 for row in range(ROWS)] for _ in range(2)]
    )
    splits: list[list[str]] = field(
        default_factory=lambda: [
            ["test" if row % 5 == 0 else "train" for row in range(ROWS)] for _ in range(2)
        ]
    )
    indices: list[list[list[int]]] = field(
        default_factory=lambda: [
            [[row % 4, 4 + row % 4, 8 + row % 4] for row in range(ROWS)] for _ in range(2)
        ]
    )
    values: list[list[list[float]]] = field(
        default_factory=lambda: [[[0.25, 0.5, 1.0] for _ in range(ROWS)] for _ in range(2)]
    )

    def write(self, folder: Path) -> tuple[tuple[Path, ...], Path]:
        columns = zip(self.labels, self.splits, self.indices, self.values, strict=True)
        for number, (labels, splits, indices, values) in enumerate(columns):
            path = folder / f"features-{number}"
            path.mkdir(parents=True)
            table = {
                "label": pa.array(labels, pa.int8()),
                "split": pa.array(splits, pa.string()).dictionary_encode(),
                "indices": pa.array(indices, pa.list_(pa.int32())),
                "values": pa.array(values, pa.list_(pa.float32())),
            }
            pq.write_table(pa.table(table), path / "features.parquet")
        vocabulary = folder / "vocabulary"
        vocabulary.mkdir(parents=True)
        terms = pa.table({"term": [f"term{number}" for number in range(TERMS)]})
        pq.write_table(terms, vocabulary / "vocabulary.parquet")
        return tuple(sorted(folder.glob("features-*"))), vocabulary


@dataclass(frozen=True)
class Checked:
    """What a check left behind."""

    results: dict[str, Any]
    folder: Path
    returned: dict[str, Any]
    suite: Path

    @property
    def text(self) -> str:
        """The table as it is printed."""
        name = self.results["suite"].partition(" ")[0]
        check = CheckResults(f"validate {name}", f"validate.{name}", self.suite, self.results)
        return failure_table([check])

    @property
    def table(self) -> str:
        """The table's columns one after another, each unwrapped to one line."""
        lines = self.text.splitlines()
        starts = [sum(WIDTHS[:column]) + 2 * column for column in range(len(WIDTHS))]
        columns = (
            " ".join(line[start : start + width].strip() for line in lines[2:])
            for start, width in zip(starts, WIDTHS, strict=True)
        )
        return " ".join(" ".join(columns).split())

    def failures(self, severity: str = "error") -> list[tuple[str, str | None]]:
        return [
            (one["frame"], one["column"])
            for one in self.results["results"]
            if not one["success"] and one["severity"] == severity
        ]


def hash_of(text: str | None) -> int:
    """Equal texts, equal numbers; the product's own hash is not under test here."""
    digest = hashlib.blake2b((text or "").encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")


def index_of(parts: list[dict[str, list[Any]]]) -> Index:
    """One file, its rows in the order of the parts, the header being record 1."""
    first, infos = 2, []
    for part in parts:
        rows = len(part["text"])
        infos.append(PartInfo(rows=rows, file=0, digests={}, runs=((0, first),)))
        first += rows
    return Index(tuple(infos))


def all_warnings(suite: Path, folder: Path) -> Path:
    """A copy of a suite in which every severity is warning."""
    content = yaml.safe_load(suite.read_text())
    for entry in content["expectations"]:
        entry["severity"] = "warning"
    copy = folder / f"warnings-{suite.name}"
    copy.write_text(yaml.safe_dump(content))
    return copy


@pytest.fixture
def check_reviews(tmp_path: Path) -> Callable[..., Checked]:
    def check(
        data: Reviews,
        suite: Path = SUITES / "reviews.yaml",
        classes: int = 2,
        given_split: bool = False,
        **limits: float,
    ) -> Checked:
        parts, index = data.write(tmp_path / "in")
        folder = tmp_path / "out"
        folder.mkdir()
        returned = validate_reviews(
            reviews=parts,
            splits=parts,
            index=index,
            class_names=CLASS_NAMES[:classes],
            given_split=given_split,
            suite=suite,
            limits={name: float(value) for name, value in limits.items()},
            folder=folder,
            context=Context(),
        )
        return Checked(read_results(folder), folder, returned, suite)

    return check


@pytest.fixture
def check_features(tmp_path: Path) -> Callable[..., Checked]:
    def check(
        data: Features,
        suite: Path = SUITES / "features.yaml",
        classes: int = 2,
        **limits: float,
    ) -> Checked:
        parts, vocabulary = data.write(tmp_path / "in")
        folder = tmp_path / "out"
        folder.mkdir()
        returned = validate_features(
            features=parts,
            vocabulary=vocabulary,
            class_names=CLASS_NAMES[:classes],
            suite=suite,
            limits={name: float(value) for name, value in limits.items()},
            folder=folder,
            context=Context(),
        )
        return Checked(read_results(folder), folder, returned, suite)

    return check
