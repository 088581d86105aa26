"""Features of small random reviews as the stages read them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.reviewflow.networks.cases import random_features, write_part, write_vocabulary


@dataclass(frozen=True)
class Artifacts:
    """Folders of two parts' features and of the vocabulary."""

    features: tuple[Path, ...]
    vocabulary: Path
    training_rows: int


@pytest.fixture
def artifacts(tmp_path: Path) -> Artifacts:
    """Write two parts of 60 and 40 rows with 50 terms.

    Every fifth row is a test row, and two rows have no label.
    """
    X, labels = random_features(100, 50, seed=1)
    train = np.arange(100) % 5 != 0
    words: list[int | None] = [int(label) for label in labels]
    words[3], words[5] = None, None  # a training row and a test row
    parts = tuple(
        write_part(tmp_path / f"part{start}", X[start:end], words[start:end], train[start:end])
        for start, end in ((0, 60), (60, 100))
    )
    return Artifacts(parts, write_vocabulary(tmp_path / "vocabulary", 50), 79)
