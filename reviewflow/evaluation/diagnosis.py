"""Diagnose how a training went, from its losses and its metrics."""

from collections.abc import Mapping, Sequence
from math import isfinite, log
from typing import Any, Literal, NamedTuple

Kind = Literal[
    "diverged", "did not learn", "predicts one class", "overfits", "under-trained", "learned"
]
Row = Mapping[str, Any]

# A network that has begun to learn leaves the loss of guessing by far more than this within an
# epoch. The noise of a mean over a thousand steps is smaller.
LEAST_FALL = 0.01
# Twice the loss of guessing: no network that learns ends an epoch there.
DIVERGED_FACTOR = 2.0
# More than the spread of test accuracy over seeds and the usual gap of a text classifier.
OVERFIT_ACCURACY_GAP = 0.05
# After an epoch that reduced the loss by more than this share, another one is worth its time.
STILL_FALLING_SHARE = 0.05
# Trained networks have gradients of 0.01 to 1 here. Below this a step changes next to nothing.
VANISHED_GRADIENT = 1e-3


class Diagnosis(NamedTuple):
    """What happened, as a kind and as a sentence with its numbers."""

    kind: Kind
    sentence: str


def diagnose(history: Sequence[Row], metrics: Mapping[str, Any]) -> Diagnosis:
    """Return the first kind of :data:`Kind` that fits, with a sentence.

    Parameters
    ----------
    history : rows of ``history.parquet``: ``epoch``, ``kind``, ``loss`` and, where the row has
        them, ``gradient_norms``, ``dead_shares`` and ``distinct_units``.
    metrics : content of ``metrics.json``; any figure may be None.
    """
    epochs = [row for row in history if row["kind"] == "epoch"]
    losses = [float(row["loss"]) for row in epochs]
    train, test = metrics.get("train") or {}, metrics.get("test") or {}
    guessing = guessing_loss(train)
    if not losses:
        return Diagnosis("did not learn", "Did not learn: there is no epoch in its history.")
    answers: tuple[tuple[Kind, str], ...] = (
        ("diverged", _divergence(epochs, guessing)),
        ("did not learn", _no_learning(epochs, guessing, test)),
        ("predicts one class", _one_class(test)),
        ("overfits", _overfitting(train, test)),
        ("under-trained", _under_training(losses)),
    )
    for kind, sentence in answers:
        if sentence:
            return Diagnosis(kind, sentence)
    return Diagnosis("learned", f"Learned: the loss fell to {losses[-1]:.3f}{_on_test(test)}.")


def guessing_loss(train: Mapping[str, Any]) -> float:
    """Return the loss of always predicting the share of positive rows.

    Parameters
    ----------
    train : metrics of the training rows; without a confusion matrix the classes count as balanced.
    """
    tn, fp, fn, tp = _confusion(train) or (0.0, 0.0, 0.0, 0.0)
    return class_entropy(tn + fp, fn + tp)


def class_entropy(negative: float, positive: float) -> float:
    """Return the entropy of two classes in nats, the loss of guessing.

    Parameters
    ----------
    negative, positive : rows of each class. Without any row the answer is ln 2, as if balanced.
    """
    rows = negative + positive
    if not rows:
        return log(2)
    return -sum(p * log(p) for p in (positive / rows, 1 - positive / rows) if p)


def rounds_to_ln_2(loss: float) -> bool:
    """Return whether a loss equals ln 2 to three decimals."""
    return round(loss, 3) == round(log(2), 3)


def _confusion(figures: Mapping[str, Any]) -> tuple[float, ...]:
    """Return ``tn, fp, fn, tp``, or nothing if one of them is missing."""
    cells = figures.get("confusion") or {}
    counts = [cells.get(name) for name in ("tn", "fp", "fn", "tp")]
    return (
        tuple(float(count) for count in counts if count is not None) if None not in counts else ()
    )


def _divergence(epochs: Sequence[Row], guessing: float) -> str:
    broken = [row["epoch"] for row in epochs if not isfinite(row["loss"])]
    if broken:
        return (
            f"Diverged: the loss was no longer a number in epoch {broken[0]} of {len(epochs)}; "
            "try a smaller learning rate."
        )
    last = epochs[-1]["loss"]
    if last > DIVERGED_FACTOR * guessing:
        return (
            f"Diverged: the loss ended at {last:.3f}, where guessing gives {guessing:.3f}; "
            "try a smaller learning rate."
        )
    return ""


def _no_learning(epochs: Sequence[Row], guessing: float, test: Mapping[str, Any]) -> str:
    last = epochs[-1]["loss"]
    if last < guessing - LEAST_FALL:
        return ""
    name = "ln 2" if rounds_to_ln_2(guessing) else "the loss of guessing"
    plural = "epoch" if len(epochs) == 1 else "epochs"
    reasons = [_cause(epochs[-1]), _one_answer(test), _ranking(test)]
    because = "".join(f"; {reason}" for reason in reasons if reason)
    return (
        f"Did not learn: after {len(epochs)} {plural} the loss is {last:.3f}, "
        f"{name} being {guessing:.3f}{because}."
    )


def _cause(last: Row) -> str:
    """Return the first cause that the layers show, or nothing."""
    for layer, units in enumerate(last.get("distinct_units") or (), 1):
        if units == 1:
            return f"all units of hidden layer {layer} are the same"
    for layer, share in enumerate(last.get("dead_shares") or (), 1):
        if share == 1:
            return f"all units of hidden layer {layer} are dead"
    norms = last.get("gradient_norms") or ()
    if norms and norms[0] < VANISHED_GRADIENT:
        return f"the first layer's gradient has a norm of only {norms[0]:.1g}"
    return ""


def _one_answer(test: Mapping[str, Any]) -> str:
    counts = _confusion(test)
    if not counts:
        return ""
    tn, fp, fn, tp = counts
    if tn + fp == 0 or fn + tp == 0:
        return ""  # the rows themselves are of one class
    if tp + fp == 0:
        return "it calls every test row negative"
    return "it calls every test row positive" if tn + fn == 0 else ""


def _ranking(test: Mapping[str, Any]) -> str:
    """Return that a network ranks test rows well, though its loss stays.

    More epochs would lower the loss.
    """
    auc = test.get("roc_auc")
    return f"it ranks test rows with ROC AUC {auc:.3f} all the same" if auc and auc > 0.6 else ""


def _one_class(test: Mapping[str, Any]) -> str:
    answer = _one_answer(test)
    return f"Predicts one class: {answer}, accuracy {test['accuracy']:.3f}." if answer else ""


def _overfitting(train: Mapping[str, Any], test: Mapping[str, Any]) -> str:
    ours, theirs = train.get("accuracy"), test.get("accuracy")
    if ours is None or theirs is None or ours - theirs <= OVERFIT_ACCURACY_GAP:
        return ""
    return f"Overfits: accuracy is {ours:.3f} on training rows and {theirs:.3f} on test rows."


def _under_training(losses: Sequence[float]) -> str:
    if len(losses) == 1:
        return f"Under-trained: one epoch only, loss {losses[0]:.3f}; try more epochs."
    before, last = losses[-2:]
    share = (before - last) / before if before else 0.0
    if share <= STILL_FALLING_SHARE:
        return ""
    return (
        f"Still improving, so under-trained: the last epoch took the loss from {before:.3f} to "
        f"{last:.3f}, {share:.0%} less; try more epochs."
    )


def _on_test(test: Mapping[str, Any]) -> str:
    accuracy = test.get("accuracy")
    return "" if accuracy is None else f" and {accuracy:.1%} of test rows are right"
