"""The training's progress, shown by the real Prefect server."""

from pathlib import Path
from typing import Any
from uuid import uuid4

from reviewflow.context import Context
from reviewflow.moons.config import Data, FullBatch, Network
from reviewflow.moons.data import make_points
from reviewflow.moons.training import train_full_batch
from tasks.train import progress_artifact


def progress_artifacts(label: str) -> list[Any]:
    """Return the progress artifacts with a label."""
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        artifacts = client.read_artifacts()
    return [a for a in artifacts if a.type == "progress" and label in (a.description or "")]


def test_progress_is_one_artifact_that_ends_at_a_hundred(prefect_api: str) -> None:
    from prefect import flow

    label = f"train[{uuid4()}]"

    @flow
    def training() -> None:
        show = progress_artifact(label)
        show("a message alone", {})
        assert progress_artifacts(label) == []
        show("epoch 1", {"done": 1.0, "total": 4.0, "loss": 0.69})
        (artifact,) = progress_artifacts(label)
        assert float(artifact.data) == 25

        show("epoch 2", {"done": 2.0, "total": 4.0, "loss": 0.6})  # too soon for another request
        show("epoch 4", {"done": 4.0, "total": 4.0, "loss": 0.5})  # the end is always sent
        (artifact,) = progress_artifacts(label)
        assert float(artifact.data) == 100

    training()


def test_the_two_moons_have_a_progress_artifact(prefect_api: str, tmp_path: Path) -> None:
    from prefect import flow

    label = f"train[{uuid4()}]"
    points, model = tmp_path / "points", tmp_path / "model"
    points.mkdir()
    model.mkdir()
    make_points(data=Data(points=40, fresh_points=4), folder=points, context=Context())

    @flow
    def training() -> None:
        train_full_batch(
            points=points,
            network=Network(hidden=(4,)),
            whole_set=FullBatch(epochs=5),
            folder=model,
            context=Context(progress=progress_artifact(label)),
        )

    training()
    (artifact,) = progress_artifacts(label)
    assert float(artifact.data) == 100
