"""Measure TF-IDF features of one to three words on the same texts.

Both sides remove HTML tags, write in lower case and keep every term of one to three words that two
reviews share (``min_df: 2``, up to a million terms, no lemmas). The other side is scikit-learn's
TfidfVectorizer with the same token pattern. It receives clean texts: the cleaning is not in its
time.
"""

import html
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from benchmarks.measuring import Figures, fresh, in_turn, of
from benchmarks.stages import THREADS, part_folders, vectorize
from benchmarks.table import Row
from benchmarks.text_to_features import TAG, TOKEN
from benchmarks.workspace import Workspace
from reviewflow.config.sections import Normalize, Vectorize

TRIGRAMS = Vectorize(ngram_range=(1, 3), min_df=2, max_features=1_000_000, sublinear_tf=False)


def rows(space: Workspace) -> list[Row]:
    """Measure seconds and peak memory beside scikit-learn."""
    given = {"parts": space.parts, "folder": space.folder / "ngrams"}
    figures = in_turn(
        space.runs,
        {
            "reviewflow": partial(fresh, stages, **given),
            "TfidfVectorizer": partial(fresh, scikit_learn, parts=space.parts),
        },
    )
    return [
        Row(
            f"1- to 3-grams, {what}",
            unit,
            of(figure, figures["reviewflow"]),
            "TfidfVectorizer",
            of(figure, figures["TfidfVectorizer"]),
        )
        for what, unit, figure in (("time", "s", "seconds"), ("peak memory", "MB", "megabytes"))
    ]


def stages(parts: str, folder: str) -> Figures:
    """Measure our stages from Parquet to Parquet, with code compiled before."""
    folders, target = part_folders(Path(parts)), Path(folder)
    shutil.rmtree(target, ignore_errors=True)
    plain = Normalize(reduce="none")
    with ThreadPoolExecutor(THREADS) as executor:
        vectorize(folders[:1], target / "warm", plain, executor, TRIGRAMS)
        started = time.perf_counter()
        terms = vectorize(folders, target / "timed", plain, executor, TRIGRAMS)
        seconds = time.perf_counter() - started
    return {"seconds": seconds, "terms": terms}


def scikit_learn(parts: str) -> Figures:
    """Measure scikit-learn from clean texts to a matrix in memory."""
    import pyarrow.parquet as pq
    from sklearn.feature_extraction.text import TfidfVectorizer

    tables = [pq.read_table(part / "reviews.parquet") for part in part_folders(Path(parts))]
    texts = [
        html.unescape(TAG.sub(" ", text.lower())).lower()
        for table in tables
        for text in table["text"].to_pylist()
    ]
    started = time.perf_counter()
    vectorizer = TfidfVectorizer(
        token_pattern=TOKEN.pattern,
        lowercase=False,
        ngram_range=TRIGRAMS.ngram_range,
        min_df=TRIGRAMS.min_df,
        max_features=TRIGRAMS.max_features,
    )
    vectorizer.fit_transform(texts)
    return {"seconds": time.perf_counter() - started, "terms": len(vectorizer.vocabulary_)}
