"""Score one file with a model, in memory that does not grow with the file.

batches ─┬─ blank, null ─▶ rejects: record and reason
         └─ texts ─▶ model (some batches at once, by threads) ─▶ probability, label ─┬─▶ OUT
           other columns ────────────────────────────────────────────────────────────┘

Rows in = rows out + rejects. The order is the input's.
"""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewflow.context import Context
from reviewflow.errors import UsageError
from reviewflow.evaluation.metrics import predicted_classes
from reviewflow.models.predictor import Analysis
from reviewflow.models.profile import Profile, profile_of
from reviewflow.processors import processors
from reviewflow.reviews.arrow import bool_array
from reviewflow.reviews.blank_texts import blank_texts
from reviewflow.scoring.input_rows import InputRows, file_stamp, open_input, refuse_changes
from reviewflow.scoring.live_accuracy import LiveLabels
from reviewflow.scoring.output_file import output_errors, score_writer, write_whole
from reviewflow.scoring.scored import Scored, judge
from reviewflow.scoring.scoring_options import ScoringOptions

if TYPE_CHECKING:
    from reviewflow.models.bundle import Bundle

BLOCK_ROWS = 4_096
AHEAD = 2  # blocks a thread, so that none waits


class Scorer(Protocol):
    """What scoring needs of a model.

    Attributes
    ----------
    bundle : what was published, with the profile of its validation rows.
    """

    bundle: Bundle

    @property
    def version(self) -> str:
        """What the scores are said to come from."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """Label names, from class 0 up."""

    @property
    def threshold(self) -> float:
        """Of two classes, the probability above which a row is positive."""

    def analyze(self, texts: pa.StringArray) -> Analysis:
        """Return probabilities and counts of tokens of N texts."""


@dataclass(frozen=True)
class _Block:
    """Rows that are being scored, and the records that are rejected."""

    rows: pa.RecordBatch
    rejected: tuple[tuple[int, str], ...]
    analysis: Future[Analysis]


def rejects_path(output: Path) -> Path:
    """Return where the rejects of a file of scores are written."""
    return output.with_name(f"{output.name}.rejects.csv")


def score_file(
    model: Scorer, path: Path, output: Path, options: ScoringOptions, context: Context
) -> Scored:
    """Score a file, check it, and write the scores and the rejects.

    Parameters
    ----------
    output : ends in ``.parquet`` or ``.csv``. It gets the input's columns, then ``probability``
        (of class 1; of more than two classes ``probability_NAME`` for each), ``label`` and
        ``model_version``. ``rejects_path(output)`` gets the rejects, if there are any.

    Raises
    ------
    InputError
        If the file cannot be read, or changes meanwhile, or no label is one of the model's.
    UsageError
        If the file has a column of a name that scores get.
    QualityError
        If an expectation of severity error failed.
    ConfigError
        If the suite is wrong.
    StoreError
        If the scores cannot be written.
    Cancelled
        If the run was stopped.
    """
    stamp = file_stamp(path)
    with refuse_changes(path, stamp):
        rows = open_input(path, options.ingest, options.label_column)
    schema = _schema(path, rows.schema, model, options.prefix)
    classes = len(model.class_names)
    live = LiveLabels(model.class_names, model.bundle.content.get("labels"))
    scored = Scored(Profile.empty(classes))
    rejects: list[tuple[int, str]] = []
    with score_writer(output, schema) as writer:
        with refuse_changes(path, stamp):
            for block in _scored_blocks(model, rows, context):
                context.check_stop()
                batch = _with_scores(block, schema, model)
                writer.write(batch)
                rejects += block.rejected
                scored.rows_out += batch.num_rows
                scored.profile += profile_of(block.analysis.result(), model.threshold, classes)
                if options.label_column is not None:
                    live.add(block.rows.column(options.label_column), _classes(block, model))
                context.progress("scored", {"done": scored.rows_out})
        scored.rejects = len(rejects)
        scored.rows_in = scored.rows_out + scored.rejects
        judge(scored, live, path, model.bundle, options)
        writer.finish()
        _write_rejects(rejects_path(output), rejects)
        writer.publish()
    return scored


def _schema(path: Path, schema: pa.Schema, model: Scorer, prefix: str) -> pa.Schema:
    """Return the columns of the output.

    Raises
    ------
    UsageError
        If the input has one of the new ones.
    """
    names = model.class_names
    odds = ["probability"] if len(names) == 2 else [f"probability_{name}" for name in names]
    words = pa.dictionary(pa.int8(), pa.string())
    new = [(prefix + name, pa.float32()) for name in odds]
    new += [(prefix + "label", words), (prefix + "model_version", words)]
    taken = [name for name, _ in new if name in schema.names]
    if taken:
        raise UsageError(
            f"{path} has a column {taken[0]!r} already, which the scores would be called; rename "
            "it, or give the scores another name with --prefix, such as --prefix predicted_."
        )
    for name, kind in new:
        schema = schema.append(pa.field(name, kind))
    return schema


def _scored_blocks(model: Scorer, rows: InputRows, context: Context) -> Iterator[_Block]:
    """Yield the blocks in order, while later ones are being scored."""
    waiting: deque[_Block] = deque()
    record = rows.first_record
    for batch in _blocks(rows.batches):
        waiting.append(_submit(model, rows, batch, record, context.executor))
        record += batch.num_rows
        if len(waiting) > AHEAD * processors():
            yield waiting.popleft()
    yield from waiting


def _blocks(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield the rows in blocks of about ``BLOCK_ROWS``."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        if sum(each.num_rows for each in held) >= BLOCK_ROWS:
            yield from _concatenate(held)
            held = []
    if held:
        yield from _concatenate(held)


def _concatenate(batches: list[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    if len(batches) == 1:
        yield from batches
    else:
        yield pa.concat_batches(batches)


def _submit(
    model: Scorer, rows: InputRows, batch: pa.RecordBatch, record: int, executor: Executor
) -> _Block:
    """Set the blank texts aside, and let a thread score the others."""
    texts = rows.texts(batch)
    blank = blank_texts(texts)
    rejected: tuple[tuple[int, str], ...] = ()
    if blank.any():
        missing = texts.is_null().to_numpy(zero_copy_only=False)
        rejected = tuple(
            (record + row, "the text is null" if missing[row] else "the text is blank")
            for row in np.flatnonzero(blank).tolist()
        )
        kept = bool_array(~blank)
        batch, texts = batch.filter(kept), texts.filter(kept)
    return _Block(batch, rejected, executor.submit(model.analyze, texts))


def _with_scores(block: _Block, schema: pa.Schema, model: Scorer) -> pa.RecordBatch:
    """Return the rows of a block with the columns of their scores."""
    odds = block.analysis.result().probabilities
    columns = [odds] if odds.ndim == 1 else list(odds.T)
    classes = _classes(block, model).astype(np.int8)
    label = pa.DictionaryArray.from_arrays(pa.array(classes), pa.array(model.class_names))
    same = pa.array(np.zeros(len(classes), np.int8))
    version = pa.DictionaryArray.from_arrays(same, pa.array([model.version]))
    new = [pa.array(np.ascontiguousarray(column)) for column in columns]
    return pa.RecordBatch.from_arrays([*block.rows.columns, *new, label, version], schema=schema)


def _classes(block: _Block, model: Scorer) -> NDArray[np.int64]:
    return predicted_classes(block.analysis.result().probabilities, model.threshold)


def _write_rejects(path: Path, rejects: list[tuple[int, str]]) -> None:
    """Write records and reasons, or remove those of an earlier scoring."""
    with output_errors(path):
        if not rejects:
            path.unlink(missing_ok=True)
            return
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerows([("record", "reason"), *rejects])
        write_whole(path, text.getvalue())
