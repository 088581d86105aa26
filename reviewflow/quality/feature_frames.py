"""Make the frames of the features: rows, terms, parts and labels.

Four million stored values become one minimum and maximum a term. So the check covers every value,
names the term, and costs next to nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

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

FEATURE_COLUMNS = {
    "rows": (
        "part",
        "row",
        "label",
        "outside_classes",
        "split",
        "terms",
        "empty",
        "outside_vocabulary",
        "unpaired",
    ),
    "labels": LABEL_COLUMNS,
    "features": ("index", "values", "minimum", "maximum", "not_finite"),
    "parts": ("part", "rows", "labelled", "empty_share"),
}


@dataclass(frozen=True)
class PartFigures:
    """Figures of one part of N rows and V terms, as the checks need them.

    Attributes
    ----------
    label : shape (N,), float64, NaN where the row has none.
    split : shape (N,), int8, position in SPLITS.
    terms : shape (N,), int64, values stored for the row.
    outside_vocabulary : shape (N,), int64, those of them whose index is not in [0, V).
    unpaired : shape (N,), bool, whether the row has more or fewer indices than values.
    minimum, maximum : shape (V,), float64, over the finite values, ±inf where there is none.
    values, not_finite : shape (V,), int64, values stored and those that are NaN or infinite.
    """

    label: npt.NDArray[np.float64]
    split: npt.NDArray[np.int8]
    terms: npt.NDArray[np.int64]
    outside_vocabulary: npt.NDArray[np.int64]
    unpaired: npt.NDArray[np.bool_]
    minimum: npt.NDArray[np.float64]
    maximum: npt.NDArray[np.float64]
    values: npt.NDArray[np.int64]
    not_finite: npt.NDArray[np.int64]


def part_figures(features: pa.Table, terms: int) -> PartFigures:
    """Return the figures of a part, from every stored value of it.

    Parameters
    ----------
    features : ``label``, ``split``, ``indices`` list<int32>, ``values`` list<float32>.
    terms : V, terms in the vocabulary.
    """
    stored, unpaired = _lengths(features)
    paired = features.filter(pa.array(~unpaired)) if unpaired.any() else features
    indices = _items(paired["indices"], pa.int32(), -1).astype(np.int64)
    values = _items(paired["values"], pa.float32(), float("nan"))
    inside = (indices >= 0) & (indices < terms)
    row = np.repeat(np.flatnonzero(~unpaired), stored[~unpaired])
    outside = np.bincount(row[~inside], minlength=features.num_rows)
    finite = np.isfinite(values)
    good, odd = inside & finite, inside & ~finite
    minimum = np.full(terms, np.inf, np.float32)
    maximum = np.full(terms, -np.inf, np.float32)
    np.minimum.at(minimum, indices[good], values[good])
    np.maximum.at(maximum, indices[good], values[good])
    return PartFigures(
        label=floats(features["label"]),
        split=split_codes(features["split"]),
        terms=stored,
        outside_vocabulary=outside,
        unpaired=unpaired,
        minimum=minimum.astype(np.float64),
        maximum=maximum.astype(np.float64),
        values=np.bincount(indices[inside], minlength=terms),
        not_finite=np.bincount(indices[odd], minlength=terms),
    )


def feature_frames(
    parts: Sequence[PartFigures], terms: Sequence[str], class_names: Sequence[str]
) -> dict[str, Frame]:
    """Return the frames of :data:`FEATURE_COLUMNS`.

    Parameters
    ----------
    parts : one a part, in the file's order.
    terms : the vocabulary, in the order of its indices.
    class_names : the words of each class, K of them. Labels are 0 to K − 1.

    Returns
    -------
    dict
        ``rows`` has one row a review. ``part`` and ``row`` count from 0. ``features`` has one row
        a term that has stored values. ``minimum`` and ``maximum`` are those of its finite values
        (missing where it has none), ``not_finite`` is the number of the others. ``parts`` has one
        row a part. ``labels``: see :func:`reviewflow.quality.frames.label_frame`.
    """
    label = concatenate([part.label for part in parts], np.float64)
    split = concatenate([part.split for part in parts], np.int8)
    return {
        "rows": _row_frame(parts, label, split, len(class_names)),
        "labels": label_frame(label, split, class_names),
        "features": _term_frame(parts, terms),
        "parts": _part_frame(parts),
    }


def _row_frame(
    parts: Sequence[PartFigures],
    label: npt.NDArray[np.float64],
    split: npt.NDArray[np.int8],
    classes: int,
) -> Frame:
    import pandas as pd

    stored = concatenate([part.terms for part in parts], np.int64)
    sizes = [len(part.label) for part in parts]
    table = pd.DataFrame(
        {
            "part": np.repeat(np.arange(len(parts)), sizes),
            "row": concatenate([np.arange(size) for size in sizes], np.int64),
            "label": label,
            "outside_classes": outside_classes(label, classes),
            "split": split_words(split),
            "terms": stored,
            "empty": stored == 0,
            "outside_vocabulary": concatenate(
                [part.outside_vocabulary for part in parts], np.int64
            ),
            "unpaired": concatenate([part.unpaired for part in parts], np.bool_),
        }
    )
    return Frame(table, lambda row: {name: int(table[name].iloc[row]) for name in ("part", "row")})


def _term_frame(parts: Sequence[PartFigures], terms: Sequence[str]) -> Frame:
    import pandas as pd

    empty = np.zeros(len(terms), np.int64)
    minimum = np.min([empty + np.inf, *(part.minimum for part in parts)], axis=0)
    maximum = np.max([empty - np.inf, *(part.maximum for part in parts)], axis=0)
    values = np.sum([empty, *(part.values for part in parts)], axis=0)
    stored = np.flatnonzero(values)
    table = pd.DataFrame(
        {
            "index": stored,
            "values": values[stored],
            "minimum": np.where(np.isfinite(minimum), minimum, np.nan)[stored],
            "maximum": np.where(np.isfinite(maximum), maximum, np.nan)[stored],
            "not_finite": np.sum([empty, *(part.not_finite for part in parts)], axis=0)[stored],
        }
    )

    def row_name(row: int) -> dict[str, Any]:
        return {"feature": terms[int(stored[row])], "index": int(stored[row])}

    return Frame(table, row_name)


def _part_frame(parts: Sequence[PartFigures]) -> Frame:
    import pandas as pd

    rows = [
        {
            "part": number,
            "rows": len(part.label),
            "labelled": int(np.count_nonzero(~np.isnan(part.label))),
            "empty_share": float(np.mean(part.terms == 0)) if len(part.label) else float("nan"),
        }
        for number, part in enumerate(parts)
    ]
    table = pd.DataFrame(rows, columns=list(FEATURE_COLUMNS["parts"]))
    return Frame(table, lambda row: {"part": row})


def _lengths(features: pa.Table) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return the values stored a row, and whether it has other indices."""
    indices, values = (
        pc.fill_null(pc.list_value_length(features[name]), 0).to_numpy().astype(np.int64)
        for name in ("indices", "values")
    )
    return values, indices != values


def _items(column: pa.ChunkedArray, kind: pa.DataType, missing: float) -> npt.NDArray[Any]:
    """Return the items of all lists, end to end, ``missing`` for null."""
    items = pc.list_flatten(column).cast(kind)
    if items.null_count:
        items = pc.fill_null(items, pa.scalar(missing, kind))
    array: npt.NDArray[Any] = items.to_numpy()
    return array
