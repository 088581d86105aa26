"""Predictions of two and of more classes read back."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from reviewflow.evaluation.evaluate import predictions_table
from reviewflow.evaluation.predictions import read_labelled_rows


def test_rows_of_a_split_come_in_order_without_those_that_lack_a_label(tmp_path: Path) -> None:
    labels = np.array([0, 2, np.nan, 1, 2], np.float32)
    split = np.array([0, 2, 0, 0, 2], np.int8)
    scores = np.arange(15, dtype=np.float32).reshape(5, 3)
    pq.write_table(predictions_table(labels, split, scores), tmp_path / "predictions.parquet")
    train = read_labelled_rows(tmp_path, "train")
    assert train.labels.tolist() == [0, 1]
    assert train.probabilities.tolist() == scores[[0, 3]].tolist()
    nobody = read_labelled_rows(tmp_path, "validation")
    assert nobody.labels.shape == (0,)
    assert nobody.probabilities.ndim == 2


def test_two_classes_have_a_number_a_row_as_plain_text_splits_do(tmp_path: Path) -> None:
    table = pa.table({"split": ["test", "train"], "label": [1, 0], "probability": [0.25, 0.5]})
    pq.write_table(table, tmp_path / "predictions.parquet")
    assert read_labelled_rows(tmp_path, "test").probabilities.tolist() == [0.25]
