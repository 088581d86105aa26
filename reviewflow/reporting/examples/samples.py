"""Draw a training review of each class, to show raw and normalised."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewflow.reporting.examples.explanations import review_text, review_tokens
from reviewflow.store.parquet import read_parquet

LONGEST_RAW = 700  # characters that are shown
LONGEST_TOKENS = 130  # tokens that are shown
MOST_CLASSES = 6  # that a review is drawn of


def sample_reviews(
    reviews: Sequence[Path],
    splits: Sequence[Path],
    tokens: Sequence[Path],
    class_names: Sequence[str],
    seed: int,
) -> list[dict[str, Any]]:
    """Return a random training review of each class, as JSON.

    Returns
    -------
    list
        ``label``, ``text`` and ``characters`` (of the whole text), ``tokens`` and ``count`` (of
        all tokens); a class without a training row is left out.
    """
    labels = [
        _training_labels(review, split) for review, split in zip(reviews, splits, strict=True)
    ]
    generator = np.random.default_rng(seed)
    samples = []
    for label, name in enumerate(class_names[:MOST_CLASSES]):
        rows = [np.flatnonzero(part == label) for part in labels]
        total = sum(map(len, rows))
        if not total:
            continue
        place = int(generator.integers(total))
        part = int(np.searchsorted(np.cumsum([len(r) for r in rows]), place, "right"))
        row = int(rows[part][place - sum(len(r) for r in rows[:part])])
        samples.append(
            _sample_as_json(name, review_text(reviews[part], row), review_tokens(tokens[part], row))
        )
    return samples


def _training_labels(review: Path, split: Path) -> NDArray[np.int8]:
    """Return the labels of a part's rows.

    -1 stands for a row without a label or a test row.
    """
    labels = read_parquet(review / "reviews.parquet", columns=["label"])["label"]
    sides = read_parquet(split / "split.parquet", columns=["split"])["split"]
    train = pc.equal(sides.cast("string"), "train").to_numpy()
    known = pc.fill_null(labels, -1).to_numpy()
    return np.where(train, known, -1).astype(np.int8)


def _sample_as_json(name: str, text: str, tokens: list[str]) -> dict[str, Any]:
    return {
        "label": name,
        "text": text[:LONGEST_RAW],
        "characters": len(text),
        "tokens": tokens[:LONGEST_TOKENS],
        "count": len(tokens),
    }
