"""The accuracy on labelled rows is what scikit-learn and SciPy make of them."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import accuracy_score, confusion_matrix

from reviewflow.errors import InputError
from reviewflow.scoring.live_accuracy import (
    LiveLabels,
    live_accuracy,
    live_sentence,
)

NAMES = ("bad", "fair", "good/great")
WORDS = {"bad": 0, "fair": 1, "good": 2, "great": 2}
PROMISED = {
    "chosen_on": "validation",
    "intervals": {
        "test": {"accuracy": {"mean": 0.9, "low": 0.85, "high": 0.93}},
        "validation": {"accuracy": {"mean": 0.95, "low": 0.9, "high": 0.98}},
    },
}


@given(
    st.lists(st.tuples(st.sampled_from([*WORDS, "", None, "?"]), st.integers(0, 2)), max_size=40)
)
def test_counts_and_interval_are_those_of_the_libraries(rows: list[tuple[str | None, int]]) -> None:
    live = LiveLabels(NAMES, WORDS)
    for block in (rows[:7], rows[7:]):
        cells = pa.array([word for word, _ in block], pa.string())
        live.add(cells, np.array([number for _, number in block], np.int64))
    known = [(WORDS[word], number) for word, number in rows if word in WORDS]
    found = live_accuracy(live.confusion, PROMISED)
    assert found["rows"] == len(known)
    if not known:
        assert found["accuracy"] is None
        assert live_sentence(found) == "No row has a label."
        return
    true, predicted = zip(*known, strict=True)
    expected = confusion_matrix(true, predicted, labels=[0, 1, 2])
    assert found["confusion"] == expected.tolist()
    assert found["accuracy"] == pytest.approx(accuracy_score(true, predicted))
    right = sum(a == b for a, b in known)
    ends = binomtest(right, len(known)).proportion_ci(0.95, "wilson")
    assert (found["low"], found["high"]) == pytest.approx((ends.low, ends.high))
    assert found["fall"] == pytest.approx(max(0.0, 0.85 - ends.high), abs=1e-6)


def test_a_fall_beyond_both_intervals_is_said() -> None:
    live = live_accuracy(np.array([[50, 50], [50, 50]]), PROMISED)
    assert live_sentence(live) == (
        "Accuracy 50.0 % (43.1 to 56.9) on 200 labelled rows; the test rows promised 90.0 % "
        "(85.0 to 93.0), which is less."
    )


@pytest.mark.parametrize(
    "cells", [pa.array([1, 0, None]), pa.array([1.0, 0.0, None]), pa.array(["1.0", "0", ""])]
)
def test_numbers_are_read_as_training_reads_them(cells: pa.Array) -> None:
    live = LiveLabels(("0", "1"))
    live.add(cells, np.array([1, 1, 1]))
    assert live.confusion.tolist() == [[0, 1], [0, 1]]


def test_a_part_of_a_name_is_no_label() -> None:
    live = LiveLabels(("n/a", "x"))
    live.add(pa.array(["n", "x", "n/a"]), np.array([0, 1, 0]))
    assert (live.confusion.sum(), live.other_rows) == (2, 1)
    told = live_sentence(live_accuracy(live.confusion, {}, live.other_rows))
    assert told.endswith("on 2 labelled rows (1 more hold other labels).")


def test_a_column_of_other_words_is_refused() -> None:
    live = LiveLabels(("bad", "good"))
    live.add(pa.array(["5", "1", "", None]), np.zeros(4, np.int64))
    with pytest.raises(InputError, match=r"'stars' holds '1', '5', and the model's labels are"):
        live.check(Path("in.csv"), "stars")
    live.add(pa.array(["good"]), np.zeros(1, np.int64))
    live.check(Path("in.csv"), "stars")
