"""The learning curve: nested shares of the training rows, judged like the whole."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from scipy.stats import binomtest

from reviewflow.config.sections import Costs, LearningCurve, Select, Train
from reviewflow.context import Context
from reviewflow.evaluation.evaluate import evaluate_network
from reviewflow.evaluation.learning_curve import measure_learning_curve
from reviewflow.features.sparse_rows import SparseRows
from reviewflow.networks.train import train_network
from tests.reviewflow.networks.cases import random_features, write_part, write_vocabulary

LINEAR = Train(hidden=(), learning_rate=1.0, epochs=6, device="cpu")
ROWS, TERMS = 600, 40


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    folder = tmp_path_factory.mktemp("curve")
    X, labels = random_features(ROWS, TERMS, seed=2)
    train = np.arange(ROWS) % 4 != 0
    part = write_part(folder / "part", X, [int(label) for label in labels], train)
    return {"features": (part,), "vocabulary": write_vocabulary(folder / "vocabulary", TERMS)}


def curve(inputs: dict[str, object], folder: Path, *shares: float) -> dict[str, object]:
    measure_learning_curve(
        **inputs,
        train=LINEAR,
        select=Select(on="test"),
        learning_curve=LearningCurve(shares=shares),
        classes=2,
        folder=folder,
        context=Context(),
    )
    return json.loads((folder / "curve.json").read_text())


def test_the_last_point_is_the_variant_itself(inputs: dict[str, object], tmp_path: Path) -> None:
    found = curve(inputs, tmp_path, 0.5, 0.1)
    train_network(**inputs, train=LINEAR, classes=2, folder=tmp_path, context=Context())
    evaluate_network(
        model=tmp_path,
        features=inputs["features"],
        threshold=0.5,
        costs=Costs(),
        folder=tmp_path,
        context=Context(),
    )
    test = json.loads((tmp_path / "metrics.json").read_text())["test"]
    last = found["points"][-1]
    assert [point["share"] for point in found["points"]] == [0.1, 0.5, 1.0]
    assert [point["rows"] for point in found["points"]] == [45, 225, 450]
    assert (found["on"], found["rows"]) == ("test", test["rows"])
    assert last["accuracy"] == pytest.approx(test["accuracy"])
    right = round(last["accuracy"] * found["rows"])
    expected = binomtest(right, found["rows"]).proportion_ci(method="wilson")
    assert (last["low"], last["high"]) == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_a_share_without_a_class_is_left_out(inputs: dict[str, object], tmp_path: Path) -> None:
    points = curve(inputs, tmp_path, 0.001, 0.5)["points"]
    assert [point["share"] for point in points] == [0.5, 1.0]


@given(st.data())
def test_taken_rows_are_scipys(data: st.DataObject) -> None:
    dense = np.random.default_rng(3).integers(0, 3, (8, 5)).astype(np.float32)
    X, labels = csr_matrix(dense), np.arange(8, dtype=np.float32)
    rows = sorted(data.draw(st.sets(st.integers(0, 7))))
    whole = SparseRows(X.indptr.astype(np.int64), X.indices, X.data, labels)
    taken = whole.take(np.array(rows, np.int64))
    found = csr_matrix((taken.values, taken.indices, taken.indptr), (len(rows), 5))
    assert (found.toarray() == dense[rows]).all()
    assert taken.labels.tolist() == rows
