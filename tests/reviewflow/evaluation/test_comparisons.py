"""Compare the figures of variants and pairs with scikit-learn's."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, roc_auc_score

from reviewflow.context import Context
from reviewflow.evaluation.bootstrap import mcnemar
from reviewflow.evaluation.comparisons import compare_variants

LABELS = np.random.default_rng(1).integers(0, 2, 800)
TEST = np.random.default_rng(2).random(800) < 0.75


def scores(apart: float, seed: int) -> NDArray[np.float32]:
    noise = np.random.default_rng(seed).normal(size=800)
    return (1 / (1 + np.exp(-(apart * (LABELS - 0.5) + noise)))).astype(np.float32)


def write_predictions(folder: Path, predicted: list[NDArray[np.float32]]) -> tuple[Path, ...]:
    folders = []
    for number, probability in enumerate(predicted):
        folders.append(folder / str(number))
        folders[-1].mkdir(parents=True)
        label = pa.array(LABELS.astype(np.int8), mask=np.arange(800) == 5)
        table = {"split": np.where(TEST, "test", "train"), "label": label}
        path = folders[-1] / "predictions.parquet"
        pq.write_table(pa.table(table | {"probability": probability}), path)
    return tuple(folders)


def test_figures_of_variants_and_pairs_are_those_of_the_test_rows(tmp_path: Path) -> None:
    predicted = [scores(2, 3), scores(2.2, 4), scores(1, 5)]
    comparisons = compare_variants(write_predictions(tmp_path, predicted), (0, 0, 1), Context())
    rows = TEST & (np.arange(800) != 5)
    areas = [roc_auc_score(LABELS[rows], p[rows]) for p in predicted]
    rights = [accuracy_score(LABELS[rows], p[rows] > 0.5) for p in predicted]
    assert comparisons["rows"] == rows.sum()
    first, second = comparisons["variants"]
    assert first["roc_auc"]["mean"] == pytest.approx((areas[0] + areas[1]) / 2)
    assert second["accuracy"]["mean"] == pytest.approx(rights[2])
    assert (first["seeds"], second["seeds"]) == (2, 1)
    (pair,) = comparisons["pairs"]
    assert pair["roc_auc"]["difference"] == pytest.approx((areas[0] + areas[1]) / 2 - areas[2])
    assert pair["roc_auc"]["low"] < pair["roc_auc"]["difference"] < pair["roc_auc"]["high"]
    assert pair["accuracy"]["difference"] == pytest.approx(sum(rights[:2]) / 2 - rights[2])
    rows_alone = pair["mcnemar"]
    right = (predicted[0][rows] > 0.5) == LABELS[rows]
    wrong = (predicted[2][rows] > 0.5) != LABELS[rows]
    assert rows_alone["only_first"] == (right & wrong).sum(), "the first of two equally near seeds"
    assert rows_alone["p"] == mcnemar(rows_alone["only_first"], rows_alone["only_second"])


def test_a_diverged_seed_takes_its_variant_out_and_one_class_takes_all(tmp_path: Path) -> None:
    broken = np.full(800, np.nan, np.float32)
    folders = write_predictions(tmp_path / "a", [scores(2, 3), broken, scores(1, 5)])
    comparisons = compare_variants(folders, (0, 0, 1), Context())
    assert [entry["group"] for entry in comparisons["variants"]] == [1]
    assert comparisons["pairs"] == []
    same = folders[2] / "predictions.parquet"
    table = pq.read_table(same)
    ones = pa.array(np.ones(800, np.int8))
    pq.write_table(table.set_column(1, "label", ones), same)
    assert compare_variants((folders[2],), (0,), Context())["variants"] == []
    assert compare_variants((), (), Context())["variants"] == []
