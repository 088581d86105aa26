"""Compare the differences of two runs with DeLong's formula and with paired shares."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score

from reviewflow.evaluation.metrics import split_metrics
from reviewflow.evaluation.run_differences import Measured, compare_measured, measure_variant

ROWS = 300
LABELS = np.random.default_rng(1).integers(0, 2, ROWS)


def scores(apart: float, seed: int) -> NDArray[np.float32]:
    noise = np.random.default_rng(seed).normal(size=ROWS)
    return (1 / (1 + np.exp(-(apart * (LABELS - 0.5) + noise)))).astype(np.float32)


def measured(folder: Path, predicted: list[NDArray[np.float32]]) -> Measured:
    """A variant of some seeds, all of whose rows are test rows."""
    folders, seeds = [], []
    for number, probability in enumerate(predicted):
        folders.append(folder / str(number))
        folders[-1].mkdir(parents=True)
        label = pa.array(LABELS.astype(np.int8))
        table = {"split": ["test"] * ROWS, "label": label, "probability": probability}
        pq.write_table(pa.table(table), folders[-1] / "predictions.parquet")
        seeds.append(split_metrics(LABELS.astype(np.float32), probability))
        (folders[-1] / "metrics.json").write_text(json.dumps({"test": seeds[-1]}))
    return measure_variant(seeds, folders)


def delong_variance(first: NDArray[Any], second: NDArray[Any]) -> float:
    """The variance of the difference of two areas, by every pair of a row of either class."""
    placed = []
    for predicted in (first, second):
        own, other = predicted[LABELS == 1][:, None], predicted[LABELS == 0][None, :]
        wins = (own > other) + 0.5 * (own == other)
        placed.append((wins.mean(axis=1), wins.mean(axis=0)))
    positive, negative = (placed[0][side] - placed[1][side] for side in (0, 1))
    return float(
        np.var(positive, ddof=1) / len(positive) + np.var(negative, ddof=1) / len(negative)
    )


def test_a_difference_on_the_same_rows_is_paired(tmp_path: Path) -> None:
    before, after = scores(1.5, 3), scores(2, 3)
    a, b = measured(tmp_path / "a", [before]), measured(tmp_path / "b", [after])
    found = compare_measured("roc_auc", a, b, same_rows=True)
    expected = roc_auc_score(LABELS, after) - roc_auc_score(LABELS, before)
    reach = 1.959964 * np.sqrt(delong_variance(after, before))
    assert found["method"] == "paired"
    assert found["difference"] == pytest.approx(expected, abs=1e-9)
    assert found["low"] == pytest.approx(expected - reach, abs=1e-6)
    assert found["high"] == pytest.approx(expected + reach, abs=1e-6)

    share = compare_measured("accuracy", a, b, same_rows=True)
    off = 1.0 * ((after > 0.5) == LABELS) - ((before > 0.5) == LABELS)
    assert share["difference"] == pytest.approx(
        accuracy_score(LABELS, after > 0.5) - accuracy_score(LABELS, before > 0.5)
    )
    n, gained, lost = ROWS + 2, (off > 0).sum() + 1, (off < 0).sum() + 1  # Bonett and Price, 2012
    variance = ((gained + lost) / n - ((gained - lost) / n) ** 2) / n
    assert (share["high"] - share["low"]) / 2 == pytest.approx(
        1.959964 * np.sqrt(variance), rel=1e-5
    )

    other = compare_measured("f1", a, b, same_rows=True)
    assert (other["method"], other["a"]["low"]) == ("paired", None)
    assert other["difference"] == pytest.approx(
        f1_score(LABELS, after > 0.5) - f1_score(LABELS, before > 0.5)
    )


def test_without_predictions_a_difference_is_unpaired_and_wider(tmp_path: Path) -> None:
    a, b = (measured(tmp_path / name, [scores(x, 3)]) for name, x in (("a", 1.5), ("b", 2)))
    paired = compare_measured("roc_auc", a, b, same_rows=True)
    found = compare_measured("roc_auc", measure_variant(a.seeds, []), b, same_rows=True)
    assert found["method"] == "unpaired"
    assert found["difference"] == pytest.approx(paired["difference"])
    assert found["high"] - found["low"] > 2 * (paired["high"] - paired["low"])
    other = compare_measured("log_loss", measure_variant(a.seeds, []), b, same_rows=True)
    assert (other["method"], other["low"]) == (None, None)
    assert other["difference"] == pytest.approx(b.seeds[0]["log_loss"] - a.seeds[0]["log_loss"])


def test_on_other_rows_there_is_no_difference(tmp_path: Path) -> None:
    a, b = (measured(tmp_path / name, [scores(x, 3)]) for name, x in (("a", 1.5), ("b", 2)))
    found = compare_measured("roc_auc", a, b, same_rows=False)
    assert (found["difference"], found["low"], found["method"]) == (None, None, None)
    for side, predicted in (("a", scores(1.5, 3)), ("b", scores(2, 3))):
        assert found[side]["value"] == pytest.approx(roc_auc_score(LABELS, predicted))
        assert found[side]["low"] < found[side]["value"] < found[side]["high"]


def test_seeds_are_counted(tmp_path: Path) -> None:
    a = measured(tmp_path / "a", [scores(1.5, 3), scores(1.5, 4)])
    b = measured(tmp_path / "b", [scores(2, 3), scores(2, 4)])
    found = compare_measured("roc_auc", a, b, same_rows=True)
    means = [
        np.mean([roc_auc_score(LABELS, scores(apart, seed)) for seed in (3, 4)])
        for apart in (1.5, 2)
    ]
    assert found["difference"] == pytest.approx(means[1] - means[0], abs=1e-9)
    alone = compare_measured("roc_auc", *(side._replace(seeds=side.seeds[:1]) for side in (a, b)),
                             same_rows=True)  # fmt: skip
    assert alone["a"]["value"] != found["a"]["value"]


def test_a_variant_that_diverged_or_lost_its_files_has_no_difference(tmp_path: Path) -> None:
    a = measured(tmp_path / "a", [np.full(ROWS, np.nan, np.float32)])
    b = measured(tmp_path / "b", [scores(2, 3)])
    found = compare_measured("roc_auc", a, b, same_rows=True)
    assert (found["a"]["value"], found["difference"], found["method"]) == (None, None, None)
    (tmp_path / "b" / "0" / "predictions.parquet").write_bytes(b"damaged")
    again = measure_variant(b.seeds, [tmp_path / "b" / "0"])
    assert again.score is None
    assert compare_measured("roc_auc", again, again, same_rows=True)["method"] == "unpaired"
