"""Measure best.yaml and fast.yaml: accuracy, gain of each setting, time.

The rows are the 25,000 IMDB training reviews in five folds. Each fold is the test split of a model
that learns from the other 20,000 rows. *Films* keeps the reviews of a film in one fold, as the
official split does. The reviews come without their films, so films are guessed by rare words and by
neighbourhood in the archive's order (``benchmarks/films.py``). *Neighbours* are runs of
neighbouring rows in each class. They part a film's negative reviews from its positive ones, so that
its name means the other class. Random folds would put a film's reviews on both sides and flatter by
0.7 points.

The accuracy is the share of all 25,000 rows that are predicted rightly. Differences are paired, and
± is one standard error. From 16,000 to 20,000 training rows the accuracy of best.yaml rose by 0.34
points on folds of films. The official split has 25,000, by the same ratio more.

The time is that of 25,000 training and 25,000 test rows, from the start of the first stage to the
end of the last with checks and report. The process has loaded Great Expectations, and compiled code
is ready. There the stages follow each other, while a run does some side by side. The test rows are
the training reviews with words dropped and swapped.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.films import film_folds, neighbour_folds
from benchmarks.measuring import ROOT, Figures, fresh, of, report_progress
from benchmarks.stages import THREADS, new_folder, part_folders, prepare_parts, vectorize
from benchmarks.table import Row
from benchmarks.varied import varied_reviews, write_reviews
from benchmarks.workspace import QUICK_REVIEWS, Workspace
from reviewflow.context import Context

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from reviewflow.config.sections import Config

ALL_REVIEWS, FOLDS = 25_000, 5
NAMES, KINDS = ("best", "fast"), ("films", "neighbours")
# Settings that are put in the place of those of best.yaml.
ABLATION = {
    "words alone": ("vectorize.ngram_range=[1,1]", "vectorize.skip_bigrams=false"),
    "1- and 2-grams": ("vectorize.ngram_range=[1,2]", "vectorize.skip_bigrams=false"),
    "1- to 3-grams, no skip-bigrams": ("vectorize.skip_bigrams=false",),
    "no punctuation": (r"normalize.token_pattern=\w+(?:'\w+)*",),
    "contractions whole": ("normalize.contractions=keep",),
    "counts": ("vectorize.binary=false",),
    "every term": ("vectorize.min_df=1",),
    "no naive Bayes": ("train.term_scale=none", "train.learning_rate=10"),
    "no offset of the ratio": ("train.term_scale_offset=0",),
    "the bias at the full rate": ("train.bias_rate=1",),
    "the last weights alone": ("train.average_epochs=0",),
    "constant rate": ("train.schedule=constant",),
}


def rows(space: Workspace) -> list[Row]:
    """Add the table of accuracies, and return the time of the pipeline."""
    folder = new_folder(space.folder / "frontier")
    fresh(prepare_parts, reviews_path=space.reviews_path, folder=new_folder(folder / "parts"))
    fresh(write_folds, parts=folder / "parts")
    cases: dict[str, tuple[str, tuple[str, ...]]] = {f"{name}.yaml": (name, ()) for name in NAMES}
    changed = {} if space.quick else ABLATION
    for what, changes in changed.items():
        cases[f"best.yaml, {what}"] = "best", changes
    for number, (what, (name, changes)) in enumerate(cases.items()):
        for kind in KINDS[: 1 if changes else 2]:
            report_progress(f"{what}: folds of {kind}")
            fresh(
                cross_validate,
                parts=folder / "parts",
                folder=new_folder(folder / f"{kind} {number}"),
                name=name,
                changes=changes,
                kind=kind,
            )
    space.tables.append(accuracy_table(list(cases), folder))
    return [row for name in NAMES for row in time_rows(space, name, folder / name)]


def write_folds(parts: str) -> Figures:
    """Write the folds of each row: ``folds.parquet``, a column a kind."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    tables = [pq.read_table(part / "reviews.parquet") for part in part_folders(Path(parts))]
    reviews = pa.concat_tables(tables)
    labels = reviews["label"].to_numpy().astype(np.int64)
    folds = {
        "films": film_folds(reviews["text"].to_pylist(), labels, FOLDS),
        "neighbours": neighbour_folds(labels, FOLDS),
    }
    pq.write_table(pa.table(folds), Path(parts) / "folds.parquet")
    return {}


def cross_validate(parts: str, folder: str, name: str, changes: list[str], kind: str) -> Figures:
    """Write ``right.npy``: which rows their fold's model predicts rightly.

    Parameters
    ----------
    parts, folder : as :func:`write_folds` wrote them, and a folder for results.
    name, changes : of a file in ``configs``, and its settings that change.
    kind : of the folds.
    """
    import numpy as np
    import pyarrow.parquet as pq

    from reviewflow.config.sentiment import read_config

    config = read_config(ROOT / "configs" / f"{name}.yaml", tuple(changes))
    folders = part_folders(Path(parts))
    folds = pq.read_table(Path(parts) / "folds.parquet")[kind].to_numpy()
    right = np.zeros(len(folds), bool)
    for fold in range(FOLDS):
        write_splits(folders, folds == fold)
        right[folds == fold] = predict_fold(folders, new_folder(Path(folder) / str(fold)), config)
    np.save(Path(folder) / "right.npy", right)
    return {}


def write_splits(parts: tuple[Path, ...], is_test: NDArray[np.bool_]) -> None:
    """Write ``split.parquet`` of each part."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from reviewflow.reviews.split import SPLITS, TEST, TRAIN

    first = 0
    for part in parts:
        end = first + pq.read_metadata(part / "reviews.parquet").num_rows
        codes = np.where(is_test[first:end], np.int8(TEST), np.int8(TRAIN))
        splits = pa.DictionaryArray.from_arrays(codes, pa.array(SPLITS))
        pq.write_table(pa.table({"split": splits}), part / "split.parquet")
        first = end


def predict_fold(parts: tuple[Path, ...], folder: Path, config: Config) -> NDArray[np.bool_]:
    """Return which test rows a configuration's one model predicts rightly."""
    import pyarrow.parquet as pq

    from reviewflow.evaluation.evaluate import evaluate_network
    from reviewflow.networks.train import train_network

    with ThreadPoolExecutor(THREADS) as executor:
        vectorize(parts, folder, config.normalize, executor, config.vectorize, "train")
    features, context, model = part_folders(folder), Context(), new_folder(folder / "model")
    train_network(
        features=features,
        vocabulary=folder / "vocabulary",
        train=config.train,
        classes=2,
        folder=model,
        context=context,
    )
    evaluate_network(
        model=model, features=features, threshold=0.5, costs={}, folder=model, context=context
    )
    table = pq.read_table(model / "predictions.parquet").to_pandas()
    tested = table[table["split"] == "test"]
    right: NDArray[np.bool_] = ((tested["probability"] >= 0.5) == (tested["label"] == 1)).to_numpy()
    return right


def accuracy_table(cases: list[str], folder: Path) -> str:
    """Return the accuracies of the cases as a Markdown table.

    Parameters
    ----------
    cases : names. The first is the one that others are compared with.
    folder : has ``right.npy`` in a folder for each kind of folds and number of the case. Folds of
        neighbours may be missing.
    """
    import numpy as np

    films, neighbours = KINDS
    best = np.load(folder / f"{films} 0" / "right.npy")
    lines = [["", f"folds of {films}", "beside best.yaml", f"folds of {neighbours}"], ["---"] * 4]
    for number, case in enumerate(cases):
        right = np.load(folder / f"{films} {number}" / "right.npy")
        gain = right.astype(np.float64) - best
        other = folder / f"{neighbours} {number}" / "right.npy"
        lines.append(
            [
                case,
                percent(right),
                f"{100 * gain.mean():+.2f} ± {error(gain):.2f}" if number else "",
                percent(np.load(other)) if other.exists() else "",
            ]
        )
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def percent(right: NDArray[np.bool_]) -> str:
    """Return the share of right rows and its standard error."""
    return f"{100 * right.mean():.2f} ± {error(right):.2f} %"


def error(each: NDArray[Any]) -> float:
    """Return the standard error of a mean over rows, in points of 100."""
    return float(100 * each.std() / len(each) ** 0.5)


def time_rows(space: Workspace, name: str, folder: Path) -> list[Row]:
    """Return the seconds of a configuration's pipeline."""
    new_folder(folder)
    count = QUICK_REVIEWS if space.quick else ALL_REVIEWS
    records = list(varied_reviews(space.reviews_path, 2 * count))
    write_reviews(folder / "train.csv", records[:count])
    write_reviews(folder / "test.csv", records[count:])
    measured = []
    for run in range(space.runs + 1):
        report_progress(f"{name}.yaml, run {run} of {space.runs}")
        measured.append(fresh(pipeline_seconds, name=name, folder=folder, run=run))
    return [
        Row(f"{name}.yaml, {2 * count:,} rows: {title}", "s", of(figure, measured[1:]))
        for title, figure in (("pipeline", "seconds"), ("processor time", "cpu_seconds"))
    ]


def pipeline_seconds(name: str, folder: str, run: int) -> Figures:
    """Run the whole pipeline into an empty store, without Prefect."""
    from reviewflow.config.sentiment import read_config
    from reviewflow.jobs.open_sentiment import open_sentiment
    from reviewflow.pipeline.last_run import LastRun
    from reviewflow.pipeline.runner import Listener, Run
    from reviewflow.quality.library import expectation_types

    paths = (f"ingest.path={folder}/train.csv", f"ingest.test_path={folder}/test.csv")
    config = read_config(ROOT / "configs" / f"{name}.yaml", paths)
    planner = open_sentiment(config, Path(folder, f"artifacts {run}"), LastRun({}, {}))
    expectation_types()  # loads Great Expectations
    with ThreadPoolExecutor(THREADS) as executor:
        work = Run(planner, Listener(), executor)
        started, cpu_started = time.perf_counter(), time.process_time()
        for group in dict.fromkeys(node.stage.group for node in planner.nodes):
            for task in work.task_groups(group):
                work.perform(task)
        return {
            "seconds": time.perf_counter() - started,
            "cpu_seconds": time.process_time() - cpu_started,
        }
