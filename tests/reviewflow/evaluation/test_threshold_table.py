"""Each line of the table is what scikit-learn measures at its threshold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, confusion_matrix, precision_score, recall_score

from reviewflow.evaluation.predictions import LabelledRows
from reviewflow.evaluation.threshold_table import THRESHOLDS, threshold_table

COSTS = {"false_positive": 2.0, "false_negative": 5.0}


@given(
    st.lists(st.tuples(st.integers(0, 1), st.floats(0, 1, width=32)), min_size=1, max_size=60),
    st.sampled_from([0.5, 0.37]),
)
def test_lines_are_those_of_scikit_learn(rows: list[tuple[int, float]], chosen: float) -> None:
    labels = np.array([label for label, _ in rows], np.int8)
    odds = np.array([value for _, value in rows], np.float32)
    table = threshold_table(LabelledRows(labels, odds), chosen, COSTS)
    assert [line["threshold"] for line in table] == sorted({*THRESHOLDS, chosen})
    assert [line["threshold"] for line in table if line["is_chosen"]] == [chosen]
    for line in table:
        above = odds.astype(np.float64) > line["threshold"]
        _, false, missed, true = confusion_matrix(labels, above, labels=[0, 1]).ravel()
        assert (line["false_positives"], line["false_negatives"]) == (false, missed)
        assert line["accuracy"] == pytest.approx(accuracy_score(labels, above))
        if true + false:
            assert line["precision"] == pytest.approx(precision_score(labels, above))
        else:
            assert line["precision"] is None
        if true + missed:
            assert line["recall"] == pytest.approx(recall_score(labels, above))
        assert line["cost"] == pytest.approx(1000 * (2 * false + 5 * missed) / len(rows))
        assert line["predicted_share"] == pytest.approx(above.mean())
