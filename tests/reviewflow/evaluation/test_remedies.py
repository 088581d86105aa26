"""Each kind of failure has a way out that fits its settings."""

from typing import Any

import pytest

from reviewflow.config.sections import Train
from reviewflow.evaluation.remedies import remedy

DEFAULTS = Train().model_dump(mode="json")
SGD = {"optimizer": "sgd", "learning_rate": 0.01, "hidden": [8]}


@pytest.mark.parametrize(
    ("reason", "changes", "words"),
    [
        ("diverged", {"learning_rate": 3.0}, "a smaller train.learning_rate than 3"),
        ("equal units", {"init": "zeros"}, "train.init: default"),
        ("dead units", {}, "train.activation: leaky_relu"),
        ("vanished gradient", {"activation": "sigmoid"}, "train.activation: relu"),
        ("vanished gradient", {**SGD, "activation": "relu"}, "train.optimizer: adam"),
        ("did not learn", SGD, "train.optimizer: adam with train.learning_rate: 0.001"),
        ("did not learn", {**SGD, "hidden": []}, "a larger train.learning_rate than 0.01"),
        ("did not learn", {"optimizer": "adam"}, "more train.epochs"),
        ("did not learn", {"weight_decay": 0.1}, "a smaller train.weight_decay"),
        ("ranked", {}, "select.threshold: best_f1"),
        ("ranked among several", {}, "train.class_weight: balanced"),
        ("undecided", {}, "a larger split.validation_size"),
        ("learned by heart", {}, "more rows"),
        ("below", {}, "select.threshold: best_f1"),
        ("traded accuracy", {}, "what train.class_weight: balanced and select.threshold ask for"),
        ("overfits", {"weight_decay": 0}, "train.weight_decay"),
        ("overfits", {"weight_decay": 1, "dropout": 0.5, "early_stopping": {}}, "may help"),
    ],
)
def test_a_remedy_follows_from_the_settings(
    reason: str, changes: dict[str, Any], words: str
) -> None:
    assert words in remedy(reason, {**DEFAULTS, **changes})


def test_steps_come_first_and_unknown_settings_are_no_error() -> None:
    steps = "800 rows × 10 epochs are 500 steps"
    assert remedy("did not learn", SGD, steps).startswith(f"{steps}; try train.optimizer")
    assert "more train.epochs" in remedy("did not learn", {})


def test_a_model_without_hidden_units_gets_no_dropout() -> None:
    assert "dropout" not in remedy("overfits", {**DEFAULTS, "hidden": []})
    assert "dropout" in remedy("overfits", {**DEFAULTS, "hidden": [8]})
