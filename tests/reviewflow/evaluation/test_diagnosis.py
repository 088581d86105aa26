"""Test each kind of diagnosis on made histories."""

from math import log, nan
from typing import Any

import pytest

from reviewflow.evaluation.diagnosis import diagnose, guessing_loss


def history(*losses: float, **last: Any) -> list[dict[str, Any]]:
    rows = [
        {"epoch": number, "step": 10, "kind": kind, "loss": loss}
        for number, loss in enumerate(losses, 1)
        for kind in ("window", "epoch")
    ]
    return [*rows[:-1], {**rows[-1], **last}]


def figures(tn: int, fp: int, fn: int, tp: int, **others: float) -> dict[str, Any]:
    rows = tn + fp + fn + tp
    confusion = {"tn": tn, "fp": fp, "fn": fn, "tp": tp}
    return {"accuracy": (tn + tp) / rows, "confusion": confusion, "rows": rows, **others}


GOOD = {"train": figures(46, 4, 4, 46), "test": figures(45, 5, 6, 44)}
GUESSED = {"train": figures(50, 0, 50, 0), "test": figures(50, 0, 50, 0, roc_auc=0.5)}
NOTHING: dict[str, Any] = {"train": {}, "test": {}}


@pytest.mark.parametrize(
    ("kind", "losses", "metrics", "cited"),
    [
        ("diverged", (0.7, nan, nan), NOTHING, "epoch 2 of 3"),
        ("diverged", (0.7, 5.0), GOOD, "5.000"),
        ("did not learn", (0.6931, 0.6930), GUESSED, "ln 2 being 0.693"),
        ("predicts one class", (0.68, 0.66), GUESSED, "every test row negative, accuracy 0.500"),
        (
            "overfits",
            (0.2, 0.01),
            {"train": figures(50, 0, 0, 50), "test": figures(42, 8, 8, 42)},
            "1.000 on training rows and 0.840 on test rows",
        ),
        ("under-trained", (0.5, 0.4), GOOD, "from 0.500 to 0.400, 20% less"),
        ("under-trained", (0.5,), GOOD, "one epoch"),
        ("learned", (0.5, 0.3, 0.295), GOOD, "89.0% of test rows"),
        ("learned", (0.5, 0.3, 0.301), NOTHING, "0.301"),
    ],
)
def test_kinds(kind: str, losses: tuple[float, ...], metrics: dict[str, Any], cited: str) -> None:
    diagnosis = diagnose(history(*losses), metrics)
    assert diagnosis.kind == kind
    assert cited in diagnosis.sentence
    assert diagnosis.sentence.endswith(".")


@pytest.mark.parametrize(
    ("stats", "cited"),
    [
        ({"distinct_units": [1, 1]}, "all units of hidden layer 1 are the same"),
        ({"distinct_units": [9, 4], "dead_shares": [0.5, 1.0]}, "hidden layer 2 are dead"),
        ({"gradient_norms": [2e-5, 0.1, 0.2]}, "norm of only 2e-05"),
        ({"gradient_norms": None, "distinct_units": None}, "it calls every test row negative"),
    ],
)
def test_not_learning_cites_what_the_layers_show(stats: dict[str, Any], cited: str) -> None:
    assert cited in diagnose(history(0.6931, 0.6931, **stats), GUESSED).sentence


def test_a_plateau_that_already_ranks_is_reported() -> None:
    metrics = {"train": figures(50, 0, 50, 0), "test": figures(50, 0, 50, 0, roc_auc=0.81)}
    assert "ROC AUC 0.810" in diagnose(history(0.6931, 0.6929), metrics).sentence


def test_guessing_follows_the_share_of_the_classes() -> None:
    assert guessing_loss(GUESSED["train"]) == pytest.approx(log(2))
    assert guessing_loss(figures(90, 0, 10, 0)) == pytest.approx(0.325, abs=1e-3)
    assert guessing_loss({}) == log(2)
    uneven = {"train": figures(90, 0, 10, 0), "test": figures(90, 0, 10, 0)}
    assert diagnose(history(0.33, 0.325), uneven).kind == "did not learn"


def test_an_empty_history_does_not_crash() -> None:
    assert diagnose([], GOOD).kind == "did not learn"
