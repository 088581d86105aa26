"""Find the classes: what each label word means, and their names.

ingest.labels ── a map ─────────────────────────────▶ {word: class} ─▶ class names
              └─ auto ─ label words of the files ───▶
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from reviewflow.config.sections import MOST_CLASSES
from reviewflow.errors import InputError
from reviewflow.reviews.input_files import InputFile, describe_files, input_files
from reviewflow.reviews.read import label_words

if TYPE_CHECKING:
    from reviewflow.config.sections import Ingest

SHOWN_WORDS = 5


def find_labels(
    ingest: Ingest, files: Sequence[InputFile] = (), cache_folder: Path | None = None
) -> Mapping[str, int]:
    """Return the class, from 0, of each label word.

    With ``labels: auto`` each word of the label column is a class. Classes are numbered in the
    order of the words: numbers by value, other words by code points.

    Parameters
    ----------
    files : found by the settings if they are not given.
    cache_folder : keeps the words of each file for as long as it stays the same.

    Raises
    ------
    InputError
        If a file cannot be read, or ``auto`` finds one word alone or too many of them.
    """
    if ingest.labels != "auto":
        return ingest.labels
    words: set[str] = set()
    for file in files or input_files(ingest):
        if len(words) <= MOST_CLASSES:
            words |= _words_of(ingest, file, cache_folder)
    if not 2 <= len(words) <= MOST_CLASSES:
        raise InputError(_not_classes(ingest, sort_labels(words)))
    return {word: number for number, word in enumerate(sort_labels(words))}


def _words_of(ingest: Ingest, file: InputFile, cache_folder: Path | None) -> set[str]:
    """Return the label words of a file, from the cache where it has them."""
    from reviewflow.reviews.index_cache import cache_key, read_cached

    def read() -> list[str]:
        with file.named_in_errors():
            return sorted(label_words(ingest, file.path, MOST_CLASSES))

    if cache_folder is None:
        return set(read())
    return set(read_cached(cache_folder, lambda: cache_key("labels", ingest, file), read))


def sort_labels(words: Iterable[str]) -> list[str]:
    """Return words in order, by value if all are numbers."""
    try:
        return sorted(words, key=lambda word: (float(word), word))
    except ValueError:
        return sorted(words)


def class_names(labels: Mapping[str, int]) -> tuple[str, ...]:
    """Return what people call each class: its words, joined by a slash."""
    classes = max(labels.values(), default=-1) + 1
    return tuple(
        "/".join(word for word, label in labels.items() if label == number)
        for number in range(classes)
    )


def _not_classes(ingest: Ingest, words: list[str]) -> str:
    shown = ", ".join(repr(word[:40]) for word in words[:SHOWN_WORDS])
    column = f"{describe_files(ingest.path)}: column {ingest.label_column!r}"
    if len(words) > MOST_CLASSES:
        return (
            f"{column} holds more than {MOST_CLASSES} different labels ({shown}, …), too many for "
            "ingest.labels: auto; name the column that holds the class, or write the map."
        )
    found = f"holds {shown} alone" if words else "is empty"
    return f"{column} {found}, and a classifier needs at least two classes; check the column."
