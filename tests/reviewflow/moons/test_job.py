"""All stages of the two moons, one after another, on few points."""

import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from sklearn.datasets import make_moons

from reviewflow.context import Context
from reviewflow.errors import Cancelled, ConfigError, StoreError
from reviewflow.jobs.moons import PICTURES
from reviewflow.moons.config import Data, Network, PointByPoint, WholeSet
from reviewflow.moons.data import make_points, read_points
from reviewflow.moons.training import load_network, read_history, train_whole_set
from tests.reviewflow.moons.conftest import SMALL


def test_points_are_those_of_scikit_learn(job):
    points = read_points(job["points"] / "points.parquet")
    X, y = make_moons(200, noise=0.05, random_state=0)
    np.testing.assert_array_equal(points.X, X)
    np.testing.assert_array_equal(points.y, y)
    fresh = read_points(job["points"] / "fresh.parquet")
    assert len(fresh.y) == 100
    assert not np.isin(fresh.X, points.X).any()


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


def test_learning_rates_jump_above_the_limit_only(job):
    table = pq.read_table(job["learning_rates"] / "learning_rates.parquet").to_pandas()
    assert len(table) == 6
    curvature = json.loads((job["learning_rates"] / "curvature.json").read_text())["curvature"]
    limit = 2 / np.median(curvature)
    assert 0.5 < limit < 4
    assert (table[table.learning_rate < limit].rises == 0).all()
    assert (table[table.learning_rate == 16].highest > 2).all()


def test_zeros_keep_hidden_units_identical(job):
    facts = json.loads((job["initial_weights"] / "units.json").read_text())
    by = {(row["activation"], row["init"]): row for row in facts}
    assert by["relu", "zeros"]["moved"] == ["b2"]
    assert by["relu", "zeros"]["last"] == pytest.approx(np.log(2), abs=0.01)
    assert by["sigmoid", "zeros"]["distinct_units"] == 1
    assert by["sigmoid", "zeros"]["moved"] == ["W1", "b1", "W2", "b2"]
    assert by["sigmoid", "zeros"]["last"] < 0.4  # it learns a straight line
    for activation in ("relu", "sigmoid"):
        for init in ("xavier", "he"):
            assert by[activation, init]["distinct_units"] == 64


def test_pictures_are_whole_and_have_a_background(job):
    for name in PICTURES:
        svg = (job["pictures"] / f"{name}.svg").read_text(encoding="utf-8")
        ElementTree.fromstring(svg)
        assert "#ffffff" in svg
        assert re.search("<desc[^>]*>[^<]{20,}</desc>", svg)
        png = (job["pictures"] / f"{name}.png").read_bytes()
        assert png.startswith(b"\x89PNG")
        assert int.from_bytes(png[16:20], "big") == 1600


def test_page_holds_every_picture_and_loads_nothing(job):
    page = (job["page"] / "moons.html").read_text(encoding="utf-8")
    assert page.count('role="img"') == len(PICTURES)
    assert "Epoch 30/30, Loss: " in page
    assert not re.search(r"""(?:src|href)=["'](?!#)""", page)
    assert "<script" not in page


def test_a_second_run_writes_the_same_bytes(job, run, tmp_path):
    again = run(tmp_path, SMALL)
    for name, folder in job.items():
        for path in sorted(folder.iterdir()):
            if path.name == "manifest.json":
                continue
            assert path.read_bytes() == (again[name] / path.name).read_bytes(), path.name


def test_a_stop_ends_the_training(job, tmp_path):
    context = Context()
    context.stop.set()
    with pytest.raises(Cancelled):
        train_whole_set(
            points=job["points"], network=Network(), whole_set=WholeSet(), folder=tmp_path,
            context=context,
        )  # fmt: skip


def test_a_broken_network_and_missing_points_give_one_sentence(job, tmp_path):
    for path in job["whole_set"].iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "model.json").write_text('{"hidden": [3], "activation": "relu"}')
    with pytest.raises(StoreError, match="layer 0 has the shape"):
        load_network(tmp_path)
    with pytest.raises(StoreError, match="cannot be read"):
        read_points(tmp_path / "nothing.parquet")


def test_a_rate_that_leads_to_infinity_gives_one_sentence(tmp_path):
    points, model = tmp_path / "points", tmp_path / "model"
    points.mkdir()
    model.mkdir()
    make_points(data=Data(points=40, fresh_points=4, noise=0.05), folder=points, context=Context())
    with pytest.raises(ConfigError, match="not finite"):
        train_whole_set(
            points=points, network=Network(hidden=(64, 64, 64), activation="leaky_relu"),
            whole_set=WholeSet(learning_rate=1000, init=50.0), folder=model, context=Context(),
        )  # fmt: skip


def test_point_by_point_reaches_the_loss_and_is_right_on_fresh_points(tmp_path):
    """A tenth of the epochs of the configuration is enough at ten times its rate."""
    from reviewflow.moons.training import train_point_by_point

    points, model = tmp_path / "points", tmp_path / "model"
    points.mkdir()
    model.mkdir()
    make_points(data=Data(), folder=points, context=Context())
    train_point_by_point(
        points=points, network=Network(), point_by_point=PointByPoint(epochs=12, learning_rate=0.1),
        folder=model, context=Context(),
    )  # fmt: skip
    assert read_history(model).epochs[-1] <= 0.0022
    fresh = read_points(points / "fresh.parquet")
    assert (load_network(model).predict(fresh.X) == fresh.y).mean() >= 0.999


def test_whole_set_retraces_the_path(tmp_path: Path):
    """Near ln 2, a jump to about 10, a long oscillation, about 0.002 after 100 epochs."""
    points, model = tmp_path / "points", tmp_path / "model"
    points.mkdir()
    model.mkdir()
    make_points(data=Data(), folder=points, context=Context())
    train_whole_set(
        points=points, network=Network(), whole_set=WholeSet(), folder=model, context=Context()
    )
    losses = read_history(model).epochs
    assert losses[0] == pytest.approx(np.log(2), abs=0.005)
    assert 7 < losses.max() < 11
    assert losses.argmax() < 10
    assert (np.diff(losses) > 0).sum() > 5
    assert 0.001 < losses[-1] < 0.003
