"""Layer charts: a line a variant, the mean over its seeds, where there is something to show."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reviewflow.reporting.charts.layers import first_layer, layer_charts, worst_layer

LINES = {0: 0, 1: 1}


def model(folder: Path, columns: dict[str, Any]) -> Path:
    folder.mkdir()
    table = {"epoch": [1, 2, 2], "kind": ["epoch", "window", "epoch"], **columns}
    pq.write_table(pa.table(table), folder / "history.parquet")
    return folder


def test_seeds_are_averaged_and_windows_left_out(tmp_path: Path) -> None:
    models = [
        model(tmp_path / str(seed), {"dead_shares": [[0.0, 0.1], [1.0, 1.0], [0.0, share]]})
        for seed, share in enumerate((0.2, 0.6, 0.3))
    ]
    charts = layer_charts(models, (0, 0, 1), LINES)
    assert set(charts) == {"dead"}
    assert "at the end between 0.3 and 0.4." in charts["dead"]


def test_a_seed_that_stopped_early_shortens_the_mean(tmp_path: Path) -> None:
    columns = {"dead_shares": [[0.0], [0.1], [0.3]]}
    long, short = (model(tmp_path / name, columns) for name in ("long", "short"))
    table = pq.read_table(short / "history.parquet")
    pq.write_table(table.slice(0, 1), short / "history.parquet")
    assert "at the end between 0.3 and 0.3." in layer_charts([long], (0,), LINES)["dead"]
    assert layer_charts([long, short], (0, 0), LINES) == {}, "one epoch, in which nothing changes"


def test_what_is_the_same_throughout_is_not_drawn(tmp_path: Path) -> None:
    columns = {"saturated_shares": [[0.0]] * 3, "gradient_norms": [[0.2], [0.1], [0.1]]}
    assert set(layer_charts([model(tmp_path / "a", columns)], (0,), LINES)) == {"gradients"}
    assert layer_charts([], (), LINES) == {}


def test_one_figure_stands_for_the_layers() -> None:
    assert (first_layer([0.1, 0.5]), worst_layer([0.1, 0.5])) == (0.1, 0.5)
    assert first_layer([]) != first_layer([])
    assert worst_layer([]) == pytest.approx(float("nan"), nan_ok=True)
