"""Check the reviews before any work: lengths, labels, copies and split."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from reviewflow.context import Context
from reviewflow.quality.data_docs import write_data_docs
from reviewflow.quality.results import write_results
from reviewflow.quality.review_frames import REVIEW_COLUMNS, review_frames, source_frame
from reviewflow.quality.suites import read_suite, with_limits
from reviewflow.quality.validation import run_suite
from reviewflow.reviews.parts import Index
from reviewflow.store.parquet import read_parquet


def validate_reviews(
    *,
    reviews: tuple[Path, ...],
    splits: tuple[Path, ...],
    index: Index,
    class_names: tuple[str, ...],
    given_split: bool,
    suite: Path,
    limits: Mapping[str, float],
    folder: Path,
    context: Context,
) -> dict[str, Any]:
    """Check the reviews against a suite, and write the results.

    The folder gets ``results.json`` and ``data_docs/``.

    Parameters
    ----------
    reviews, splits : one artifact folder a part, in the order of the file.
    index : gives the record number of a row of a part in the file, and what was left out.
    class_names : the words of each class, K of them. Labels are 0 to K − 1.
    given_split : whether the files decide which rows are test rows, so that a text in two splits
        is their doing.
    suite : YAML file of expectations on the frames ``rows``, ``labels`` and ``source``.
    limits : limits of the suites to change, by name.

    Returns
    -------
    dict
        ``rows``, ``success`` (no expectation of severity error failed) and ``failed``, the
        number of expectations that failed. A failure is a result and raises nothing here.

    Raises
    ------
    ConfigError
        If the suite cannot be used.
    """
    expectations = with_limits(read_suite(suite, REVIEW_COLUMNS), limits)
    tables = list(context.executor.map(_figures, reviews))
    context.check_stop()
    sides = [read_parquet(split / "split.parquet", columns=["split"]) for split in splits]
    frames = review_frames(tables, sides, partial(_review_name, index), class_names, given_split)
    results, outcomes = run_suite(expectations, {**frames, "source": source_frame(index)})
    context.check_stop()
    write_results(folder, results)
    write_data_docs(folder / "data_docs", expectations.name, outcomes)
    return {
        "rows": sum(table.num_rows for table in tables),
        "success": results["success"],
        "failed": sum(not one["success"] for one in results["results"]),
    }


def _figures(part: Path) -> pa.Table:
    """Return the columns of a part, with ``blank`` in place of the text."""
    table = read_parquet(
        part / "reviews.parquet", columns=["text", "label", "text_hash", "characters"]
    )
    blank = pc.equal(pc.binary_length(pc.utf8_trim_whitespace(table["text"])), 0)
    return table.drop_columns(["text"]).append_column("blank", pc.fill_null(blank, True))


def _review_name(index: Index, part: int, row: int) -> dict[str, Any]:
    """Return the record number of a row, the header being 1, and its file."""
    record = {"record": index.record(part, row)}
    if index.names_files:
        return {**record, "file": index.file_name(index.parts[part].file)}
    return record
