"""The best variant: the highest mean on the rows of the choice, among those that learned."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewflow.config.sections import Select
from reviewflow.evaluation.metrics import split_metrics
from reviewflow.evaluation.selection import (
    best_variant,
    choose_model,
    choose_variant,
    selection_score,
    typical_model,
)


def scored(**figures: float | None) -> dict[str, Any]:
    """Return metrics with these figures of the validation rows, and others on the test rows."""
    return {"validation": figures, "test": {"roc_auc": 0.99, "log_loss": 0.01}}


def test_the_best_has_the_highest_figure_on_validation_rows() -> None:
    metrics = [scored(roc_auc=0.8), scored(roc_auc=0.9), scored(roc_auc=0.9), {}]
    assert choose_variant(metrics, [True] * 4, Select()) == (1, "roc_auc")
    lowest = [scored(log_loss=0.5), scored(log_loss=0.4)]
    assert choose_variant(lowest, [True] * 2, Select(metric="log_loss")) == (1, "log_loss")
    assert choose_variant([{}], [True], Select()) == (None, None)


def test_a_variant_that_learned_comes_first() -> None:
    metrics = [scored(roc_auc=0.95), scored(roc_auc=0.8), scored(roc_auc=0.85)]
    assert choose_variant(metrics, [False, True, True], Select())[0] == 2
    assert choose_variant(metrics, [False] * 3, Select())[0] == 0


def test_rows_of_one_class_choose_by_log_loss_and_no_rows_choose_nothing() -> None:
    one_class = [scored(roc_auc=None, log_loss=0.7), scored(roc_auc=None, log_loss=0.6)]
    assert choose_variant(one_class, [True] * 2, Select()) == (1, "log_loss")
    nobody = [{"test": {"roc_auc": 0.8, "log_loss": 1.0}}, {"test": {"roc_auc": 0.9}}]
    assert choose_variant(nobody, [True] * 2, Select()) == (0, None)
    diverged = [{"test": {"roc_auc": None, "log_loss": None}}, nobody[0]]
    assert choose_variant(diverged, [False, True], Select())[0] == 1


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.booleans()), min_size=1, max_size=6))
def test_test_rows_never_choose(rows: list[tuple[float, float, bool]]) -> None:
    """Whatever the test rows say, the choice stays; it is a learned one where any learned."""
    learned = [each[2] for each in rows]
    given_rows = [{"validation": {"roc_auc": v}, "test": {"roc_auc": t}} for v, t, _ in rows]
    swapped = [{"validation": {"roc_auc": v}, "test": {"roc_auc": 1 - t}} for v, t, _ in rows]
    chosen = choose_variant(given_rows, learned, Select())
    assert chosen == choose_variant(swapped, learned, Select())
    assert chosen[0] is not None
    assert learned[chosen[0]] == any(learned)


def test_best_of_a_run_says_on_what_it_was_chosen() -> None:
    variants = [
        {"name": "a", "metrics": None},
        {"name": "b", "metrics": scored(roc_auc=0.7), "learned": True},
        {"name": "c", "metrics": scored(roc_auc=0.75), "learned": True},
    ]
    found = best_variant(variants, Select())
    assert found == {"variant": "c", "chosen_on": "validation", "metric": "roc_auc"}
    assert best_variant(variants[:1], Select()) is None
    alone = {"variant": "b", "chosen_on": None, "metric": None}
    assert best_variant(variants[1:2], Select()) == alone, "nothing was chosen"
    on_test = best_variant(variants, Select(on="test"))
    assert on_test == {"variant": "b", "chosen_on": "test", "metric": "roc_auc"}


def test_the_typical_model_is_next_to_the_mean() -> None:
    assert typical_model((0, 1, 1, 1), (0.9, 0.7, 0.8, 0.95), 1) == 2
    assert typical_model((0, 0), (None, None), 0) == 0


def test_scores_are_higher_for_better_and_finite() -> None:
    metrics = {"test": {"log_loss": 0.4, "accuracy": 0.9, "f1": float("nan")}}
    assert selection_score(metrics, "test", "log_loss") == -0.4
    assert selection_score(metrics, "test", "accuracy") == 0.9
    assert selection_score(metrics, "test", "f1") is None
    assert selection_score(metrics, "validation", "accuracy") is None


def write_model(folder: Path, signal: float, loss: float, seed: int) -> Path:
    """Write what the report reads of a model: history, description, metrics."""
    folder.mkdir(parents=True)
    labels = np.arange(400) % 2
    noise = np.random.default_rng(seed).normal(size=400)
    scores = (1 / (1 + np.exp(-(signal * (labels - 0.5) + noise)))).astype(np.float32)
    metrics = {split: split_metrics(labels, scores) for split in ("train", "validation", "test")}
    metrics["train"]["log_loss"] = loss
    (folder / "metrics.json").write_text(json.dumps(metrics))
    (folder / "model.json").write_text(json.dumps({"train": {"optimizer": "sgd"}}))
    rows = {"epoch": [1, 2], "kind": ["epoch"] * 2, "loss": [0.7, loss]}
    pq.write_table(pa.table(rows), folder / "history.parquet")
    return folder


@pytest.mark.parametrize(("loss", "best"), [(0.6931, 1), (0.3, 0)])
def test_a_model_is_chosen_from_its_files(tmp_path: Path, loss: float, best: int) -> None:
    """The first ranks best, but its loss may not have left ln 2."""
    folders = tuple(
        write_model(tmp_path / str(number), signal, own, number)
        for number, (signal, own) in enumerate([(4.0, loss), (2.0, 0.4), (2.2, 0.4), (2.4, 0.4)])
    )
    choice = choose_model(folders, folders, (0, 1, 1, 1), Select())
    assert choice.variant == best
    metrics = [json.loads((folder / "metrics.json").read_text()) for folder in folders]
    areas = [each["validation"]["roc_auc"] for each in metrics]
    assert choice.model == typical_model((0, 1, 1, 1), areas, best)
    assert choose_model((), (), (), Select()) == (None, None, ())
