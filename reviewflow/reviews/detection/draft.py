"""Write the configuration of a file of reviews as YAML, with comments."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import wrap

import yaml

from reviewflow.config.paths import path_from
from reviewflow.config.urls import is_url
from reviewflow.errors import escape
from reviewflow.formatting import amount
from reviewflow.reviews.detection.detect import Detection, empty_labels, rows_of_classes
from reviewflow.reviews.detection.label_words import plain_form
from reviewflow.reviews.downloads import file_name

WIDTH = 100
SHOWN_WORDS = 10
BLANK_SHARE = 0.05  # of the suite's limit max_blank_share
UNSPACED_SHARE = 0.5  # of the characters, above which terms are made of characters
NOT_IN_NAMES = re.compile(r"[^a-z0-9_]+")
MOST_NAME_CHARACTERS = 40
MARGIN = 1.1  # a limit is this times what the file has


def draft_config(found: Detection, path: str) -> str:
    """Return the text of a configuration.

    Parameters
    ----------
    path : of the file of reviews, as the configuration names it.
    """
    sections = (
        _head(found, path),
        _ingest(found, path),
        _split(found),
        _terms(found),
        _limits(found),
        _publish(path),
    )
    return "\n".join(line for section in sections for line in section) + "\n"


def draft_summary(found: Detection) -> list[str]:
    """Return what was found, a line each."""
    files = f" in {amount(found.files, 'file')}" if found.files > 1 else ""
    lines = [f"{found.path}: {amount(found.rows, 'row')}{files}, {_format_words(found)}"]
    lines.append(f'text     "{found.text.name}", {found.text.words:.0f} words on average')
    lines.append(f'label    "{found.label.name}"')
    lines += [f"class {number}  {line}" for number, line in enumerate(_class_lines(found))]
    if found.group:
        lines.append(f'group    "{found.group}", whose rows stay together in the split')
    if found.split:
        lines.append(f'split    "{found.split}" says which rows are test rows')
    if _has_no_spaces(found):
        lines.append("terms    of characters, since the script has no spaces between words")
    return lines + [
        f"unsure   {sentence}" for sentences in found.doubts.values() for sentence in sentences
    ]


def _format_words(found: Detection) -> str:
    if found.format.is_parquet:
        return "Parquet"
    if found.format.is_json_lines:
        return f"{found.format.encoding}, JSON Lines"
    names = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars"}
    delimiter = found.format.delimiter
    return f"{found.format.encoding}, cells separated by {names.get(delimiter, repr(delimiter))}"


def _class_lines(found: Detection) -> Iterator[str]:
    for number, (name, rows) in enumerate(rows_of_classes(found.label, found.labels).items()):
        words = [word for word, label in _classes(found).items() if label == number]
        meaning = "" if _says_itself(words, name) else f", {name}"
        if len(words) > SHOWN_WORDS:
            words = [*words[: SHOWN_WORDS - 2], "…", words[-1]]
        yield f"{', '.join(map(_quote_if_unclear, words))}{meaning} ({amount(rows, 'row')})"


def _quote_if_unclear(word: str) -> str:
    """Return a word, in quotes if it holds a comma or outer spaces."""
    return f'"{word}"' if "," in word or word != word.strip() else word


def _says_itself(words: Sequence[str], name: str) -> bool:
    """Return whether the words of a class are its name in other spellings."""
    return {plain_form(word) for word in words} == {plain_form(name)}


def _classes(found: Detection) -> Mapping[str, int]:
    """Return the class of each word, with ``auto`` too."""
    labels = found.labels.labels
    if labels == "auto":
        return {word: number for number, word in enumerate(found.labels.meanings)}
    return labels


def _head(found: Detection, path: str) -> Iterator[str]:
    rows, name = amount(found.rows, "row"), file_name(path) if is_url(path) else path
    yield f"# Written by `reviewflow init` for {rows} of {name!r}."
    yield "# A comment above a setting says what was unsure. Every setting: reviewflow settings"
    yield ""


def _ingest(found: Detection, path: str) -> Iterator[str]:
    doubts = found.doubts
    yield "ingest:"
    yield f"  path: {_scalar(path)}"
    if not found.format.is_parquet:
        yield from _comments(doubts.get("ingest.encoding", ()))
        yield f"  encoding: {found.format.encoding}"
    if not (found.format.is_parquet or found.format.is_json_lines):
        yield f"  delimiter: {_scalar(found.format.delimiter)}"
    if not found.format.quoting:
        yield "  quoting: false  # quotes belong to the texts"
    yield from _comments(doubts.get("ingest.text_column", ()))
    yield f"  text_column: {_scalar(found.text.name)}"
    yield from _comments(doubts.get("ingest.label_column", ()))
    yield f"  label_column: {_scalar(found.label.name)}"
    yield from _comments(doubts.get("ingest.labels", ()))
    yield from _labels(found)
    yield from _comments(doubts.get("ingest.group_column", ()))
    if found.group:
        yield f"  group_column: {_scalar(found.group)}"


def _labels(found: Detection) -> Iterator[str]:
    labels = found.labels.labels
    if labels == "auto":
        yield f"  labels: auto  # {len(found.labels.meanings)} classes, one for each word"
        return
    yield "  # the class of each word"
    yield "  labels:"
    for word, number in labels.items():
        name = found.labels.meanings[number]
        comment = "" if _says_itself([word], name) else f"  # {escape(name)}"
        yield f"    {_scalar(word)}: {number}{comment}"
    if found.labels.left_out:
        yield "  other_labels: drop"


def _split(found: Detection) -> Iterator[str]:
    doubts = found.doubts.get("split", ())
    if found.split:
        yield ""
        yield f"split: {{method: column, column: {_scalar(found.split)}}}"
    elif doubts:
        yield ""
        yield from _comments(doubts, indent="")


def _has_no_spaces(found: Detection) -> bool:
    return found.text.unspaced > UNSPACED_SHARE


def _terms(found: Detection) -> Iterator[str]:
    """Yield settings for texts without spaces between words."""
    if _has_no_spaces(found):
        yield ""
        yield "# The script has no spaces between words, so terms are made of characters."
        yield "normalize: {language: other, reduce: none}"
        yield "vectorize: {analyzer: char, ngram_range: [1, 3]}"


def _limits(found: Detection) -> Iterator[str]:
    """Yield limits of the checks that the file would not keep."""
    blank = found.text.rows - found.text.filled
    kept = max(1, found.rows - blank - sum(found.labels.left_out.values()))  # or more
    limits: dict[str, tuple[float, str]] = {}
    empty = empty_labels(found.label)
    if empty:
        share = empty / kept
        limits["max_unlabelled_share"] = (share, f"{amount(empty, 'row')} without a label")
    if blank > BLANK_SHARE * found.rows:
        limits["max_blank_share"] = (blank / found.rows, amount(blank, "blank text"))
    if limits:
        yield ""
        yield "# The checks accept what this file has; lower the limits for a better file."
        yield from ("validate:", "  limits:")
    for name, (share, what) in limits.items():
        yield f"    {name}: {min(1, math.ceil(share * MARGIN * 1000) / 1000)}  # {what}"


def _publish(path: str) -> Iterator[str]:
    """Yield the name by which the best model is published."""
    yield ""
    yield "# The best model is published, so that `reviewflow score` can score other files with it."
    yield f"publish: {{name: {_scalar(model_name(path))}}}"


def model_name(path: str) -> str:
    """Return a model's name: ``data/Reviews 2.csv`` gives ``reviews-2``."""
    file = file_name(path) if is_url(path) else Path(path).name
    stem = file.partition(".")[0].lower()
    return NOT_IN_NAMES.sub("-", stem).strip("-._")[:MOST_NAME_CHARACTERS] or "reviews"


def _comments(sentences: tuple[str, ...], indent: str = "  ") -> Iterator[str]:
    for sentence in sentences:
        yield from (f"{indent}# {line}" for line in wrap(escape(sentence), WIDTH - 4))


def _scalar(value: str) -> str:
    """Return a text in double quotes as YAML reads it back."""
    return yaml.safe_dump(value, default_style='"', allow_unicode=True, width=math.inf).strip()


def relative_path(path: Path | str, config: Path) -> str:
    """Return how a configuration names a file.

    A URL and a path that was given in full stay so. Any other is relative to the configuration's
    folder.
    """
    return path_from(config.parent, str(path))
