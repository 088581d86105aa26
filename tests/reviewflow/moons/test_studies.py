"""The two studies, on few points: learning rates and initial weights."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest


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
