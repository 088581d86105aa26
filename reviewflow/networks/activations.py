"""Define the activations of hidden layers, one entry each.

    forward   Z ─ activation ─▶ A
    backward  dZ ◀─ activation' ─ dA      the derivative is taken from Z or from A

:data:`ACTIVATIONS` holds the NumPy and PyTorch functions, and what people and compiled code call
each activation. All code that computes or names one reads it there. To add one, write its name and
its entry here and its loops in ``compiled_sgd.py``: compiled code may not call into another file,
since Numba's cache looks at one file only. The tests walk the table and compare every place with
PyTorch's autograd.

Z, A, dA and dZ have one shape. ``dA`` is the derivative of the loss by A. Results have the dtype of
the arguments, float32 or float64. The module is cheap to import, since settings name activations:
NumPy comes with the first number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import erf, pi, sqrt
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from reviewflow.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.floating[Any]]

ActivationName = Literal["relu", "sigmoid", "tanh", "leaky_relu", "gelu", "silu"]
LEAK = 0.01  # slope of leaky ReLU below zero, PyTorch's default


@dataclass(frozen=True)
class Activation:
    """One activation, for NumPy, PyTorch and compiled code.

    Attributes
    ----------
    name : value of the setting ``train.activation``.
    title : what the report calls it.
    code : its number in :mod:`reviewflow.networks.compiled_sgd`.
    derivative_from : what ``backward`` needs beside dA: the ``input`` Z or the ``output`` A.
    forward : Z → A.
    backward : (dA, Z or A) → dZ.
    torch_forward : (torch.nn.functional, Z) → A; autograd has the derivative. The module is an
        argument, so that code without PyTorch does not depend on it.
    steepest_slope : the largest derivative.
    flat_units : what a unit is called whose derivative all but vanishes on every row: ``dead``
        where it then gives (nearly) 0, ``saturated`` where it gives an extreme value; None where
        no derivative vanishes.
    """

    name: ActivationName
    title: str
    code: int
    derivative_from: Literal["input", "output"]
    forward: Callable[[Array], Array]
    backward: Callable[[Array, Array], Array]
    torch_forward: Callable[[Any, Any], Any]
    steepest_slope: float
    flat_units: Literal["dead", "saturated"] | None

    def backward_input(self, Z: Array, A: Array) -> Array:
        """Return what ``backward`` needs of the two."""
        return Z if self.derivative_from == "input" else A

    def slopes(self, values: Array) -> Array:
        """Return the derivative for values that :meth:`backward_input` gave."""
        import numpy as np

        return self.backward(np.ones_like(values), values)


def find_activation(name: str) -> Activation:
    """Return the entry of an activation.

    Raises
    ------
    ConfigError
        If the table has no such name.
    """
    if name not in ACTIVATIONS:
        raise ConfigError(f"{name!r} is not an activation; choose {', '.join(ACTIVATIONS)}.")
    return ACTIVATIONS[name]


def relu(Z: Array) -> Array:
    """Return max(0, Z)."""
    import numpy as np

    return np.maximum(Z, 0)


def relu_backward(dA: Array, A: Array) -> Array:
    """Return dA where A > 0, otherwise 0."""
    return dA * (A > 0)


def leaky_relu(Z: Array) -> Array:
    """Return Z where Z > 0, otherwise 0.01 Z."""
    import numpy as np

    return np.where(Z > 0, Z, LEAK * Z)


def leaky_relu_backward(dA: Array, A: Array) -> Array:
    """Return dA where A > 0, otherwise 0.01 dA."""
    import numpy as np

    return np.where(A > 0, dA, LEAK * dA)


def tanh(Z: Array) -> Array:
    """Return tanh Z."""
    import numpy as np

    return np.asarray(np.tanh(Z))


def tanh_backward(dA: Array, A: Array) -> Array:
    """Return dA (1 − A²)."""
    return dA * (1 - A * A)


def sigmoid(Z: Array) -> Array:
    """Return 1 / (1 + exp(−Z)).

    Written as (1 + tanh(Z / 2)) / 2, it cannot overflow.
    """
    import numpy as np

    return np.asarray((1 + np.tanh(Z / 2)) / 2)


def sigmoid_backward(dA: Array, A: Array) -> Array:
    """Return dA · A (1 − A)."""
    return dA * A * (1 - A)


def gelu(Z: Array) -> Array:
    """Return Z Φ(Z), Φ the normal distribution (Hendrycks and Gimpel 2016)."""
    return Z * normal_cdf(Z)


def gelu_backward(dA: Array, Z: Array) -> Array:
    """Return dA (Φ(Z) + Z φ(Z)), φ being the normal density."""
    import numpy as np

    density = np.exp(-Z * Z / 2) / sqrt(2 * pi)
    return dA * (normal_cdf(Z) + Z * density)


def silu(Z: Array) -> Array:
    """Return Z · sigmoid(Z), also called swish (Hendrycks and Gimpel 2016)."""
    return Z * sigmoid(Z)


def silu_backward(dA: Array, Z: Array) -> Array:
    """Return dA · S (1 + Z (1 − S)), S being sigmoid(Z)."""
    S = sigmoid(Z)
    return dA * S * (1 + Z * (1 - S))


def normal_cdf(Z: Array) -> Array:
    """Return Φ(Z) = (1 + erf(Z / √2)) / 2.

    NumPy has no erf. SciPy has, but every training would then have SciPy's version in its key.
    """
    import numpy as np

    halves = [erf(z) for z in (Z.ravel() / sqrt(2)).tolist()]
    return (1 + np.array(halves, Z.dtype).reshape(Z.shape)) / 2


ACTIVATIONS: Mapping[str, Activation] = MappingProxyType(
    {
        "relu": Activation(
            name="relu",
            title="ReLU",
            code=0,
            derivative_from="output",
            forward=relu,
            backward=relu_backward,
            torch_forward=lambda functional, Z: functional.relu(Z),
            steepest_slope=1.0,
            flat_units="dead",
        ),
        "sigmoid": Activation(
            name="sigmoid",
            title="sigmoid",
            code=3,
            derivative_from="output",
            forward=sigmoid,
            backward=sigmoid_backward,
            torch_forward=lambda functional, Z: functional.sigmoid(Z),
            steepest_slope=0.25,
            flat_units="saturated",
        ),
        "tanh": Activation(
            name="tanh",
            title="tanh",
            code=2,
            derivative_from="output",
            forward=tanh,
            backward=tanh_backward,
            torch_forward=lambda functional, Z: functional.tanh(Z),
            steepest_slope=1.0,
            flat_units="saturated",
        ),
        "leaky_relu": Activation(
            name="leaky_relu",
            title="leaky ReLU",
            code=1,
            derivative_from="output",
            forward=leaky_relu,
            backward=leaky_relu_backward,
            torch_forward=lambda functional, Z: functional.leaky_relu(Z, LEAK),
            steepest_slope=1.0,
            flat_units=None,
        ),
        "gelu": Activation(
            name="gelu",
            title="GELU",
            code=4,
            derivative_from="input",
            forward=gelu,
            backward=gelu_backward,
            torch_forward=lambda functional, Z: functional.gelu(Z),
            steepest_slope=1.129,
            flat_units="dead",
        ),
        "silu": Activation(
            name="silu",
            title="SiLU",
            code=5,
            derivative_from="input",
            forward=silu,
            backward=silu_backward,
            torch_forward=lambda functional, Z: functional.silu(Z),
            steepest_slope=1.1,
            flat_units="dead",
        ),
    }
)
