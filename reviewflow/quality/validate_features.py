"""Check the features before training: every value, label and index."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from reviewflow.context import Context
from reviewflow.quality.data_docs import write_data_docs
from reviewflow.quality.feature_frames import (
    FEATURE_COLUMNS,
    PartFigures,
    feature_frames,
    part_figures,
)
from reviewflow.quality.results import write_results
from reviewflow.quality.suites import read_suite, with_limits
from reviewflow.quality.validation import run_suite
from reviewflow.store.parquet import read_parquet


def validate_features(
    *,
    features: tuple[Path, ...],
    vocabulary: Path,
    class_names: tuple[str, ...],
    suite: Path,
    limits: Mapping[str, float],
    folder: Path,
    context: Context,
) -> dict[str, Any]:
    """Check the features against a suite, and write the results.

    The folder gets ``results.json`` and ``data_docs/``.

    Parameters
    ----------
    features : one artifact folder a part, in the order of the file.
    vocabulary : the artifact folder of the vocabulary.
    class_names : the words of each class, K of them. Labels are 0 to K − 1.
    suite : YAML file of expectations on the frames ``rows``, ``labels``, ``features``, ``parts``.
    limits : limits of the suites to change, by name.

    Returns
    -------
    dict
        As :func:`reviewflow.quality.validate_reviews.validate_reviews`.

    Raises
    ------
    ConfigError
        If the suite cannot be used.
    """
    expectations = with_limits(read_suite(suite, FEATURE_COLUMNS), limits)
    terms = read_parquet(vocabulary / "vocabulary.parquet", columns=["term"])["term"].to_pylist()
    parts = list(context.executor.map(partial(_figures, terms=len(terms)), features))
    context.check_stop()
    results, outcomes = run_suite(expectations, feature_frames(parts, terms, class_names))
    context.check_stop()
    write_results(folder, results)
    write_data_docs(folder / "data_docs", expectations.name, outcomes)
    return {
        "rows": sum(len(part.label) for part in parts),
        "success": results["success"],
        "failed": sum(not one["success"] for one in results["results"]),
    }


def _figures(part: Path, terms: int) -> PartFigures:
    columns = ["label", "split", "indices", "values"]
    return part_figures(read_parquet(part / "features.parquet", columns=columns), terms)
