"""Mistakes in a configuration or its input, and what the sentence about each must say."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.conftest import ROOT, Reviews, write_reviews


def without_rows_of_one_label(content: dict[str, Any], folder: Path, rows: Reviews) -> None:
    odd = [*rows[:40], ("A film.", "neutral"), ("Another film.", "neutral")]
    content["ingest"]["path"] = str(write_reviews(folder / "odd.csv", odd))


def not_utf8(content: dict[str, Any], folder: Path, rows: Reviews) -> None:
    path = folder / "latin.csv"
    path.write_bytes("review,sentiment\nGood caf\xe9,positive\n".encode("latin-1"))
    content["ingest"]["path"] = str(path)


def empty(content: dict[str, Any], folder: Path, rows: Reviews) -> None:
    (folder / "empty.csv").touch()
    content["ingest"]["path"] = str(folder / "empty.csv")


def set_key(section: str, key: str, value: object) -> Callable[..., None]:
    def change(content: dict[str, Any], folder: Path, rows: Reviews) -> None:
        content.setdefault(section, {})[key] = value

    return change


MISTAKES: dict[str, tuple[Callable[..., None], tuple[str, ...]]] = {
    "missing file": (
        set_key("ingest", "path", "nowhere.csv"),
        ("nowhere.csv", "ingest.path"),
    ),
    "missing test file": (
        set_key("ingest", "test_path", "nowhere.csv"),
        ("nowhere.csv", "ingest.test_path"),
    ),
    "directory": (set_key("ingest", "path", str(ROOT)), ("The folder", "holds no file of reviews")),
    "empty file": (empty, ("is empty",)),
    "missing column": (
        set_key("ingest", "text_column", "reviews"),
        ("no column 'reviews'", "did you mean 'review'"),
    ),
    "missing split column": (
        lambda content, folder, rows: content.update(split={"method": "column", "column": "part"}),
        ("no column 'part'", "split.column"),
    ),
    "unknown label word": (
        without_rows_of_one_label,
        ("'neutral' (2 rows, first records 42, 43)", "other_labels: drop"),
    ),
    "undecodable file": (not_utf8, ("record 2", "ingest.encoding")),
    "unknown encoding": (set_key("ingest", "encoding", "utf-9"), ("utf-9",)),
    "unknown key": (
        set_key("train", "learing_rate", 0.1),
        ("train.learing_rate", "did you mean 'learning_rate'"),
    ),
    "bad value": (set_key("train", "epochs", "many"), ("train.epochs",)),
    "out of bounds": (set_key("train", "learning_rate", -1), ("train.learning_rate",)),
    "variant that may not": (
        set_key("variants", "other file", {"ingest.path": "x.csv"}),
        ("'other file'", "'ingest.path'"),
    ),
    "missing suite": (set_key("validate", "reviews", "nowhere.yaml"), ("nowhere.yaml",)),
}
