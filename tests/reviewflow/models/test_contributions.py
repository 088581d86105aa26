"""The pulls of words beside the logits, and beside finite differences."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from reviewflow.config.sections import Normalize, Vectorize
from reviewflow.models.contributions import explain_text
from reviewflow.models.plain_path import (
    PlainModel,
    layer_sums,
    plain_probabilities,
    weigh_text,
)
from reviewflow.models.predictor import Model
from reviewflow.networks.activations import ACTIVATIONS, find_activation
from tests.conftest import Reviews

TEXT = "w01 w02 w02 w07 unknown w19"


def small_model(hidden: tuple[int, ...], outputs: int, activation: str = "tanh") -> PlainModel:
    rng = np.random.default_rng(5)
    sizes = (20, *hidden, outputs)
    return PlainModel(
        Normalize(reduce="none"),
        Vectorize(ngram_range=(1, 1)),
        {f"w{number:02}": number for number in range(20)},
        1 + rng.random(20),
        tuple(rng.normal(size=(b, a)).astype(np.float32) for a, b in pairwise(sizes)),
        tuple(rng.normal(size=b).astype(np.float32) for b in sizes[1:]),
        find_activation(activation),
    )


def test_pulls_and_bias_of_a_published_model_add_up_to_the_logit(
    model: Model, reviews: Reviews
) -> None:
    for text, _ in reviews[:20]:
        found = explain_text(text, model.plain, 1)
        probability = plain_probabilities([text], model.plain)[0]
        assert found.exact == (not model.bundle.content["network"]["hidden"])
        assert found.bias + sum(pull for _, pull in found.pulls) == pytest.approx(found.log_odds)
        assert 1 / (1 + np.exp(-found.log_odds)) == pytest.approx(probability, abs=1e-6)


@pytest.mark.parametrize("answer", [0, 1])
def test_a_pull_of_a_linear_model_is_value_times_weight(answer: int) -> None:
    model = small_model((), 1)
    indices, values = weigh_text(TEXT, model)
    found = explain_text(TEXT, model, answer)
    side = 1 if answer else -1
    expected = side * values.astype(float) * model.weights[0][0, indices]
    assert dict(found.pulls) == pytest.approx(dict(zip(indices.tolist(), expected, strict=True)))
    assert found.bias == pytest.approx(side * model.biases[0][0])
    assert (found.exact, found.runner_up) == (True, 1 - answer)
    sizes = [abs(pull) for _, pull in found.pulls]
    assert sizes == sorted(sizes, reverse=True)


def test_of_more_classes_pulls_are_against_the_runner_up() -> None:
    model = small_model((), 4)
    logits = layer_sums(*weigh_text(TEXT, model), model)[-1]
    first, second = np.argsort(-logits)[:2]
    found = explain_text(TEXT, model, int(first))
    assert found.runner_up == second
    assert found.log_odds == pytest.approx(logits[first] - logits[second])
    assert found.bias + sum(pull for _, pull in found.pulls) == pytest.approx(found.log_odds)


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("activation", list(ACTIVATIONS))
def test_a_pull_of_a_network_is_value_times_finite_difference(
    outputs: int, activation: str
) -> None:
    model = small_model((6, 5), outputs, activation)
    indices, values = weigh_text(TEXT, model)
    found = explain_text(TEXT, model, 1)
    pulls, step = dict(found.pulls), 1e-6

    def log_odds(changed: np.ndarray) -> float:
        logits = layer_sums(indices, changed, model)[-1]
        return float(logits[0] if outputs == 1 else logits[1] - logits[found.runner_up])

    for place, (index, value) in enumerate(zip(indices.tolist(), values, strict=True)):
        beside = step * np.eye(len(values))[place]
        slope = (log_odds(values + beside) - log_odds(values - beside)) / (2 * step)
        assert pulls[index] == pytest.approx(value * slope, rel=1e-5, abs=1e-8)
    assert not found.exact
    assert found.bias + sum(pulls.values()) == pytest.approx(found.log_odds)


def test_a_text_without_known_words_has_the_bias_alone() -> None:
    model = small_model((), 1)
    found = explain_text("nothing known", model, 1)
    assert found.pulls == ()
    assert found.bias == found.log_odds == pytest.approx(model.biases[0][0])
    assert explain_text("", replace(model), 1) == found
