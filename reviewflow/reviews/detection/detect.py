"""Find out all that a configuration says of the reviews' files.

file ─ find_format ─▶ table_batches ─ column_stats ─┬─ choose_text, choose_label ─ label_map ─┐
                                                    └─ choose_group, choose_split ────────────┤
                                                                                 Detection ◀──┘
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reviewflow.config.sections import MOST_CLASSES, Ingest
from reviewflow.errors import InputError
from reviewflow.formatting import amount, nearest
from reviewflow.reviews.detection.column_stats import ColumnStats, column_stats
from reviewflow.reviews.detection.file_format import FILE, FileFormat, find_format
from reviewflow.reviews.detection.label_words import LabelMap, label_map
from reviewflow.reviews.detection.roles import (
    ColumnChoice,
    choose_group,
    choose_label,
    choose_split,
    choose_text,
    kind_of_numbers,
)
from reviewflow.reviews.input_files import InputFile, input_files
from reviewflow.reviews.read import table_batches

if TYPE_CHECKING:
    import pyarrow as pa

LONGEST_NAME = 60  # characters; a longer one in a header is a review
SHOWN_COLUMNS = 12


@dataclass(frozen=True)
class Detection:
    """What a file of reviews holds, and what is a guess.

    Attributes
    ----------
    path : of the reviews, as a person named it.
    text, label : the columns.
    files : number of files.
    rows : number of records below the headers.
    group, split : names of columns, None if there is none.
    doubts : sentences by setting, such as ``ingest.label_column``.
    """

    path: str
    files: int
    format: FileFormat
    rows: int
    text: ColumnStats
    label: ColumnStats
    labels: LabelMap
    group: str | None
    split: str | None
    doubts: Mapping[str, tuple[str, ...]]


def detect(
    path: Path | str,
    text_column: str | None = None,
    label_column: str | None = None,
    downloads: Path | None = None,
) -> Detection:
    """Look at all reviews.

    Parameters
    ----------
    path : a file, or a folder, pattern or URL as in ``ingest.path``. The format is that of its
        first file.
    text_column, label_column : columns that are known already.
    downloads : holds the copy of a URL's file, which was fetched.

    Raises
    ------
    InputError
        If a file cannot be read, has no header or other columns than the first one, or no column
        looks like the text or the label.
    """
    path = str(path)
    files = input_files(Ingest(path=path), downloads)
    with files[0].named_in_errors():
        found = find_format(files[0].path)
    settings = Ingest(encoding=found.encoding, delimiter=found.delimiter, quoting=found.quoting)
    columns = column_stats(_batches(settings, files))
    if not columns or not columns[0].rows:
        raise InputError(f"{path} has a header but no rows.")
    _check_header(path, columns)
    text_choice = _choice(path, columns, text_column) or choose_text(
        [each for each in columns if each.name != label_column]
    )
    text = _find_column(path, columns, text_choice, "text")
    others = [each for each in columns if each is not text]
    label_choice = _choice(path, columns, label_column) or choose_label(others)
    label = _find_column(path, columns, label_choice, "label")
    if len(label.values) < 2:
        raise InputError(_one_label(path, label))
    labels = label_map(label.counts or {}, kind_of_numbers(label.name))
    if len(labels.meanings) > MOST_CLASSES:
        raise InputError(_many_labels(path, label, labels))
    rest = [each for each in others if each is not label]
    split, split_doubt = choose_split(rest)
    group, group_doubt = choose_group([each for each in rest if each.name != split])
    doubts = {
        "ingest.encoding": _sentences(found.doubt),
        "ingest.text_column": tuple(_text_doubts(text, text_choice)),
        "ingest.label_column": tuple(_label_doubts(label, label_choice, labels)),
        "ingest.labels": labels.doubts + tuple(_row_doubts(label, labels)),
        "ingest.group_column": _sentences(group_doubt, _or(group.others)),
        "split": _sentences(split_doubt),
    }
    return Detection(
        path,
        len(files),
        found,
        text.rows,
        text,
        label,
        labels,
        None if split else group.name,
        split,
        {setting: sentences for setting, sentences in doubts.items() if sentences},
    )


def _batches(settings: Ingest, files: Sequence[InputFile]) -> Iterator[pa.RecordBatch]:
    """Yield the rows of files with the same columns."""
    first: list[str] | None = None
    for file in files:
        with file.named_in_errors():
            for batch in table_batches(settings, file.path, FILE):
                first = first or batch.schema.names
                if batch.schema.names != first:
                    raise InputError(
                        f"{file.name} has the columns {_name_list(batch.schema.names)} and "
                        f"{files[0].name} {_name_list(first)}; give all files the same columns in "
                        "the same order."
                    )
                yield batch


def _check_header(path: str, columns: Sequence[ColumnStats]) -> None:
    """Raise InputError if the header is a record."""
    for each in columns:
        repeated = (each.counts or {}).get(each.name, 0) > 1
        if (len(each.name) > LONGEST_NAME and " " in each.name) or repeated:
            raise InputError(
                f"{path} seems to have no header: its first record holds {each.name[:40]!r}, which "
                "does not name a column; add a first line such as text,label."
            )


def _choice(path: str, columns: Sequence[ColumnStats], name: str | None) -> ColumnChoice | None:
    """Return the choice of a column that a person names."""
    if name is None:
        return None
    names = [each.name for each in columns]
    if name not in names:
        near = nearest(name, names)
        hint = f"did you mean {near!r}?" if near else f"it has {_name_list(names)}."
        raise InputError(f"{path} has no column {name!r}; {hint}")
    return ColumnChoice(name)


def _find_column(
    path: str, columns: Sequence[ColumnStats], choice: ColumnChoice, role: str
) -> ColumnStats:
    """Return the chosen column."""
    for each in columns:
        if each.name == choice.name:
            return each
    what = "texts of several words" if role == "text" else "2 to 100 words or stars that repeat"
    raise InputError(
        f"{path}: no column looks like the {role} of reviews, which is {what}; it has "
        f"{_name_list([each.name for each in columns])}; name one with --{role}-column."
    )


def _name_list(names: Sequence[str]) -> str:
    more = len(names) - SHOWN_COLUMNS
    shown = ", ".join(repr(name[:80]) for name in names[:SHOWN_COLUMNS])
    return f"{shown} and {more:,} more" if more > 0 else shown


def _one_label(path: str, label: ColumnStats) -> str:
    if label.counts is None:
        return (
            f"{path}: column {label.name!r} holds too many or too long values to be classes; name "
            "another one with --label-column."
        )
    found = f"holds {label.values[0][:40]!r} alone" if label.values else "is empty"
    return (
        f"{path}: column {label.name!r} {found}, and a classifier needs at least two classes; name "
        "another one with --label-column."
    )


def _many_labels(path: str, label: ColumnStats, labels: LabelMap) -> str:
    return (
        f"{path}: column {label.name!r} holds {len(labels.meanings):,} different labels, and a "
        f"classifier has {MOST_CLASSES} classes at most; name another one with --label-column, or "
        "give rare labels one word in common, such as other."
    )


def _text_doubts(text: ColumnStats, choice: ColumnChoice) -> Iterator[str]:
    if choice.others:
        yield f'{_columns(choice.others)} text too; "{text.name}" was taken'
    blank = text.rows - text.filled
    if blank:
        yield f"{amount(blank, 'text')} {'is' if blank == 1 else 'are'} blank and left out"


def _label_doubts(label: ColumnStats, choice: ColumnChoice, labels: LabelMap) -> Iterator[str]:
    if choice.others:
        names = " or ".join(f'"{name}"' for name in choice.others)
        yield f"{names} could be the label as well"
    if labels.left_out:
        words = [f"{word} ({amount(rows, 'row')})" for word, rows in labels.left_out.items()]
        shown = f"{', '.join(words[:10])}{' …' if len(words) > 10 else ''}"
        verb = "is" if len(words) == 1 else "are"
        yield f'column "{label.name}" has {len(label.values)} values; {shown} {verb} left out'
    blank = empty_labels(label)
    if blank:
        yield f"{amount(blank, 'row')} without a label {'is' if blank == 1 else 'are'} left out"


def _row_doubts(label: ColumnStats, labels: LabelMap) -> Iterator[str]:
    """Yield a sentence on classes that may be too small for a run."""
    for name, rows in rows_of_classes(label, labels).items():
        if rows < 40:
            yield (
                f'class "{name}" has {amount(rows, "row")}; a run stops where fewer than 5 of them '
                "are test rows"
            )


def rows_of_classes(label: ColumnStats, labels: LabelMap) -> dict[str, int]:
    """Return the number of rows of each class, by the class's meaning."""
    counts = label.counts or {}
    if labels.labels == "auto":
        return {word: counts[word] for word in labels.meanings}
    rows = [0] * len(labels.meanings)
    for word, number in labels.labels.items():
        rows[number] += counts.get(word, 0)
    return dict(zip(labels.meanings, rows, strict=True))


def empty_labels(label: ColumnStats) -> int:
    """Return the number of rows whose label cell is empty."""
    return label.rows - sum((label.counts or {}).values())


def _columns(names: Sequence[str]) -> str:
    shown = ", ".join(f'"{name}"' for name in names)
    return f"column {shown} holds" if len(names) == 1 else f"columns {shown} hold"


def _or(names: Sequence[str]) -> str | None:
    shown = " or ".join(f'"{name}"' for name in names)
    return f"{shown} could be the group as well" if names else None


def _sentences(*sentences: str | None) -> tuple[str, ...]:
    return tuple(sentence for sentence in sentences if sentence)
