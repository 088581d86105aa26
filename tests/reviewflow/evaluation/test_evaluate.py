"""The evaluate stage on a network that was really trained."""

import json
from pathlib import Path
from threading import Event

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from reviewflow.config.sections import Train
from reviewflow.context import Context
from reviewflow.errors import Cancelled
from reviewflow.evaluation.evaluate import evaluate_network
from reviewflow.networks.model import Network, initialize_weights, load_network, save_network
from reviewflow.networks.train import train_network
from tests.reviewflow.networks.cases import random_features, write_part, write_vocabulary

ROWS, TERMS = 5000, 40


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


def test_predicts_every_row_in_order_and_measures_both_splits(
    model: Path, features: tuple[Path, ...], tmp_path: Path
) -> None:
    outcome = evaluate_network(model=model, features=features, folder=tmp_path, context=Context())
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


def test_the_same_bytes_twice(model: Path, features: tuple[Path, ...], tmp_path: Path) -> None:
    outputs = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        evaluate_network(model=model, features=features, folder=tmp_path / name, context=Context())
        outputs.append([path.read_bytes() for path in sorted((tmp_path / name).iterdir())])
    assert outputs[0] == outputs[1]


def test_a_network_that_diverged_gets_nulls(features: tuple[Path, ...], tmp_path: Path) -> None:
    network = Network(TERMS, (3,), "relu")
    initialize_weights(network, "default", 0)
    with torch.no_grad():
        network.linear_layers()[-1].bias.fill_(float("nan"))
    save_network(network, {}, tmp_path)
    evaluate_network(model=tmp_path, features=features, folder=tmp_path, context=Context())
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert metrics["test"]["roc_auc"] is None
    assert metrics["train"]["confusion"]["tp"] is None


def test_stops_when_asked(model: Path, features: tuple[Path, ...], tmp_path: Path) -> None:
    stop = Event()
    stop.set()
    with pytest.raises(Cancelled):
        evaluate_network(
            model=model, features=features, folder=tmp_path, context=Context(stop=stop)
        )
    assert list(tmp_path.iterdir()) == []
