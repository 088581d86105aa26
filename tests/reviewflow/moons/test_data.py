"""The points of the two moons, beside scikit-learn's own."""

import numpy as np
import pytest
from sklearn.datasets import make_moons

from reviewflow.errors import StoreError
from reviewflow.moons.data import read_points


def test_points_are_those_of_scikit_learn(job):
    points = read_points(job["points"] / "points.parquet")
    X, y = make_moons(200, noise=0.05, random_state=0)
    np.testing.assert_array_equal(points.X, X)
    np.testing.assert_array_equal(points.y, y)
    fresh = read_points(job["points"] / "fresh.parquet")
    assert len(fresh.y) == 100
    assert not np.isin(fresh.X, points.X).any()


def test_missing_points_give_one_sentence(tmp_path):
    with pytest.raises(StoreError, match="cannot be read"):
        read_points(tmp_path / "nothing.parquet")
