"""The two trainings: their files, their progress, and where they end."""

import json
from pathlib import Path

import numpy as np
import pytest

from reviewflow.context import Context
from reviewflow.errors import Cancelled, ConfigError, StoreError
from reviewflow.moons.config import Data, FullBatch, Network, Online
from reviewflow.moons.data import make_points, read_points
from reviewflow.moons.training import (
    load_network,
    read_history,
    train_full_batch,
    train_online,
)


def test_losses_are_kept_as_numbers_and_as_lines(job):
    history = read_history(job["point_by_point"])
    assert history.steps.shape == (600,)
    np.testing.assert_allclose(history.epochs, history.steps.reshape(3, 200).mean(axis=1))
    lines = (job["whole_set"] / "losses.txt").read_text().splitlines()
    assert len(lines) == 30
    whole = read_history(job["whole_set"])
    assert lines[0] == f"Epoch 1/30, Loss: {whole.epochs[0]:.4f}"
    assert whole.epochs[0] == pytest.approx(np.log(2), abs=0.01)


def test_the_stored_network_predicts_what_accuracy_says(job):
    net = load_network(job["point_by_point"])
    fresh = read_points(job["points"] / "fresh.parquet")
    accuracy = json.loads((job["fresh"] / "accuracy.json").read_text())
    right = float((net.predict(fresh.X) == fresh.y).mean())
    assert accuracy["point_by_point"]["fresh"]["accuracy"] == right


def test_progress_has_the_figures_that_bars_and_artifacts_read(tmp_path: Path) -> None:
    reports: list[tuple[str, dict[str, float]]] = []
    points, model = tmp_path / "points", tmp_path / "model"
    points.mkdir()
    model.mkdir()
    make_points(data=Data(points=40, fresh_points=4), folder=points, context=Context())
    train_full_batch(
        points=points, network=Network(hidden=(4,)), whole_set=FullBatch(epochs=5), folder=model,
        context=Context(progress=lambda message, figures: reports.append((message, figures))),
    )  # fmt: skip
    assert [(figures["done"], figures["total"]) for _, figures in reports] == [
        (float(epoch), 5.0) for epoch in range(1, 6)
    ]
    lines = (model / "losses.txt").read_text().splitlines()
    assert [message for message, _ in reports] == lines
    assert [f"{figures['loss']:.4f}" for _, figures in reports] == [line[-6:] for line in lines]


def test_a_stop_ends_the_training(job, tmp_path):
    context = Context()
    context.stop.set()
    with pytest.raises(Cancelled):
        train_full_batch(
            points=job["points"], network=Network(), whole_set=FullBatch(), folder=tmp_path,
            context=context,
        )  # fmt: skip


def test_a_broken_network_gives_one_sentence(job, tmp_path):
    for path in job["whole_set"].iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "model.json").write_text('{"hidden": [3], "activation": "relu"}')
    with pytest.raises(StoreError, match="layer 0 has the shape"):
        load_network(tmp_path)


def test_a_rate_that_leads_to_infinity_gives_one_sentence(tmp_path):
    points, model = tmp_path / "points", tmp_path / "model"
    points.mkdir()
    model.mkdir()
    make_points(data=Data(points=40, fresh_points=4, noise=0.05), folder=points, context=Context())
    with pytest.raises(ConfigError, match="not finite"):
        train_full_batch(
            points=points, network=Network(hidden=(64, 64, 64), activation="leaky_relu"),
            whole_set=FullBatch(learning_rate=1000, init=50.0), folder=model, context=Context(),
        )  # fmt: skip


def test_online_training_reaches_the_loss_and_is_right_on_fresh_points(tmp_path):
    """12 epochs are enough at twice the rate of the configuration."""
    points, model = tmp_path / "points", tmp_path / "model"
    points.mkdir()
    model.mkdir()
    make_points(data=Data(), folder=points, context=Context())
    train_online(
        points=points, network=Network(), point_by_point=Online(epochs=12, learning_rate=0.1),
        folder=model, context=Context(),
    )  # fmt: skip
    assert read_history(model).epochs[-1] <= 0.0022
    fresh = read_points(points / "fresh.parquet")
    assert (load_network(model).predict(fresh.X) == fresh.y).mean() >= 0.999


def test_a_full_batch_follows_the_known_path(tmp_path: Path):
    """Start near ln 2, jump to about 10, oscillate, end at about 0.002."""
    points, model = tmp_path / "points", tmp_path / "model"
    points.mkdir()
    model.mkdir()
    make_points(data=Data(), folder=points, context=Context())
    train_full_batch(
        points=points, network=Network(), whole_set=FullBatch(), folder=model, context=Context()
    )
    losses = read_history(model).epochs
    assert losses[0] == pytest.approx(np.log(2), abs=0.005)
    assert 7 < losses.max() < 11
    assert losses.argmax() < 10
    assert (np.diff(losses) > 0).sum() > 5
    assert 0.001 < losses[-1] < 0.003
