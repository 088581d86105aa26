"""Measure the write-up's seven variants that learn, beside its script.

There are 50,000 reviews, 5,000 features, 512 and 128 units, ten epochs and one seed. Six variants
have batches of 16 and one has batches of 256. One of our figures is the training of all seven
through the store, the other is the command ``reviewflow run`` from the CSV to the report, with the
start of Prefect. The script's training is computed: its milliseconds a step, measured in the same
run (dense rows, DataLoader, as in train_step), times the steps of the seven variants. From the CSV
on, the script reads, vectorises and evaluates seven times.
"""

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from benchmarks.measuring import ROOT, Figures, command_figures, fresh, in_turn, of
from benchmarks.stages import THREADS
from benchmarks.table import Row
from benchmarks.train_step import QUICK_STEPS, STEPS, dense
from benchmarks.whole_run import run_arguments
from benchmarks.workspace import Workspace
from reviewflow.config.loading import read_yaml

CONFIG = ROOT / "configs" / "write_up.yaml"
EPOCHS = 10
BATCHES = (16, 16, 16, 16, 16, 16, 256)  # of the seven
TEST_SHARE = 0.2
TRAINING, RUN, AROUND = "training", "CSV to report", "around"


def rows(space: Workspace) -> list[Row]:
    """Measure the training and the whole run beside the script."""
    folder = space.folder / "write_up_table"
    folder.mkdir()
    config = write_config(space, folder)
    steps = QUICK_STEPS if space.quick else STEPS
    sides: dict[str, Any] = {
        TRAINING: partial(train_variants, config=config, artifacts=folder / "trained"),
        RUN: partial(run_command, config=config, artifacts=folder / "whole"),
        AROUND: partial(fresh, around_training, reviews=space.table_path),
    }
    for size in set(BATCHES):
        given = {"features": space.features, "batch_size": size, "steps": steps[size]}
        sides[f"batch {size}"] = partial(fresh, dense, **given)
    figures = in_turn(space.runs, sides)
    taken = of("rows", figures[AROUND])[0] * (1 - TEST_SHARE)
    script = [
        sum(EPOCHS * -(-taken // size) * step[size] / 1000 for size in BATCHES)
        for step in (
            {size: figures[f"batch {size}"][run]["milliseconds"] for size in set(BATCHES)}
            for run in range(space.runs)
        )
    ]
    around = [len(BATCHES) * seconds for seconds in of("seconds", figures[AROUND])]
    both = tuple(a + b for a, b in zip(script, around, strict=True))
    ours, all_of_ours = of("seconds", figures[TRAINING]), of("seconds", figures[RUN])
    name = "the script, by its step time"
    return [
        Row("the write-up's table, training", "s", ours, name, tuple(script)),
        Row("the write-up's table, CSV to report", "s", all_of_ours, name, both),
    ]


def write_config(space: Workspace, folder: Path) -> Path:
    """Write the write-up's configuration with one seed.

    The variant that cannot learn is left out.
    """
    content = read_yaml(CONFIG)
    content["ingest"]["path"] = str(space.table_path)
    content["train"] |= {"repeats": 1, "epochs": EPOCHS}
    del content["variants"]["zero weights"]
    path = folder / CONFIG.name
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return path


def train_variants(config: Path, artifacts: Path) -> Figures:
    """Measure the training of all variants, with earlier stages stored."""
    shutil.rmtree(artifacts, ignore_errors=True)
    return fresh(train_all, config=config, artifacts=artifacts)


def train_all(config: str, artifacts: str) -> Figures:
    """Train all variants in parallel, the import of PyTorch included."""
    from reviewflow.config.sentiment import read_config
    from reviewflow.jobs.open_sentiment import open_sentiment
    from reviewflow.pipeline.last_run import LastRun
    from reviewflow.pipeline.runner import Listener, Run

    settings = read_config(Path(config), ())
    planner = open_sentiment(settings, Path(artifacts), LastRun({}, {}))
    with ThreadPoolExecutor(THREADS) as inner, ThreadPoolExecutor(THREADS) as outer:
        run = Run(planner, Listener(), inner)
        stages = "suites", "ingest", "validate reviews", "normalize", "vectorize"
        for stage in (*stages, "validate features"):
            for work in run.task_groups(stage):
                run.perform(work)
        started = time.perf_counter()
        list(outer.map(run.perform, run.task_groups("train")))
        return {"seconds": time.perf_counter() - started}


def run_command(config: Path, artifacts: Path) -> Figures:
    """Measure the command with nothing in the store."""
    shutil.rmtree(artifacts, ignore_errors=True)
    return command_figures(run_arguments(config, artifacts))


def around_training(reviews: str) -> Figures:
    """Measure the script without its training, once.

    It reads, vectorises, splits and evaluates.
    """
    import numpy as np
    import pandas as pd
    import torch
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.metrics import (
        accuracy_score,
        f1_score,
        precision_score,
        recall_score,
        roc_auc_score,
    )
    from sklearn.model_selection import train_test_split
    from torch import nn

    started = time.perf_counter()
    table = pd.read_csv(reviews)
    X = TfidfVectorizer(max_features=5000).fit_transform(table["review"]).toarray()
    y = (table["sentiment"] == "positive").to_numpy(np.int64)
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=TEST_SHARE, random_state=42)
    network = nn.Sequential(
        *(nn.Linear(5000, 512), nn.ReLU(), nn.Linear(512, 128), nn.ReLU(), nn.Linear(128, 1)),
        nn.Sigmoid(),
    )
    with torch.no_grad():
        for rows, labels in ((X_train, y_train), (X_test, y_test)):
            scores = network(torch.from_numpy(rows).float()).squeeze(1).numpy()
            labelled = scores > 0.5
            for score in (accuracy_score, recall_score, precision_score, f1_score):
                score(labels, labelled)
            roc_auc_score(labels, scores)
    return {"seconds": time.perf_counter() - started, "rows": len(table)}
