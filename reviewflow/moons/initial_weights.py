"""Draw the weights that a layer of the NumPy network starts from."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reviewflow.errors import ConfigError

Array = NDArray[np.floating[Any]]


def initial_weights(
    inputs: int, units: int, init: str | float, generator: np.random.Generator
) -> tuple[Array, Array]:
    """Return W, shape (inputs, units), and b, shape (units,).

    Parameters
    ----------
    inputs, units : D and H.
    init : where the weights start; the biases start at 0, except in ``default``.
        ``default`` as PyTorch's nn.Linear: weights and biases uniform within ±1/√D;
        ``zeros``; ``xavier`` (Glorot and Bengio 2010): uniform within ±√(6 / (D + H));
        ``he`` (He et al. 2015): normal with deviation √(2 / D);
        a number: normal with that deviation.

    Raises
    ------
    ConfigError
        If ``init`` is another name, or a size is below 1.
    """
    if inputs < 1 or units < 1:
        raise ConfigError(
            f"Linear({inputs}, {units}): a layer needs at least one input and one unit."
        )
    W: Array = np.zeros((inputs, units))
    b: Array = np.zeros(units)
    if init == "default":
        bound = 1 / np.sqrt(inputs)
        W, b = generator.uniform(-bound, bound, W.shape), generator.uniform(-bound, bound, units)
    elif init == "xavier":
        bound = np.sqrt(6 / (inputs + units))
        W = generator.uniform(-bound, bound, W.shape)
    elif init == "he":
        W = generator.normal(0, np.sqrt(2 / inputs), W.shape)
    elif not isinstance(init, str):
        W = generator.normal(0, init, W.shape)
    elif init != "zeros":
        raise ConfigError(f"init {init!r} is not one of default, zeros, xavier, he or a number.")
    return W, b
