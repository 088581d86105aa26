"""Measure how fast a CSV file is scored, and in how much memory.

The model has the text settings of ``configs/write_up.yaml`` (raw text, words of two letters and
more, 5,000 terms) and one linear layer, learned from the real reviews. A second one has the
write-up's hidden layers. The rows are the real reviews over and over, each with a word of its own
at the end. Ours is ``score_file`` from CSV to Parquet on two threads, which checks no suite, with
compiled code ready. The other side is scikit-learn's ``Pipeline`` of ``TfidfVectorizer`` and
``LogisticRegression`` on the same rows: ``pandas.read_csv``, ``predict_proba``, ``to_parquet``. It
takes fitting as done. Prefect's start and the import of Great Expectations come on top of ours,
once for all files of a run. The benchmarks of the unchanged run and of the checks have both.
"""

import csv
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median

from benchmarks.measuring import ROOT, Figures, fresh, in_turn, of, report_progress
from benchmarks.stages import THREADS, new_folder
from benchmarks.table import Row
from benchmarks.workspace import Workspace

SIZES = (50_000, 500_000, 5_000_000)
QUICK_SIZES = (1_200, 3_000, 6_000)
NETWORKS: dict[str, tuple[int, ...]] = {"linear": (), "two hidden layers": (512, 128)}
STAGES = ("ingest", "normalize", "vectorize", "train", "evaluate", "publish")
PIPELINE = "scikit-learn's Pipeline"
WARMING_TEXTS = 40  # more than the plain path takes


def rows(space: Workspace) -> list[Row]:
    """Measure seconds at the middle size, and peak memory at each."""
    folder = new_folder(space.folder / "scoring")
    models = {
        name: fresh(publish, reviews_path=space.reviews_path, folder=folder / name, hidden=hidden)
        and folder / name
        for name, hidden in NETWORKS.items()
    }
    least, middle, most = QUICK_SIZES if space.quick else SIZES
    found = speed_rows(space, models, write_rows(folder / "rows.csv", space.reviews_path, middle))
    for size in (least, middle, most):
        path = write_rows(folder / "rows.csv", space.reviews_path, size)
        report_progress(f"scoring {size:,} rows")
        figures = fresh(score_rows, model=models["linear"], path=path)
        found.append(Row(f"{size:,} rows scored: peak memory", "MB", (figures["megabytes"],)))
    path.unlink()
    return found


def speed_rows(space: Workspace, models: dict[str, Path], path: Path) -> list[Row]:
    """Measure each model, and scikit-learn beside the linear one."""
    sides = {name: partial(fresh, score_rows, model=models[name], path=path) for name in models}
    theirs = partial(fresh, score_by_pipeline, reviews_path=space.reviews_path, path=path)
    figures = in_turn(space.runs, {**sides, PIPELINE: theirs})
    found = []
    for name in models:
        seconds, count = of("seconds", figures[name]), figures[name][0]["rows"]
        title = f"{count:,.0f} rows scored, {name}: {count / median(seconds):,.0f} rows a second"
        beside = (PIPELINE, of("seconds", figures[PIPELINE])) if name == "linear" else ()
        found.append(Row(title, "s", seconds, *beside))
    return found


def publish(reviews_path: str, folder: str, hidden: list[int]) -> Figures:
    """Train a model for one epoch and write its bundle to the folder."""
    from reviewflow.config.sections import Publish
    from reviewflow.config.sentiment import read_config
    from reviewflow.jobs.open_sentiment import open_sentiment
    from reviewflow.pipeline.last_run import LastRun
    from reviewflow.pipeline.runner import Listener, Run

    settings = read_config(ROOT / "configs" / "write_up.yaml")
    config = settings.model_copy(
        update={
            "ingest": settings.ingest.model_copy(update={"path": reviews_path}),
            "split": settings.split.model_copy(update={"validation_size": 0.1}),
            "select": settings.select.model_copy(update={"on": "validation"}),
            "train": settings.train.model_copy(
                update={"hidden": tuple(hidden), "epochs": 1, "repeats": 1}
            ),
            "variants": {"only": {}},
            "publish": Publish(name="scored"),
        }
    )
    artifacts = Path(folder, "artifacts")
    with ThreadPoolExecutor(THREADS) as executor:
        run = Run(open_sentiment(config, artifacts, LastRun({}, {})), Listener(), executor)
        for stage in STAGES:
            for group in run.task_groups(stage):
                run.perform(group)
    return {"bundles": len(list(artifacts.glob("store/publish/*")))}


def score_rows(model: str, path: str) -> Figures:
    """Measure our scoring of a file, from CSV to Parquet."""
    from reviewflow import load_model
    from reviewflow.config.sections import Ingest
    from reviewflow.context import Context
    from reviewflow.scoring.score_file import score_file
    from reviewflow.scoring.scoring_options import ScoringOptions

    (bundle,) = Path(model).glob("artifacts/store/publish/*")
    loaded, output = load_model(bundle), Path(path).with_suffix(".parquet")
    loaded.predict(["Loads the compiled code."] * WARMING_TEXTS)
    options = ScoringOptions(Ingest(path=path, text_column="review"))
    with ThreadPoolExecutor(THREADS) as executor:
        started = time.perf_counter()
        scored = score_file(loaded, Path(path), output, options, Context(executor=executor))
        seconds = time.perf_counter() - started
    output.unlink()
    return {"seconds": seconds, "rows": scored.rows_out}


def score_by_pipeline(reviews_path: str, path: str) -> Figures:
    """Measure scikit-learn on the same file, once it is fitted."""
    import pandas as pd
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    reviews, output = pd.read_csv(reviews_path), Path(path).with_suffix(".parquet")
    pipeline = make_pipeline(TfidfVectorizer(max_features=5000), LogisticRegression(max_iter=1000))
    pipeline.fit(reviews["review"], reviews["sentiment"])
    started = time.perf_counter()
    table = pd.read_csv(path)
    table["probability"] = pipeline.predict_proba(table["review"])[:, 1]
    table.to_parquet(output)
    seconds = time.perf_counter() - started
    output.unlink()
    return {"seconds": seconds, "rows": len(table)}


def write_rows(path: Path, reviews_path: Path, count: int) -> Path:
    """Write a CSV of reviews, each with a word of its own."""
    report_progress(f"writing {count:,} rows")
    with reviews_path.open(encoding="utf-8", newline="") as file:
        texts = [text for text, _ in islice(csv.reader(file), 1, None)]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "review"])
        for number in range(count):
            writer.writerow([number, f"{texts[number % len(texts)]} n{number}"])
    return path
