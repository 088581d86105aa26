"""Test each kind of diagnosis on made histories, and what none of them may say."""

from math import log, nan
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reviewflow.config.sections import Train
from reviewflow.evaluation.diagnosis import (
    FAILURES,
    Setting,
    class_entropy,
    diagnose,
    diagnose_seeds,
    guessing_loss,
    guessing_title,
)
from reviewflow.evaluation.majority import compare_with_majority
from reviewflow.evaluation.metrics import split_metrics


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
        ("learned", (0.5, 0.0004, 0.0002), GOOD, "89.0% of test rows"),
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
        ({"gradient_norms": [2e-5, 0.1, 0.2]}, "norm of only 2e-05;"),
        ({"gradient_norms": [2e-5], "sampled_rows": 128}, "only 2e-05 on 128 sampled rows"),
        ({"dead_shares": [1.0], "sampled_rows": 50}, "1 are dead on 50 sampled rows"),
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


SGD = Train(optimizer="sgd", learning_rate=0.01, batch_size=16).model_dump(mode="json")
CHOSEN = Setting("validation", SGD)


def test_not_learning_names_the_steps_and_a_way_out() -> None:
    """The README's recipe of before on 1,000 reviews."""
    metrics = {
        "train": figures(430, 0, 370, 0, log_loss=0.690),
        "validation": figures(43, 0, 37, 0, roc_auc=0.54),
    }
    found = diagnose(history(*[0.69] * 10), metrics, CHOSEN)
    assert (found.kind, found.learned) == ("did not learn", False)
    assert "800 rows × 10 epochs are 500 steps; try train.optimizer: adam" in found.sentence
    assert "calls every validation row negative" in found.sentence


def test_a_network_that_falls_from_ln_2_on_uneven_classes_is_not_diverged() -> None:
    """Finding F2: 960 to 40 rows, where the entropy is far below ln 2."""
    uneven = {"train": figures(768, 0, 32, 0), "test": figures(192, 0, 8, 0, roc_auc=0.5)}
    assert diagnose(history(0.62, 0.527), uneven).kind == "did not learn"
    assert diagnose(history(0.62, 1.40), uneven).kind == "diverged"


def test_accuracy_at_the_majoritys_share_is_named_and_not_praised() -> None:
    """Finding F1 of the first day: airline/tanh with 0.812 where the majority gives 0.803."""
    train = figures(8000, 30, 1850, 120, log_loss=0.41)
    near = {"train": train, "test": figures(1850, 3, 418, 37, roc_auc=0.91)}
    found = diagnose(history(0.45, 0.42, 0.419), near)
    assert "(majority class 80.3%)" in found.sentence
    below = {"train": train, "test": figures(1750, 103, 365, 90, roc_auc=0.91)}
    found = diagnose(history(0.45, 0.42, 0.419), below)
    assert found.kind == "below the majority"
    assert found.sentence.startswith("Right less often than the majority class: accuracy 0.797")


def test_trading_accuracy_on_purpose_is_said_to_be_so() -> None:
    train = figures(900, 60, 4, 36)
    metrics = {"train": train, "test": figures(180, 12, 1, 7, roc_auc=0.92)}
    setting = Setting(train={**SGD, "class_weight": "balanced"})
    found = diagnose(history(0.6, 0.2, 0.199), metrics, setting)
    assert (found.kind, found.learned) == ("below the majority", True)
    assert "that is what train.class_weight: balanced" in found.sentence


def test_a_ranking_that_calls_one_class_learns_and_gets_another_threshold() -> None:
    metrics = {
        "train": figures(768, 0, 32, 0, log_loss=0.13),
        "test": figures(192, 0, 8, 0, roc_auc=0.93),
    }
    found = diagnose(history(0.3, 0.13), metrics)
    assert (found.kind, found.learned) == ("predicts one class", True)
    assert "try select.threshold: best_f1" in found.sentence


def test_random_labels_are_learned_by_heart_only() -> None:
    metrics = {
        "train": figures(400, 0, 0, 400, log_loss=0.01),
        "test": figures(52, 48, 50, 50, roc_auc=0.51),
    }
    found = diagnose(history(0.6, 0.01, 0.009), metrics)
    assert (found.kind, found.learned) == ("not told apart from chance", False)
    assert "accuracy 0.510 on 200 test rows, where the majority class has 0.500" in found.sentence
    worse = metrics | {"test": figures(48, 52, 50, 50, roc_auc=0.48)}
    found = diagnose(history(0.6, 0.01, 0.009), worse)
    assert (found.kind, found.learned) == ("no better than the majority", False)
    assert "knows its training rows by heart" in found.sentence


@pytest.mark.parametrize(("loss", "kind"), [(0.90, "overfits"), (0.30, "learned")])
def test_a_gap_of_accuracy_alone_is_not_overfitting(loss: float, kind: str) -> None:
    """Honest answers that are right for 88 % of the rows have a log loss of 0.367."""
    metrics = {
        "train": figures(400, 0, 0, 400, log_loss=0.02),
        "test": figures(88, 12, 12, 88, roc_auc=0.95, log_loss=loss),
    }
    found = diagnose(history(0.6, 0.03, 0.029), metrics)
    assert found.kind == kind
    assert ("too sure of itself with a log loss of 0.900" in found.sentence) == (loss > 0.5)


def test_an_unsure_model_that_still_learns_does_not_overfit() -> None:
    """A linear model after three epochs: right far more often than its probabilities say."""
    metrics = {
        "train": figures(1042, 158, 157, 1043, log_loss=0.537),
        "validation": figures(104, 26, 26, 104, roc_auc=0.88, log_loss=0.559),
    }
    found = diagnose(history(0.65, 0.59, 0.545), metrics, CHOSEN)
    assert found.kind == "under-trained"
    assert found.sentence.endswith("try more train.epochs.")


@pytest.mark.parametrize(("rows", "kind"), [(1, "learned"), (10, "overfits")])
def test_a_gap_of_accuracy_exceeds_chance(rows: int, kind: str) -> None:
    """0.95 against 0.88 is chance on 50 rows, and is not on 500."""
    metrics = {
        "train": figures(190, 10, 10, 190, log_loss=0.1),
        "validation": figures(22 * rows, 3 * rows, 3 * rows, 22 * rows, log_loss=0.6),
    }
    assert diagnose(history(0.6, 0.11, 0.1095), metrics, CHOSEN).kind == kind


def test_several_classes_are_named() -> None:
    truth = np.arange(90) % 3
    guess = np.tile(np.array([0.2, 0.5, 0.3], np.float32), (90, 1))
    metrics = {"train": split_metrics(truth, guess), "test": split_metrics(truth, guess)}
    setting = Setting(class_names=("bad", "fair", "good"))
    found = diagnose(history(1.0986, 1.0985), metrics, setting)
    assert found.kind == "did not learn"
    assert "ln 3 being 1.099; it calls every test row fair" in found.sentence
    assert diagnose(history(1.0, 0.9), metrics, Setting()).sentence.count("every test row class 1")


def test_the_final_loss_of_the_training_rows_is_the_one_that_is_named() -> None:
    metrics = {**GOOD, "train": figures(46, 4, 4, 46, log_loss=0.186)}
    assert "the loss is 0.186 on training rows" in diagnose(history(0.3, 0.21, 0.203), metrics)[1]


@pytest.mark.parametrize("weight", ["none", "balanced"])
@pytest.mark.parametrize("rows", [(50, 50), (90, 10), (60, 30, 10)])
def test_guessing_costs_what_the_best_constant_costs(rows: tuple[int, ...], weight: str) -> None:
    """No constant prediction has a lower weighted loss."""
    truth = np.repeat(np.arange(len(rows)), rows)
    shape = len(truth) if len(rows) == 2 else (len(truth), len(rows))
    metrics = split_metrics(truth, np.full(shape, 1 / len(rows), np.float32))
    balanced = sum(rows) / (len(rows) * np.array(rows))
    weights = balanced if weight == "balanced" else np.ones(len(rows))
    tried = np.random.default_rng(0).dirichlet(np.ones(len(rows)) * 2, 4000)
    shares = np.array(rows) / sum(rows)
    losses = -(np.log(tried) * weights * shares).sum(axis=1)
    assert guessing_loss(metrics, weight) == pytest.approx(losses.min(), abs=2e-3)
    assert guessing_loss(metrics, weight) <= losses.min() + 1e-12


def test_titles_of_guessing() -> None:
    assert guessing_title(class_entropy(3, 3, 3), 3) == "ln 3"
    assert guessing_title(class_entropy(90, 10)) == "0.325"
    assert class_entropy(0, 0, 0) == log(3)


MATRICES = st.integers(2, 4).flatmap(
    lambda k: st.lists(st.lists(st.integers(0, 40), min_size=k, max_size=k), min_size=k, max_size=k)
)


def metrics_of_counts(counts: list[list[int]]) -> dict[str, Any]:
    """Return the metrics of rows with such a confusion matrix."""
    classes = len(counts)
    cells = [(t, p) for t in range(classes) for p in range(classes) for _ in range(counts[t][p])]
    truth = np.array([t for t, _ in cells])
    scores = np.full((len(cells), classes), 0.1, np.float32)
    scores[np.arange(len(cells)), [p for _, p in cells]] = 0.9
    scores /= scores.sum(axis=1, keepdims=True)
    return split_metrics(truth, scores[:, 1] if classes == 2 else scores)


@given(MATRICES, MATRICES, st.lists(st.floats(0.01, 3), min_size=1, max_size=4))
def test_a_variant_below_the_majority_or_chance_is_never_praised(
    train: list[list[int]], others: list[list[int]], losses: list[float]
) -> None:
    assume(len(train) == len(others) and sum(map(sum, train)) and sum(map(sum, others)))
    metrics = {"train": metrics_of_counts(train), "validation": metrics_of_counts(others)}
    found = diagnose(history(*losses), metrics, CHOSEN)
    against = compare_with_majority(metrics, "validation")
    assert against is not None
    if against.accuracy < against.majority or not against.beats_chance():
        assert found.kind in (*FAILURES, "below the majority")
        assert not found.sentence.startswith("Learned")
    if not against.beats_chance():
        assert not found.learned
    if found.kind in FAILURES:
        assert "try" in found.sentence or "needed" in found.sentence, "a way out"


def seeds_of(*counts: list[list[int]]) -> list[dict[str, Any]]:
    return [{"train": metrics_of_counts(one), "test": metrics_of_counts(one)} for one in counts]


def test_several_seeds_are_told_by_their_means() -> None:
    metrics = seeds_of([[45, 5], [5, 45]], [[40, 10], [5, 45]], [[45, 5], [10, 40]])
    found = diagnose_seeds([history(0.5, 0.3, 0.299)] * 3, metrics)
    assert found.kind == "learned"
    assert found.learned
    mean = (0.90 + 0.85 + 0.85) / 3
    assert f"{mean:.1%} of test rows are right" in found.sentence
    assert found.sentence.endswith("Means of 3 seeds, whose accuracy is 0.850 to 0.900.")


def test_seeds_that_differ_are_counted() -> None:
    good, bad = figures(45, 5, 5, 45), figures(50, 0, 50, 0)
    metrics = [{"train": one, "test": one} for one in (good, good, bad)]
    histories = [history(0.5, 0.3, 0.299)] * 2 + [history(0.6931, 0.6931, 0.6931)]
    found = diagnose_seeds(histories, metrics)
    assert found.kind == "learned"
    mean = (0.90 + 0.90 + 0.50) / 3
    assert f"{mean:.1%} of test rows are right" in found.sentence, "the figure of the table"
    assert found.sentence.endswith(
        "Means of 3 seeds, whose accuracy is 0.500 to 0.900. "
        "1 of 3 seeds did not learn (accuracy 0.500)."
    )


def test_seeds_of_one_kind_have_means_of_their_own_where_all_would_say_something_else() -> None:
    metrics = seeds_of([[45, 5], [5, 45]], [[45, 5], [5, 45]], [[50, 0], [50, 0]])
    histories = [history(0.5, 0.3, 0.299)] * 2 + [history(0.6931, 0.6931)]
    found = diagnose_seeds(histories, metrics)
    assert found.kind == "learned"
    assert "Means of 2 of 3 seeds, whose" in found.sentence
    assert found.sentence.endswith("1 of 3 seeds did not learn (accuracy 0.500).")


def test_a_seed_is_named_where_means_would_say_something_else() -> None:
    one_each = seeds_of([[50, 0], [50, 0]], [[0, 50], [0, 50]])
    found = diagnose_seeds([history(0.6, 0.5)] * 2, one_each, Setting(), (7, 8))
    assert found.kind == "predicts one class"
    assert "(seed 7). So with all 2 seeds." in found.sentence
