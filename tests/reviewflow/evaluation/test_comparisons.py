"""Compare the figures of variants and pairs with scikit-learn's and SciPy's."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import binomtest
from sklearn.metrics import accuracy_score, roc_auc_score

from reviewflow.context import Context
from reviewflow.evaluation.comparisons import (
    VariantScore,
    compare_pair,
    compare_variants,
    variant_figures,
)
from reviewflow.evaluation.roc_auc import macro_area
from reviewflow.evaluation.significance import mcnemar

ROWS = 800
LABELS = np.random.default_rng(1).integers(0, 2, ROWS)
SPLIT = np.random.default_rng(2).choice(["train", "validation", "test"], ROWS)
KNOWN = np.arange(ROWS) != 5  # one row has no label


def scores(apart: float, seed: int) -> NDArray[np.float32]:
    noise = np.random.default_rng(seed).normal(size=ROWS)
    return (1 / (1 + np.exp(-(apart * (LABELS - 0.5) + noise)))).astype(np.float32)


def write_predictions(
    folder: Path, predicted: list[NDArray[np.float32]], threshold: float | None = None
) -> tuple[Path, ...]:
    folders = []
    for number, probability in enumerate(predicted):
        folders.append(folder / str(number))
        folders[-1].mkdir(parents=True)
        label = pa.array(LABELS.astype(np.int8), mask=~KNOWN)
        table = {"split": SPLIT, "label": label, "probability": list(probability)}
        pq.write_table(pa.table(table), folders[-1] / "predictions.parquet")
        stated = {} if threshold is None else {"threshold": threshold}
        metrics = dict.fromkeys(("train", "validation", "test"), stated)
        (folders[-1] / "metrics.json").write_text(json.dumps(metrics))
    return tuple(folders)


def compare(folders: tuple[Path, ...], variants: tuple[int, ...], best: int = 0) -> dict[str, Any]:
    return compare_variants(folders, variants, "validation", best, Context())


def test_variants_are_compared_on_validation_rows_and_the_best_is_tested(tmp_path: Path) -> None:
    predicted = [scores(2, 3), scores(2.2, 4), scores(1, 5)]
    found = compare(write_predictions(tmp_path, predicted), (0, 0, 1))
    rows = (SPLIT == "validation") & KNOWN
    areas = [roc_auc_score(LABELS[rows], p[rows]) for p in predicted]
    rights = [accuracy_score(LABELS[rows], p[rows] > 0.5) for p in predicted]
    assert (found["on"], found["rows"], found["classes"]) == ("validation", rows.sum(), 2)
    first, second = found["variants"]
    assert first["roc_auc"]["mean"] == pytest.approx((areas[0] + areas[1]) / 2)
    assert second["accuracy"]["mean"] == pytest.approx(rights[2])
    assert (first["seeds"], second["seeds"]) == (2, 1)
    assert (first["counts"], second["counts"]) == ("rows and seeds", "rows")
    wilson = binomtest(round(rights[2] * rows.sum()), int(rows.sum())).proportion_ci(0.95, "wilson")
    assert second["accuracy"]["low"] == pytest.approx(wilson.low, abs=1e-6)
    (pair,) = found["pairs"]
    assert pair["roc_auc"]["difference"] == pytest.approx((areas[0] + areas[1]) / 2 - areas[2])
    assert pair["accuracy"]["difference"] == pytest.approx(sum(rights[:2]) / 2 - rights[2])
    assert pair["mcnemar"] is None, "one of several seeds proves nothing"

    test = (SPLIT == "test") & KNOWN
    (tested,) = found["test"]["variants"]
    assert (found["test"]["rows"], tested["group"]) == (test.sum(), 0)
    expected = np.mean([roc_auc_score(LABELS[test], p[test]) for p in predicted[:2]])
    assert tested["roc_auc"]["mean"] == pytest.approx(expected)
    train = LABELS[(SPLIT == "train") & KNOWN]
    assert found["class_rows"]["train"] == [(train == 0).sum(), (train == 1).sum()]
    (baseline,) = found["baselines"]
    share = LABELS[(SPLIT == "train") & KNOWN].mean()
    majority = accuracy_score(LABELS[test], np.full(test.sum(), share > 0.5))
    assert baseline["metrics"]["test"]["accuracy"] == pytest.approx(majority)


def test_single_seeds_have_mcnemars_test_at_their_threshold(tmp_path: Path) -> None:
    predicted = [scores(2, 3), scores(1, 5)]
    (pair,) = compare(write_predictions(tmp_path, predicted, 0.3), (0, 1))["pairs"]
    rows = (SPLIT == "validation") & KNOWN
    right = (predicted[0][rows] > 0.3) == LABELS[rows]
    wrong = (predicted[1][rows] > 0.3) != LABELS[rows]
    assert pair["counts"] == "rows"
    assert pair["mcnemar"]["only_first"] == (right & wrong).sum()
    assert pair["mcnemar"]["p"] == mcnemar(
        pair["mcnemar"]["only_first"], pair["mcnemar"]["only_second"]
    )


def test_seeds_are_paired(tmp_path: Path) -> None:
    """What both variants of a seed have in common does not widen their difference."""
    shared = [np.random.default_rng(seed).normal(0, 2, ROWS) for seed in (1, 2, 3)]
    predicted = [
        (1 / (1 + np.exp(-(apart * (LABELS - 0.5) + noise)))).astype(np.float32)
        for apart in (2.2, 2.0)
        for noise in shared
    ]
    found = compare(write_predictions(tmp_path, predicted), (0, 0, 0, 1, 1, 1))
    (pair,) = found["pairs"]
    width = pair["roc_auc"]["high"] - pair["roc_auc"]["low"]
    widths = [each["roc_auc"]["high"] - each["roc_auc"]["low"] for each in found["variants"]]
    assert width < min(widths) / 2
    assert pair["roc_auc"]["low"] > 0


def test_several_classes_are_compared_by_the_macro_area(tmp_path: Path) -> None:
    labels = LABELS + (np.arange(ROWS) % 3 == 0)
    odds = np.random.default_rng(4).random((ROWS, 3)) + 0.6 * np.eye(3)[labels]
    probability = (odds / odds.sum(axis=1, keepdims=True)).astype(np.float32)
    folders = write_predictions(tmp_path, [probability])
    path = folders[0] / "predictions.parquet"
    label = pa.array(labels.astype(np.int8))
    pq.write_table(pq.read_table(path).set_column(1, "label", label), path)
    found = compare(folders, (0,))
    rows = SPLIT == "validation"
    area = roc_auc_score(labels[rows], probability[rows], multi_class="ovr", average="macro")
    (variant,) = found["variants"]
    assert found["classes"] == 3
    assert variant["roc_auc"]["mean"] == pytest.approx(area)
    assert variant["roc_auc"]["low"] < area < variant["roc_auc"]["high"]
    assert variant["accuracy"]["mean"] == (probability[rows].argmax(axis=1) == labels[rows]).mean()
    assert len(found["baselines"][0]["metrics"]["test"]["classes"]) == 3


def test_a_diverged_seed_takes_its_variant_out_and_one_class_takes_all(tmp_path: Path) -> None:
    broken = np.full(ROWS, np.nan, np.float32)
    folders = write_predictions(tmp_path / "a", [scores(2, 3), broken, scores(1, 5)])
    found = compare(folders, (0, 0, 1))
    assert [entry["group"] for entry in found["variants"]] == [1]
    assert found["pairs"] == []
    same = folders[2] / "predictions.parquet"
    ones = pa.array(np.ones(ROWS, np.int8))
    pq.write_table(pq.read_table(same).set_column(1, "label", ones), same)
    assert compare((folders[2],), (0,))["variants"] == []
    nothing = compare((), ())
    assert (nothing["variants"], nothing["baselines"], nothing["rows"]) == ([], [], 0)


def some_variant(number: int, seeds: int, rows: int, draw: int) -> VariantScore:
    generator = np.random.default_rng([draw, number])
    labels = np.arange(rows) % 2
    areas, right = [], []
    for _ in range(seeds):
        scores = np.round(generator.random(rows) + generator.random() * labels, 1)
        areas.append(macro_area(labels, scores.astype(np.float32)))
        right.append((scores > 0.5) == labels)
    return VariantScore(
        number,
        tuple(area.value for area in areas),
        tuple(float(each.mean()) for each in right),
        np.mean([area.contributions for area in areas], axis=0),
        np.mean(right, axis=0),
        rows // 2,
    )


@given(st.integers(1, 3), st.integers(1, 3), st.integers(4, 40), st.integers(0, 10_000))
def test_every_interval_holds_the_figure_that_is_printed_beside_it(
    first: int, second: int, rows: int, draw: int
) -> None:
    one, other = some_variant(0, first, rows, draw), some_variant(1, second, rows, draw)
    for figures in (variant_figures(one), variant_figures(other)):
        for metric in ("roc_auc", "accuracy"):
            found = figures[metric]
            assert 0 <= found["low"] <= found["mean"] + 1e-12
            assert found["mean"] - 1e-12 <= found["high"] <= 1
            assert found["low"] < found["high"]
    pair, reverse = compare_pair(one, other), compare_pair(other, one)
    for metric in ("roc_auc", "accuracy"):
        found = pair[metric]
        assert -1 <= found["low"] <= found["difference"] <= found["high"] <= 1
        means = [score.mean(metric) for score in (one, other)]
        assert found["difference"] == pytest.approx(means[0] - means[1], abs=1e-12)
        assert found["low"] == pytest.approx(-reverse[metric]["high"], abs=1e-12)
        holds_zero = found["low"] < 0 < found["high"]
        assert (found["p"] > 0.05 - 1e-9) or not holds_zero
    assert (pair["mcnemar"] is None) == (max(first, second) > 1)
