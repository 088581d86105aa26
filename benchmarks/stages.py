"""Run the stage functions over parts, without store, server and checks.

reviews.csv ─ prepare_parts ─▶ 0/ 1/ … ─ vectorize ─▶ 0/ 1/ … vocabulary/
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any

from benchmarks.measuring import ROOT
from reviewflow.config.sections import Config, Ingest, Normalize, Split, Vectorize
from reviewflow.config.sentiment import read_config
from reviewflow.context import Context

THREADS = 2  # on every machine, so that figures can be compared
FIT_ON = "all"  # as scikit-learn's fit_transform, which counts every row


@lru_cache(maxsize=1)
def showcase() -> Config:
    """Return the configuration ``configs/imdb.yaml``."""
    return read_config(ROOT / "configs" / "imdb.yaml")


def one_variant(path: str, **train: Any) -> Config:
    """Return the showcase's settings for one variant and other reviews.

    Parameters
    ----------
    train : settings of the section ``train`` that differ.
    """
    settings = showcase()
    return Config(
        ingest=Ingest(path=path),
        split=settings.split,
        normalize=settings.normalize,
        vectorize=settings.vectorize,
        train=settings.train.model_copy(update=train),
        select=settings.select,
    )


def prepare_parts(reviews_path: str, folder: str) -> dict[str, float]:
    """Cut a CSV into parts: folders ``0``, ``1``, … with rows and split."""
    from reviewflow.reviews.ingest import ingest_part
    from reviewflow.reviews.parts import cut
    from reviewflow.reviews.split import split_part

    context, parts = Context(), 0
    for _, rows in cut(Ingest(path=reviews_path), None):
        part = new_folder(Path(folder) / str(parts))
        ingest_part(rows=rows, folder=part, context=context)
        split_part(reviews=part, split=Split(), position=None, folder=part, context=context)
        parts += 1
    return {"parts": parts}


def prepare_features(parts: str, folder: str) -> dict[str, float]:
    """Compute the features of all parts with the settings of the showcase."""
    settings = showcase()
    with ThreadPoolExecutor(THREADS) as executor:
        terms = vectorize(
            part_folders(Path(parts)),
            Path(folder),
            settings.normalize,
            executor,
            settings.vectorize,
        )
    return {"terms": terms}


def part_folders(folder: Path) -> tuple[Path, ...]:
    """Return the folders of the parts, in order."""
    numbers = sorted(int(path.name) for path in folder.iterdir() if path.name.isdecimal())
    return tuple(folder / str(number) for number in numbers)


def vectorize(
    parts: tuple[Path, ...],
    folder: Path,
    normalize: Normalize,
    executor: ThreadPoolExecutor,
    settings: Vectorize,
    fit_on: str = FIT_ON,
) -> int:
    """Turn the parts' texts into features and return the number of terms."""
    from reviewflow.features.ngram_counts import count_ngrams
    from reviewflow.features.tfidf import write_features
    from reviewflow.features.vocabulary import build_vocabulary
    from reviewflow.text.normalize import normalize_part

    context = Context(executor=executor)
    targets = tuple(new_folder(folder / part.name) for part in parts)
    terms = new_folder(folder / "vocabulary")

    def normalize_and_count(part: Path, target: Path) -> None:
        normalize_part(reviews=part, normalize=normalize, folder=target, context=context)
        count_ngrams(
            tokens=target,
            split=part,
            analyzer=settings.analyzer,
            ngram_range=settings.ngram_range,
            skip_bigrams=settings.skip_bigrams,
            fit_on=fit_on,
            folder=target,
            context=context,
        )

    def weigh_terms(part: Path, target: Path) -> None:
        write_features(
            reviews=part,
            split=part,
            tokens=target,
            vocabulary=terms,
            analyzer=settings.analyzer,
            ngram_range=settings.ngram_range,
            skip_bigrams=settings.skip_bigrams,
            binary=settings.binary,
            sublinear_tf=settings.sublinear_tf,
            norm=settings.norm,
            folder=target,
            context=context,
        )

    for_each_part(executor, normalize_and_count, parts, targets)
    chosen = build_vocabulary(
        counts=targets,
        max_features=settings.max_features,
        min_df=settings.min_df,
        binary=settings.binary,
        folder=terms,
        context=context,
    )
    for_each_part(executor, weigh_terms, parts, targets)
    return int(chosen["rows"])


def for_each_part(
    executor: ThreadPoolExecutor, function: Callable[..., Any], *each: tuple[Any, ...]
) -> None:
    """Call the function for every part in parallel, and wait."""
    list(executor.map(function, *each))


def new_folder(folder: Path) -> Path:
    """Create a folder that does not exist yet, and return it."""
    folder.mkdir(parents=True)
    return folder
