"""Say which words made a prediction: the pull of each term of a text.

log-odds of the answer against the runner-up = bias + Σ pulls     pull = value × weight

Of a linear model this is exact. Of hidden layers a pull is value × gradient, what the term adds to
first order, and the bias is what is left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reviewflow.models.plain_path import PlainModel, layer_sums, weigh_text

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Contributions:
    """What made a prediction.

    Attributes
    ----------
    answer, runner_up : classes.
    log_odds : logarithm of the answer's probability divided by the runner-up's.
    bias : what no term of the text adds.
    pulls : (position of a term, its pull), the strongest first. The pull is positive towards the
        answer.
    exact : whether bias and pulls are a sum by the model's own rule, and not to first order.
    """

    answer: int
    runner_up: int
    log_odds: float
    bias: float
    pulls: tuple[tuple[int, float], ...]
    exact: bool


def explain_text(text: str, model: PlainModel, answer: int) -> Contributions:
    """Return what pulled a text towards an answer.

    Parameters
    ----------
    answer : the predicted class.
    """
    indices, values = weigh_text(text, model)
    sums = layer_sums(indices, values, model)
    runner_up, direction = _direction(sums[-1], answer)
    gradient: NDArray[np.floating[Any]] = direction
    for weights, before in zip(model.weights[:0:-1], sums[-2::-1], strict=True):
        outputs = model.activation.forward(before)
        known = model.activation.backward_input(before, outputs)
        gradient = model.activation.backward((weights.T * gradient).sum(axis=1), known)
    first = model.weights[0][:, indices].astype(np.float64)
    pulls = values * (first.T * gradient).sum(axis=1)
    log_odds = float((direction * sums[-1]).sum())
    order = np.argsort(-np.abs(pulls), kind="stable")
    strongest = tuple((int(indices[place]), float(pulls[place])) for place in order)
    exact = len(model.weights) == 1
    bias = float((direction * model.biases[0]).sum()) if exact else log_odds - float(pulls.sum())
    return Contributions(answer, runner_up, log_odds, bias, strongest, exact)


def _direction(logits: Vector, answer: int) -> tuple[int, Vector]:
    """Return the runner-up, and the factors of the logits in the log-odds."""
    if len(logits) == 1:
        return 1 - answer, np.array([1.0 if answer else -1.0])
    others = logits.copy()
    others[answer] = -np.inf
    runner_up = int(others.argmax())
    direction = np.zeros(len(logits))
    direction[[answer, runner_up]] = 1.0, -1.0
    return runner_up, direction
