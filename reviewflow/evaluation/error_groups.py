"""Count a model's errors among short and long texts, and among the files.

wrong or right, lengths ─ fifths by length ─┐
wrong or right, files ──────────────────────┴─▶ rows, errors, share with its 95 % interval
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reviewflow.evaluation.reliability import wilson_interval

GROUPS = 5


def errors_by_length(
    is_wrong: NDArray[np.bool_], lengths: NDArray[np.int64]
) -> list[dict[str, Any]]:
    """Return the errors in each fifth of the rows by length.

    Rows of equal length are in one group, so there may be fewer of them.

    Parameters
    ----------
    is_wrong, lengths : shape (N,).

    Returns
    -------
    list
        ``shortest`` and ``longest``, and what :func:`error_share` returns.
    """
    if not len(lengths):
        return []
    edges = np.unique(np.quantile(lengths, np.arange(1, GROUPS) / GROUPS, method="lower"))
    groups = np.searchsorted(edges, lengths, side="left")
    return [
        {
            "shortest": int(lengths[groups == number].min()),
            "longest": int(lengths[groups == number].max()),
            **error_share(is_wrong[groups == number]),
        }
        for number in np.unique(groups)
    ]


def errors_by_file(
    is_wrong: NDArray[np.bool_], files: NDArray[np.int64], names: tuple[str, ...]
) -> list[dict[str, Any]]:
    """Return the errors in the rows of each file that has some.

    Parameters
    ----------
    files : number of each row's file, shape (N,).

    Returns
    -------
    list
        ``file``, and what :func:`error_share` returns.
    """
    return [
        {"file": names[number], **error_share(is_wrong[files == number])}
        for number in np.unique(files).tolist()
    ]


def error_share(is_wrong: NDArray[np.bool_]) -> dict[str, Any]:
    """Return ``rows``, ``errors``, ``share``, ``low`` and ``high``.

    The ends are those of Wilson's 95 % interval. There is at least one row.
    """
    rows, errors = len(is_wrong), int(is_wrong.sum())
    ends = wilson_interval(np.array([errors / rows]), np.array([rows]))
    low, high = (float(np.clip(end[0], 0, 1)) for end in ends)
    return {"rows": rows, "errors": errors, "share": errors / rows, "low": low, "high": high}
