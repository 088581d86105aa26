"""Make two interleaved half circles with noise: the stage ``points``."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from reviewflow.context import Context
from reviewflow.errors import StoreError
from reviewflow.moons.config import Data
from reviewflow.store.parquet import read_parquet

POINTS_FILE = "points.parquet"
FRESH_FILE = "fresh.parquet"


class Points(NamedTuple):
    """N points of the plane and their classes.

    Attributes
    ----------
    X : float64, shape (N, 2).
    y : int8, shape (N,), zeros and ones.
    """

    X: NDArray[np.float64]
    y: NDArray[np.int8]


def make_points(*, data: Data, folder: Path, context: Context) -> dict[str, Any]:
    """Write the points to learn from and the points to check on.

    They are in ``points.parquet`` and ``fresh.parquet``, with the columns ``x1``, ``x2`` (double)
    and ``label`` (int8). The points are those of ``sklearn.datasets.make_moons`` with the seed, and
    the fresh ones those with the next seed, so that the two share no noise.

    Returns
    -------
    dict
        ``rows``: the number of points to learn from.
    """
    context.check_stop()
    _write(two_moons(data.points, data.noise, data.seed), folder / POINTS_FILE)
    fresh_seed = (data.seed + 1) % 2**32
    _write(two_moons(data.fresh_points, data.noise, fresh_seed), folder / FRESH_FILE)
    return {"rows": data.points}


def two_moons(points: int, noise: float, seed: int) -> Points:
    """Return scikit-learn's two moons, in its shuffled order."""
    from sklearn.datasets import make_moons

    X, y = make_moons(points, noise=noise, random_state=seed)
    return Points(X.astype(np.float64), y.astype(np.int8))


def read_points(path: Path) -> Points:
    """Return the points of a Parquet file that :func:`make_points` wrote.

    Raises
    ------
    StoreError
        If the file is missing or is not a Parquet file with the three columns.
    """
    try:
        table = read_parquet(path, columns=["x1", "x2", "label"])
    except (OSError, pa.ArrowException) as error:
        cause = " ".join(str(error).split())
        raise StoreError(f"The points in {path} cannot be read ({cause}); run again.") from None
    X = np.column_stack([table["x1"].to_numpy(), table["x2"].to_numpy()])
    return Points(X, table["label"].to_numpy())


def _write(points: Points, path: Path) -> None:
    columns = {"x1": points.X[:, 0], "x2": points.X[:, 1], "label": points.y}
    pq.write_table(pa.table(columns), path)
