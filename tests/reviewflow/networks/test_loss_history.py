"""Test windows and epochs of ``history.parquet``, and printed lines."""

from pathlib import Path

import pyarrow.parquet as pq

from reviewflow.networks.loss_lines import loss_lines
from tests.reviewflow.networks.conftest import Artifacts
from tests.reviewflow.networks.test_train import SMALL, run, small_with


def test_history_has_windows_that_start_with_each_epoch(
    artifacts: Artifacts, tmp_path: Path
) -> None:
    folder = run(artifacts, tmp_path / "out", SMALL)  # 79 rows: 20 steps an epoch
    history = pq.read_table(folder / "history.parquet").to_pylist()
    places = [(row["epoch"], row["step"], row["kind"]) for row in history]
    assert places == [
        (epoch, *place)
        for epoch in (1, 2, 3)
        for place in ((8, "window"), (16, "window"), (20, "epoch"))
    ]
    first = history[0]["loss"]
    assert loss_lines(history)[0] == f"[1, 8] loss: {first:.3f}"
    assert len(loss_lines(history)) == 6
    last = history[-1]
    assert len(last["gradient_norms"]) == 3
    assert last["distinct_units"] == [12, 6]
    assert history[0]["gradient_norms"] is None


def test_an_epoch_shorter_than_a_window_prints_its_mean_at_its_last_step(
    artifacts: Artifacts, tmp_path: Path
) -> None:
    folder = run(artifacts, tmp_path / "out", small_with(log_every=2000, epochs=1))
    window, epoch = pq.read_table(folder / "history.parquet").to_pylist()
    assert (window["step"], window["loss"]) == (20, epoch["loss"])
