"""Every figure of docs/write_up.md is in its table, and commands give it."""

import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pytest

from reviewflow.reporting.reference import read_reference
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "write_up.md").read_text(encoding="utf-8")
QUESTIONS = (
    "A network by hand", "TF-IDF", "Normalisation", "Label encoding", "Stemming or lemmatisation",
    "Two random comments", "Class counts", "Values in [0, 1]", "Zero weights", "Learning rates",
    "Activations", "Why batches", "Very small and very large batches", "16 against 256",
    "Commands and figures",
)  # fmt: skip
PUBLISHED_METRICS = ("accuracy", "precision", "recall", "f1")


class Figure(NamedTuple):
    """A row of the page's table, whose ``name`` is a path such as ``test.roc_auc``."""

    variant: str
    name: str
    value: float
    within: float


def commands() -> dict[str, list[str]]:
    """Return the arguments of each command, by its letter."""
    found = re.findall(r"^# (\w): .*\n\.venv/bin/reviewflow (.*)$", PAGE, re.MULTILINE)
    return {letter: arguments.split() for letter, arguments in found}


def figures() -> dict[str, list[Figure]]:
    """Return the table's rows, by the command's letter."""
    found: dict[str, list[Figure]] = {}
    for row in re.findall(r"^\| ([A-Z]) \| (.*) \|$", PAGE, re.MULTILINE):
        variant, name, value, within = row[1].split(" | ")
        figure = Figure(variant, name, float(value), float(within))
        found.setdefault(row[0], []).append(figure)
    return found


def test_the_questions_stand_in_their_order() -> None:
    assert tuple(re.findall(r"^## (.*)$", PAGE, re.MULTILINE)) == QUESTIONS


def test_every_figure_of_the_text_is_in_the_table() -> None:
    text, _, table = PAGE.partition("## Commands and figures")
    cited = set(re.findall(r"\b\d\.\d{4}\b", text))
    assert len(cited) > 15
    assert cited <= set(re.findall(r"\b\d\.\d{4}\b", table))
    assert figures().keys() == commands().keys()


def test_the_published_figures_are_those_of_the_reference_file() -> None:
    published = read_reference(str(ROOT / "configs/reference/write_up.yaml"))
    rows = []
    for name, first in published["variants"].items():
        runs = published["repeats"].get(name, [first])
        for label, one in zip((name, f"{name}, again"), runs, strict=False):
            cells = [f"{one['test'][metric]:.4f}" for metric in PUBLISHED_METRICS]
            rows.append(f"| {' | '.join([label, *cells])} |")
    assert len(rows) == 8
    assert "\n".join(rows) + "\n" in PAGE


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("letter", sorted(commands()))
def test_a_command_gives_its_figures(letter: str, tmp_path: Path, prefect_api: str) -> None:
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    done = subprocess.run(
        [str(Path(sys.executable).with_name("reviewflow")), *commands()[letter]],
        cwd=tmp_path,
        env={**os.environ, "PREFECT_API_URL": prefect_api},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    (record,) = (tmp_path / "artifacts" / "runs").glob("2*/run.json")
    run = json.loads(record.read_text(encoding="utf-8"))
    seen = {
        entry["name"]: {**entry, **entry.get("metrics", entry.get("accuracy"))}
        for entry in (run.get("variants") or run["versions"])
    }
    for figure in figures()[letter]:
        value = seen[figure.variant]
        if figure.name == "moved.accuracy":
            value = {"moved": {"accuracy": moved_accuracy(run, figure.variant, tmp_path)}}
        for part in figure.name.split("."):
            value = value[part]
        assert math.isclose(value, figure.value, abs_tol=figure.within), (figure, value)


def moved_accuracy(run: dict[str, Any], variant: str, folder: Path) -> float:
    """Return the mean accuracy of a variant's seeds on test rows at a moved threshold.

    The threshold of a seed calls as many training rows positive as are positive.
    """
    found = []
    for stage in run["stages"]:
        if stage["stage"] == "evaluate" and stage["variant"] == variant:
            file = folder / "artifacts/store/evaluate" / stage["key"] / "predictions.parquet"
            rows = pd.read_parquet(file)
            train, test = (rows[rows["split"] == split] for split in ("train", "test"))
            threshold = train["probability"].quantile(1 - train["label"].mean())
            found.append(((test["probability"] > threshold) == test["label"]).mean())
    return sum(found) / len(found)
