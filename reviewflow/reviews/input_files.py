"""Find the files that ``ingest.path`` and ``ingest.test_path`` name.

file ──────────────┐
folder ─ its files ┼─▶ InputFile …, those of a folder or a pattern in the order of their names
pattern ─ matches ─┘
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from glob import glob, has_magic
from os.path import exists, isdir, isfile
from pathlib import Path
from typing import TYPE_CHECKING

from reviewflow.errors import InputError

if TYPE_CHECKING:
    from reviewflow.config.sections import Ingest

URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/{1,2}[^/]")
ENDINGS = (".csv", ".tsv", ".txt", ".jsonl", ".ndjson", ".json", ".parquet")
PACKED_ENDINGS = ("", ".gz", ".zst", ".zip")
SHOWN_FILES = 3


@dataclass(frozen=True)
class InputFile:
    """A file of reviews.

    Attributes
    ----------
    setting : that names it: ``ingest.path`` or ``ingest.test_path``.
    is_alone : whether the setting names no other file. Others may have a header and no rows.
    """

    path: Path
    setting: str = "ingest.path"
    is_alone: bool = True

    @property
    def is_test(self) -> bool:
        """Whether its rows are the test split."""
        return self.setting == "ingest.test_path"


def input_files(ingest: Ingest) -> tuple[InputFile, ...]:
    """Return the files of the reviews, and then those of the test split.

    A file that is named twice is read once.

    Raises
    ------
    InputError
        If a folder or a pattern holds no file, or a file is named by both settings.
    """
    main = _files_of(ingest.path, "ingest.path")
    test = _files_of(ingest.test_path, "ingest.test_path")
    both = [path for path in test if path in main]
    if both:
        raise InputError(
            f"{main[both[0]].path} is named by ingest.path and by ingest.test_path, but no row may "
            "be a training and a test row; name other files in one of them."
        )
    return (*main.values(), *test.values())


def describe_files(named: str | Sequence[str]) -> str:
    """Return what a setting names, on one line."""
    if isinstance(named, str):
        return named
    more = len(named) - SHOWN_FILES
    return ", ".join(named[:SHOWN_FILES]) + (f" and {more:,} more" if more > 0 else "")


def file_names(files: Sequence[InputFile]) -> tuple[str, ...]:
    """Return the shortest end of each path that no other file has."""
    ends = [file.path.resolve().parts for file in files]
    return tuple(
        next(
            name
            for length in range(1, len(own) + 1)
            if (name := "/".join(own[-length:]))
            and sum(other[-length:] == own[-length:] for other in ends) == 1
        )
        for own in ends
    )


def _files_of(named: str | Sequence[str] | None, setting: str) -> dict[Path, InputFile]:
    """Return the files of a setting by their absolute paths."""
    items = () if named is None else (named,) if isinstance(named, str) else named
    found = {path.resolve(): path for item in items for path in _paths_of(item, setting)}
    return {key: InputFile(path, setting, len(found) == 1) for key, path in found.items()}


def _paths_of(item: str, setting: str) -> Iterator[Path]:
    """Yield the files that one file, folder or pattern names."""
    path = Path(item)
    if URL.match(item):
        raise InputError(
            f"{setting} is a URL, and reviewflow reads files; fetch it first, and name the file."
        )
    if _is_pattern(item):
        paths = [Path(name) for name in sorted(glob(item, recursive=True))]
        files = [each for each in paths if isfile(each)]
        if not files:
            raise InputError(f"No file matches {item}; {setting} must name the reviews.")
    elif isdir(item):
        files = [each for each in sorted(path.iterdir()) if isfile(each) and _is_known(each.name)]
        if not files:
            raise InputError(
                f"The folder {path} holds no file of reviews; {setting} reads files whose names "
                f"end in {', '.join(ENDINGS)}, also with {', '.join(PACKED_ENDINGS[1:])}."
            )
    elif exists(item) and not isfile(item):
        raise InputError(
            f"{path} is a pipe or a device, and {setting} is read more than once; save the reviews "
            "as a file first."
        )
    else:
        files = [path]
    yield from files


def _is_pattern(item: str) -> bool:
    return has_magic(item) and not exists(item)


def _is_known(name: str) -> bool:
    """Return whether a folder's file is read as reviews."""
    endings = tuple(kind + packed for kind in ENDINGS for packed in PACKED_ENDINGS)
    return not name.startswith((".", "_")) and name.lower().endswith(endings)
