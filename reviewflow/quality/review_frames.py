"""Make the frames of the reviews: lengths and flags, never a text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from reviewflow.quality.frames import (
    LABEL_COLUMNS,
    Frame,
    concatenate,
    floats,
    label_frame,
    outside_classes,
    split_codes,
    split_words,
)
from reviewflow.reviews.parts import Index, LeftOut
from reviewflow.reviews.split import SPLITS

REVIEW_COLUMNS = {
    "rows": (
        "characters",
        "blank",
        "label",
        "outside_classes",
        "duplicate",
        "contradicts",
        "crosses_split",
        "given_split",
        "split",
    ),
    "labels": LABEL_COLUMNS,
    "source": (
        "records",
        "rows",
        "blank",
        "blank_share",
        "other_labels",
        "other_labels_share",
    ),
}


def review_frames(
    reviews: Sequence[pa.Table],
    splits: Sequence[pa.Table],
    review_name: Callable[[int, int], dict[str, Any]],
    class_names: Sequence[str],
    given_split: bool,
) -> dict[str, Frame]:
    """Return the frames ``rows`` and ``labels`` of :data:`REVIEW_COLUMNS`.

    Parameters
    ----------
    reviews : a table a part: ``blank`` (whether the text is), ``label``, ``text_hash`` and
        ``characters``.
    splits : a table a part: ``split``, the split of each of its rows.
    review_name : names a row of a part for people: ``{"record": 17}``.
    class_names : the words of each class, K of them. Labels are 0 to K − 1.
    given_split : whether the files decide which rows are test rows.

    Returns
    -------
    dict
        ``rows`` has one row a review: ``characters`` float64; ``blank`` bool, the text is missing
        or only white space; ``label`` float64, NaN where there is none; ``outside_classes`` bool;
        ``duplicate`` bool, the text occurred before; ``contradicts`` bool, the same text has
        another label elsewhere; ``crosses_split`` bool, the same text is in two splits;
        ``given_split`` bool, equal in all rows; ``split``. ``labels``: see
        :func:`reviewflow.quality.frames.label_frame`.
    """
    import pandas as pd

    blank = concatenate([part["blank"].to_numpy() for part in reviews], np.bool_)
    label = concatenate([floats(part["label"]) for part in reviews], np.float64)
    split = concatenate([split_codes(part["split"]) for part in splits], np.int8)
    hashes = concatenate([part["text_hash"].to_numpy() for part in reviews], np.uint64)
    distinct, first, text = np.unique(hashes, return_index=True, return_inverse=True)
    table = pd.DataFrame(
        {
            "characters": concatenate([floats(part["characters"]) for part in reviews], np.float64),
            "blank": blank,
            "label": label,
            "outside_classes": outside_classes(label, len(class_names)),
            "duplicate": (first[text] != np.arange(len(hashes))) & ~blank,
            "contradicts": _contradicts(text, len(distinct), label) & ~blank,
            "crosses_split": _crosses_split(text, len(distinct), split) & ~blank,
            "given_split": np.full(len(hashes), given_split),
            "split": split_words(split),
        }
    )
    starts = np.cumsum([0, *(part.num_rows for part in reviews)])

    def row_name(row: int) -> dict[str, Any]:
        part = int(np.searchsorted(starts, row, side="right")) - 1
        return review_name(part, row - int(starts[part]))

    return {"rows": Frame(table, row_name), "labels": label_frame(label, split, class_names)}


def source_frame(index: Index) -> Frame:
    """Return the frame ``source``: one row on what was read and left out.

    Shares are of the records of all files.
    """
    import pandas as pd

    blank = [rows for rows in index.left_out if rows.word is None]
    others = sum(rows.rows for rows in index.left_out if rows.word is not None)
    blanks = sum(rows.rows for rows in blank)
    records = index.rows + blanks + others
    figures = {
        "records": records,
        "rows": index.rows,
        "blank": blanks,
        "blank_share": blanks / max(records, 1),
        "other_labels": others,
        "other_labels_share": others / max(records, 1),
    }
    words = {"first_blank_records": _records_in_words(blank, index)} if blank else {}
    return Frame(pd.DataFrame([figures]), lambda row: words)


def _records_in_words(left_out: Sequence[LeftOut], index: Index) -> str:
    """Return ``6, 9``, or with names of files ``6, 9 in main, 4 in test``."""
    pieces = []
    for rows in left_out:
        file = f" in {index.file_name(rows.file)}" if index.names_files else ""
        pieces.append(", ".join(str(record) for record in rows.first_records) + file)
    return ", ".join(pieces)


def _contradicts(
    text: npt.NDArray[np.int64], texts: int, label: npt.NDArray[np.float64]
) -> npt.NDArray[np.bool_]:
    """Return which labelled rows have a text that has another label elsewhere.

    Parameters
    ----------
    text : shape (N,), which of the distinct texts a row has.
    """
    lowest, highest = np.full(texts, np.inf), np.full(texts, -np.inf)
    np.fmin.at(lowest, text, label)
    np.fmax.at(highest, text, label)
    differs: npt.NDArray[np.bool_] = (lowest < highest)[text] & ~np.isnan(label)
    return differs


def _crosses_split(
    text: npt.NDArray[np.int64], texts: int, split: npt.NDArray[np.int8]
) -> npt.NDArray[np.bool_]:
    """Return which rows have a text that is in two splits."""
    splits = np.zeros(texts, np.int64)
    for code in range(len(SPLITS)):
        splits += np.bincount(text[split == code], minlength=texts) > 0
    several: npt.NDArray[np.bool_] = splits[text] > 1
    return several
