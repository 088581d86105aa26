"""Check layers, rows, targets and settings of the NumPy network."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from reviewflow.errors import ConfigError, InputError

if TYPE_CHECKING:
    from reviewflow.moons.network import Linear, Sequential

Array = NDArray[np.floating[Any]]


def check_fit(linear: Sequence[Linear]) -> None:
    """Refuse layers that do not take what the layer before gives.

    Raises
    ------
    ConfigError
        If a ``Linear`` does not take as many inputs as the one before it has units.
    """
    for first, second in pairwise(linear):
        if first.units != second.inputs:
            raise ConfigError(
                f"Linear({first.inputs}, {first.units}) is followed by "
                f"Linear({second.inputs}, {second.units}); a layer must take as many inputs "
                "as the layer before it has units."
            )


def check_data(net: Sequential, X: NDArray[Any], y: NDArray[Any]) -> tuple[Array, Array]:
    """Return X, and y as a column, if this network can learn them.

    Raises
    ------
    ConfigError, InputError
        As :func:`check_rows` and :func:`check_targets` do.
    """
    X = check_rows(net, X)
    return X, check_targets(y, len(X), X.dtype)


def check_rows(net: Sequential, X: NDArray[Any]) -> Array:
    """Return X as floating-point numbers, shape (N, D), N ≥ 1, finite.

    Raises
    ------
    ConfigError
        If the network does not end in one sigmoid unit.
    InputError
        If X is anything else.
    """
    if net.body is net or not net.linear or net.linear[-1].units != 1:
        raise ConfigError(
            "This network gives no probability; its last layers must be Linear(…, 1) and Sigmoid()."
        )
    inputs = net.linear[0].inputs
    X = np.asarray(X)
    if X.ndim != 2 or X.shape[1] != inputs or not len(X):
        raise InputError(
            f"X has the shape {X.shape}; this network needs (rows, {inputs}) and at least one row."
        )
    X = X if X.dtype in (np.float32, np.float64) else X.astype(np.float64)
    broken = np.flatnonzero(~np.isfinite(X).all(axis=1))
    if broken.size:
        raise InputError(
            f"{broken.size} of {len(X)} rows of X hold NaN or infinity, the first is row "
            f"{broken[0]}; fill or drop them first."
        )
    return X


def check_targets(y: NDArray[Any], rows: int, dtype: Any) -> Array:
    """Return y as a column, shape (rows, 1).

    Beside outputs of shape (B, 1) a flat y would broadcast to (B, B).

    Raises
    ------
    InputError
        If y is not (rows,) or (rows, 1), or holds anything but zeros and ones.
    """
    y = np.asarray(y)
    if y.shape not in ((rows,), (rows, 1)):
        raise InputError(
            f"y has the shape {y.shape}; {rows} rows of X need ({rows},) or ({rows}, 1)."
        )
    strange = y[~((y == 0) | (y == 1))]
    if strange.size:
        raise InputError(f"y holds {strange[0]}; the targets must be 0 or 1.")
    return y.reshape(rows, 1).astype(dtype)


def check_settings(epochs: int, learning_rate: float, batch_size: int | None, rows: int) -> int:
    """Return the rows a step, all of them where ``batch_size`` is None.

    Raises
    ------
    ConfigError
        If a setting is out of range.
    """
    if epochs < 1:
        raise ConfigError(f"epochs is {epochs}; training needs at least 1.")
    if not (math.isfinite(learning_rate) and learning_rate > 0):
        raise ConfigError(f"learning_rate is {learning_rate}; it must be a number above 0.")
    if batch_size is not None and batch_size < 1:
        raise ConfigError(
            f"batch_size is {batch_size}; it must be at least 1, or None for all rows."
        )
    return rows if batch_size is None else batch_size
