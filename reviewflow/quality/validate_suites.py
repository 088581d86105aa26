"""Validate suites before any work, since a misspelt check checks nothing.

Reading a suite finds wrong names. A dry run on a few made-up rows finds what Great Expectations
notices only when it evaluates, such as a condition on no column or text against a number.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from reviewflow.context import Context
from reviewflow.quality.feature_frames import FEATURE_COLUMNS, feature_frames, part_figures
from reviewflow.quality.frames import Frame
from reviewflow.quality.review_frames import REVIEW_COLUMNS, review_frames, source_frame
from reviewflow.quality.suites import Suite, read_suite, with_limits
from reviewflow.quality.validation import run_suite
from reviewflow.reviews.parts import Index, PartInfo

CLASSES = ("negative", "positive")
SPLITS = ("train", "validation", "test", "test")


def validate_suites(
    *,
    reviews_suite: Path,
    features_suite: Path,
    limits: Mapping[str, float],
    folder: Path,
    context: Context,
) -> dict[str, Any]:
    """Read and dry-run both suites, and write ``suites.json``.

    The file lists the types of the expectations of each suite.

    Parameters
    ----------
    limits : limits of the suites to change, by name.

    Returns
    -------
    dict
        ``rows``, the number of expectations.

    Raises
    ------
    ConfigError
        If a suite is empty, an entry of it cannot be used, or a limit may not have its value. The
        message says which and why.
    """
    reviews = with_limits(read_suite(reviews_suite, REVIEW_COLUMNS), limits)
    features = with_limits(read_suite(features_suite, FEATURE_COLUMNS), limits)
    context.check_stop()
    run_suite(reviews, _sample_reviews())
    run_suite(features, _sample_features())
    types = {"reviews": _types(reviews), "features": _types(features)}
    text = json.dumps(types, indent=1)
    (folder / "suites.json").write_text(text + "\n", encoding="utf-8")
    return {"rows": len(reviews.expectations) + len(features.expectations)}


def _types(suite: Suite) -> list[str]:
    return [expectation.type for expectation in suite.expectations]


def _sample_reviews() -> dict[str, Frame]:
    """Return frames of four made-up reviews, typed like those of real ones."""
    reviews = pa.table(
        {
            "label": pa.array([0, 1, 0, 1], pa.int8()),
            "text_hash": pa.array([1, 2, 3, 4], pa.uint64()),
            "characters": pa.array([20, 30, 40, 50], pa.int32()),
            "blank": [False, False, False, False],
        }
    )
    splits = pa.table({"split": SPLITS})
    frames = review_frames(
        [reviews], [splits], lambda part, row: {"record": row + 2}, CLASSES, False
    )
    index = Index((PartInfo(rows=4, file=0, digests={}, runs=((0, 2),)),))
    return {**frames, "source": source_frame(index)}


def _sample_features() -> dict[str, Frame]:
    """Return frames of four made-up rows of features over two terms."""
    features = pa.table(
        {
            "label": pa.array([0, 1, 0, 1], pa.int8()),
            "split": SPLITS,
            "indices": pa.array([[0], [1], [0, 1], [1]], pa.list_(pa.int32())),
            "values": pa.array([[1.0], [1.0], [0.6, 0.8], [1.0]], pa.list_(pa.float32())),
        }
    )
    return feature_frames([part_figures(features, 2)], ("first", "second"), CLASSES)
