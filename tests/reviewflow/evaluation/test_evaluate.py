"""The evaluate stage on a network that was really trained."""

import json
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from torch import nn

from reviewflow.config.sections import Train
from reviewflow.context import Context
from reviewflow.errors import Cancelled, ConfigError
from reviewflow.evaluation.evaluate import (
    choose_threshold,
    evaluate_network,
    measure_splits,
    predictions_table,
    probabilities,
)
from reviewflow.evaluation.predictions import rows_of_split
from reviewflow.features.feature_parts import read_part
from reviewflow.networks.model import Network, initialize_weights, load_network, save_network
from reviewflow.networks.train import train_network
from tests.reviewflow.networks.cases import random_features, write_part, write_vocabulary

ROWS, TERMS = 5000, 40
COSTS = {"false_positive": 1.0, "false_negative": 1.0}


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    X, labels = random_features(ROWS, TERMS, seed=0)
    words: list[int | None] = [int(label) for label in labels]
    words[7] = None
    side = np.arange(ROWS) % 4 != 0
    folder = tmp_path_factory.mktemp("features")
    return tuple(
        write_part(folder / f"{start}-{end}", X[start:end], words[start:end], side[start:end])
        for start, end in ((0, 3000), (3000, 3000), (3000, ROWS))
    )


@pytest.fixture(scope="module")
def model(features: tuple[Path, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    train_network(
        features=features,
        vocabulary=write_vocabulary(folder / "vocabulary", TERMS),
        train=Train(hidden=(8, 4), learning_rate=0.5, epochs=4, device="cpu"),
        classes=2,
        folder=folder,
        context=Context(),
    )
    return folder


def evaluate(model: Path, features: tuple[Path, ...], folder: Path, **more: Any) -> dict[str, Any]:
    usual = {"threshold": 0.5, "costs": COSTS, "context": Context()}
    return evaluate_network(model=model, features=features, folder=folder, **(usual | more))


def test_predicts_every_row_in_order_and_measures_both_splits(
    model: Path, features: tuple[Path, ...], tmp_path: Path
) -> None:
    outcome = evaluate(model, features, tmp_path)
    assert outcome == {"rows": ROWS}
    table = pq.read_table(tmp_path / "predictions.parquet")
    X, labels = random_features(ROWS, TERMS, seed=0)
    with torch.no_grad():
        expected = torch.sigmoid(load_network(model)(torch.from_numpy(X.toarray()))).numpy()
    assert table["probability"].to_numpy() == pytest.approx(expected, abs=1e-6)
    assert table["split"].to_pylist()[:5] == ["test", "train", "train", "train", "test"]
    assert table["label"].to_pylist()[6:9] == [int(labels[6]), None, int(labels[8])]

    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert metrics["train"]["rows"] == ROWS * 3 // 4 - 1
    assert metrics["test"]["rows"] == ROWS // 4
    test = np.arange(ROWS) % 4 == 0
    right = (expected[test] > 0.5) == (labels[test] == 1)
    assert metrics["test"]["accuracy"] == pytest.approx(right.mean(), abs=1e-3)
    assert metrics["test"]["roc_auc"] > 0.9
    assert list(metrics) == ["train", "test"]
    assert "threshold" not in metrics["test"]


def test_the_same_bytes_twice(model: Path, features: tuple[Path, ...], tmp_path: Path) -> None:
    outputs = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        evaluate(model, features, tmp_path / name)
        outputs.append([path.read_bytes() for path in sorted((tmp_path / name).iterdir())])
    assert outputs[0] == outputs[1]


def test_a_network_that_diverged_gets_nulls(features: tuple[Path, ...], tmp_path: Path) -> None:
    network = Network(TERMS, (3,), "relu")
    initialize_weights(network, "default", 0)
    with torch.no_grad():
        network.linear_layers()[-1].bias.fill_(float("nan"))
    save_network(network, {}, tmp_path)
    evaluate(tmp_path, features, tmp_path)
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert metrics["test"]["roc_auc"] is None
    assert metrics["train"]["confusion"]["tp"] is None


def test_stops_when_asked(model: Path, features: tuple[Path, ...], tmp_path: Path) -> None:
    stop = Event()
    stop.set()
    with pytest.raises(Cancelled):
        evaluate(model, features, tmp_path, context=Context(stop=stop))
    assert list(tmp_path.iterdir()) == []


def test_several_classes_get_a_softmax_and_a_list_a_row(features: tuple[Path, ...]) -> None:
    network = Network(TERMS, (6,), "tanh")
    network.layers[-1] = nn.Linear(6, 3)
    part = read_part(features[0], TERMS)
    initialize_weights(network, "default", 3)
    predicted = probabilities(network, part, Context())
    X, _ = random_features(ROWS, TERMS, seed=0)
    with torch.no_grad():
        logits = network(torch.from_numpy(X[:3000].toarray()))
    assert predicted == pytest.approx(torch.softmax(logits, dim=1).numpy(), abs=1e-6)
    assert probabilities(network, read_part(features[1], TERMS), Context()).shape == (0, 3)
    labels = (np.arange(3000) % 3).astype(np.float32)
    labels[4] = np.nan
    table = predictions_table(labels, part.split, predicted)
    assert table["probability"].type == pa.list_(pa.float32())
    train = rows_of_split(table, "train")
    chosen = (part.split == 0) & ~np.isnan(labels)
    assert (train.probabilities == predicted[chosen]).all()
    assert (train.labels == labels[chosen]).all()
    assert rows_of_split(table, "validation").probabilities.shape[0] == 0


def test_a_threshold_is_chosen_on_validation_rows_alone() -> None:
    labels = np.array([0, 0, 1, 1, 0, 1, 1, 0], np.float32)
    split = np.array([0, 0, 0, 0, 1, 1, 1, 2], np.int8)
    predicted = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.9], np.float32)
    metrics = measure_splits(labels, split, predicted, ("best_f1", COSTS))
    assert {name: figures["threshold"] for name, figures in metrics.items()} == dict.fromkeys(
        ("train", "validation", "test"), pytest.approx(0.55)
    )
    assert metrics["validation"]["f1"] == 1
    assert metrics["train"]["confusion"] == {"tn": 2, "fp": 0, "fn": 2, "tp": 0}
    fixed = measure_splits(labels, split, predicted, (0.25, COSTS))
    assert fixed["train"]["confusion"] == {"tn": 2, "fp": 0, "fn": 0, "tp": 2}
    assert fixed["test"]["threshold"] == 0.25


def test_what_a_threshold_cannot_be_chosen_from() -> None:
    nobody, three = np.full(2, np.nan, np.float32), np.full((2, 3), 1 / 3, np.float32)
    with pytest.raises(ConfigError, match="no row with a label"):
        choose_threshold("cost", COSTS, nobody, np.zeros(2, np.float32))
    with pytest.raises(ConfigError, match="needs two classes, and there are 3"):
        choose_threshold("best_f1", COSTS, np.zeros(2, np.float32), three)
    assert choose_threshold(0.5, COSTS, nobody, three) == 0.5
    assert choose_threshold("best_f1", COSTS, np.zeros(2, np.float32), nobody) == 0.5
