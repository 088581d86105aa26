"""The training's progress, shown by the real Prefect server."""

from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewflow.context import Context
from reviewflow.moons.config import Data, FullBatch, Network
from reviewflow.moons.data import make_points
from reviewflow.moons.training import train_full_batch
from tasks.train import MOST_LINES, progress_log, show_training, some_of


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
        show = show_training(label)
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
            context=Context(progress=show_training(label)),
        )

    training()
    (artifact,) = progress_artifacts(label)
    assert float(artifact.data) == 100


def test_an_artifact_is_its_flow_runs_though_another_thread_reports(prefect_api: str) -> None:
    from prefect import flow
    from prefect.runtime import flow_run

    label = f"train[{uuid4()}]"

    @flow
    def training() -> str:
        report = partial(show_training(label), "epoch 1", {"done": 1.0, "total": 4.0, "loss": 0.69})
        thread = Thread(target=report)
        thread.start()
        thread.join()
        return str(flow_run.get_id())

    identity = training()
    (artifact,) = progress_artifacts(label)
    assert str(artifact.flow_run_id) == identity


def test_the_log_has_a_line_every_few_seconds_and_later_fewer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines: list[str] = []
    show = progress_log(lines.append)
    seconds = 3600
    for second in range(1, seconds + 1):
        monkeypatch.setattr("tasks.train.time.monotonic", lambda now=second: float(now))
        show(f"epoch {second}", {"done": float(second), "total": float(seconds)})
    assert lines[:2] == ["epoch 6 · 0 %", "epoch 11 · 0 %"]
    assert 50 < len(lines) < 120
    numbers = [int(line.split()[1]) for line in lines]
    assert seconds - numbers[-1] < 0.06 * seconds


@given(st.integers(0, 5 * MOST_LINES))
def test_many_lines_are_thinned_evenly_to_the_last(count: int) -> None:
    lines = [str(number) for number in range(count)]
    kept = some_of(lines)
    assert len(kept) <= MOST_LINES
    assert kept[-1:] == lines[-1:]
    assert kept == lines or len(kept) > MOST_LINES / 2
    assert len(lines) > MOST_LINES or kept == lines
