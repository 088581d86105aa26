"""What a training of the two moons reports while it goes on."""

from pathlib import Path

from reviewflow.context import Context
from reviewflow.moons.config import Data, Network, WholeSet
from reviewflow.moons.data import make_points
from reviewflow.moons.training import train_whole_set


def test_progress_has_the_figures_that_bars_and_artifacts_read(tmp_path: Path) -> None:
    heard: list[tuple[str, dict[str, float]]] = []
    points, model = tmp_path / "points", tmp_path / "model"
    points.mkdir()
    model.mkdir()
    make_points(data=Data(points=40, fresh_points=4), folder=points, context=Context())
    train_whole_set(
        points=points, network=Network(hidden=(4,)), whole_set=WholeSet(epochs=5), folder=model,
        context=Context(progress=lambda message, figures: heard.append((message, figures))),
    )  # fmt: skip
    assert [(figures["done"], figures["total"]) for _, figures in heard] == [
        (float(epoch), 5.0) for epoch in range(1, 6)
    ]
    lines = (model / "losses.txt").read_text().splitlines()
    assert [message for message, _ in heard] == lines
    assert [f"{figures['loss']:.4f}" for _, figures in heard] == [line[-6:] for line in lines]
