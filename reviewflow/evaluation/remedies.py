"""Say what to try after a training that failed, from its settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SMALL_ADAM_RATE = 0.001


def remedy(reason: str, train: Mapping[str, Any], steps: str = "") -> str:
    """Return advice such as ``try train.init: default``.

    Parameters
    ----------
    reason : what went wrong, as the diagnosis names it.
    train : section of the settings as JSON values; empty if unknown.
    steps : how many steps there were, in words, or nothing.
    """
    before = f"{steps}; " if steps else ""
    if reason == "diverged":
        return f"try a smaller train.learning_rate{_than(train.get('learning_rate'))}"
    if reason == "equal units":
        return "try train.init: default, which starts every unit elsewhere"
    if reason == "dead units":
        return "try a smaller train.learning_rate or train.activation: leaky_relu"
    if reason == "vanished gradient" and train.get("activation") == "sigmoid":
        return "try train.activation: relu or tanh, whose slopes are steeper"
    if reason in ("vanished gradient", "did not learn"):
        return f"{before}{_more_learning(train)}"
    return _other_remedy(reason, train)


def _other_remedy(reason: str, train: Mapping[str, Any]) -> str:
    """Return advice for a network that learned its training rows."""
    if reason == "ranked":
        return "try select.threshold: best_f1 or train.class_weight: balanced"
    if reason == "ranked among several":
        return "try train.class_weight: balanced, or more train.epochs"
    if reason == "undecided":
        return "more rows are needed to tell, or a larger split.validation_size"
    if reason == "learned by heart":
        return "it knows its training rows by heart, so more rows or other features are needed"
    if reason == "traded accuracy":
        return "that is what train.class_weight: balanced and select.threshold ask for"
    if reason == "below":
        return "try select.threshold: best_f1, or more rows of the rarer classes"
    has_units = train.get("hidden") != []  # dropout turns off hidden units
    names = ("weight_decay", *(("dropout",) if has_units else ()), "early_stopping")
    unused = [f"train.{name}" for name in names if not train.get(name)]
    return f"{' or '.join(unused)} may help" if unused else "more rows may help"


def _more_learning(train: Mapping[str, Any]) -> str:
    """Return how to learn faster or longer with this optimiser."""
    if train.get("weight_decay"):
        return "try a smaller train.weight_decay, or more train.epochs"
    rate = train.get("learning_rate")
    if train.get("optimizer") == "sgd" and train.get("hidden"):
        return (
            f"try train.optimizer: adam with train.learning_rate: {SMALL_ADAM_RATE}, a larger "
            f"train.learning_rate{_than(rate)}, or more train.epochs"
        )
    return f"try a larger train.learning_rate{_than(rate)}, or more train.epochs"


def _than(rate: object) -> str:
    return f" than {rate:g}" if isinstance(rate, int | float) else ""
