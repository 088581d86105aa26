"""Find the files that ``ingest.path`` and ``ingest.test_path`` name.

file ──────────────┐
folder ─ its files ┼─▶ InputFile …, those of a folder or a pattern in the order of their names
pattern ─ matches ─┤
URL ─ its copy ────┘
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from glob import glob, has_magic
from os.path import exists, isdir, isfile
from pathlib import Path
from typing import TYPE_CHECKING

from reviewflow.config.urls import is_url
from reviewflow.errors import InputError
from reviewflow.reviews.downloads import copy_path

if TYPE_CHECKING:
    from reviewflow.config.sections import Ingest

ENDINGS = (".csv", ".tsv", ".txt", ".jsonl", ".ndjson", ".json", ".parquet")
PACKED_ENDINGS = ("", ".gz", ".zst", ".zip")
SHOWN_FILES = 3


@dataclass(frozen=True)
class InputFile:
    """A file of reviews.

    Attributes
    ----------
    path : of the file, or of the copy of a URL's file.
    setting : that names it: ``ingest.path`` or ``ingest.test_path``.
    is_alone : whether the setting names no other file. Others may have a header and no rows.
    url : None for a file of this machine.
    """

    path: Path
    setting: str = "ingest.path"
    is_alone: bool = True
    url: str | None = None

    @property
    def is_test(self) -> bool:
        """Whether its rows are the test split."""
        return self.setting == "ingest.test_path"

    @property
    def name(self) -> str:
        """What a person calls it: its URL or its path."""
        return self.url or str(self.path)

    @contextmanager
    def named_in_errors(self) -> Iterator[None]:
        """Name the URL, and not its copy, in the body's errors."""
        try:
            yield
        except InputError as error:
            if self.url is None:
                raise
            raise InputError(str(error).replace(str(self.path), self.url)) from None


def input_files(ingest: Ingest, downloads: Path | None = None) -> tuple[InputFile, ...]:
    """Return the files of the reviews, and then those of the test split.

    A file that is named twice is read once.

    Parameters
    ----------
    downloads : the folder of the copies of URLs. A copy need not be there.

    Raises
    ------
    InputError
        If a folder or a pattern holds no file, or a file is named by both settings.
    ValueError
        If a setting names a URL, and no folder of copies is given.
    """
    main = _files_of(ingest.path, "ingest.path", downloads)
    test = _files_of(ingest.test_path, "ingest.test_path", downloads)
    both = [path for path in test if path in main]
    if both:
        raise InputError(
            f"{main[both[0]].name} is named by ingest.path and by ingest.test_path, but no row may "
            "be a training and a test row; name other files in one of them."
        )
    return (*main.values(), *test.values())


def named_urls(ingest: Ingest) -> tuple[str, ...]:
    """Return the URLs of the settings in their order, each once."""
    items = (*_items(ingest.path), *_items(ingest.test_path))
    return tuple(dict.fromkeys(item for item in items if is_url(item)))


def files_named(item: str, setting: str) -> tuple[Path, ...]:
    """Return the files that one file, folder or pattern names.

    Raises
    ------
    InputError
        If it names none.
    """
    return tuple(_paths_of(item, setting))


def describe_files(named: str | Sequence[str]) -> str:
    """Return what a setting names, on one line."""
    if isinstance(named, str):
        return named
    more = len(named) - SHOWN_FILES
    return ", ".join(named[:SHOWN_FILES]) + (f" and {more:,} more" if more > 0 else "")


def file_names(files: Sequence[InputFile]) -> tuple[str, ...]:
    """Return the shortest end of each path or URL that no other file has."""
    ends = [_pieces(file) for file in files]
    return tuple(
        next(
            name
            for length in range(1, len(own) + 1)
            if (name := "/".join(own[-length:]))
            and sum(other[-length:] == own[-length:] for other in ends) == 1
        )
        for own in ends
    )


def _pieces(file: InputFile) -> tuple[str, ...]:
    """Return the names between the slashes of a path or a URL."""
    if file.url is None:
        return file.path.resolve().parts
    scheme, _, rest = file.url.partition("://")
    host, *others = rest.split("/")
    return (f"{scheme}://{host}", *others)


def _items(named: str | Sequence[str] | None) -> Sequence[str]:
    return () if named is None else (named,) if isinstance(named, str) else named


def _files_of(
    named: str | Sequence[str] | None, setting: str, downloads: Path | None
) -> dict[Path, InputFile]:
    """Return the files of a setting by their absolute paths."""
    found: dict[Path, tuple[Path, str | None]] = {}
    for item in _items(named):
        url = item if is_url(item) else None
        paths = _paths_of(item, setting) if url is None else [_copy(item, downloads)]
        found.update({path.resolve(): (path, url) for path in paths})
    return {
        key: InputFile(path, setting, len(found) == 1, url) for key, (path, url) in found.items()
    }


def _copy(url: str, downloads: Path | None) -> Path:
    if downloads is None:
        raise ValueError("a URL needs the folder of its copy")
    return copy_path(url, downloads)


def _paths_of(item: str, setting: str) -> Iterator[Path]:
    """Yield the files that one file, folder or pattern names."""
    path = Path(item)
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
