"""Comparisons of variants and what is concluded from them."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, roc_auc_score

from reviewflow.context import Context
from reviewflow.evaluation.ablation import factors, value_words
from reviewflow.evaluation.bootstrap import mcnemar
from reviewflow.evaluation.comparisons import comparisons
from reviewflow.evaluation.conclusions import Variant, conclusions

LABELS = np.random.default_rng(1).integers(0, 2, 800)
TEST = np.random.default_rng(2).random(800) < 0.75


def scores(apart: float, seed: int) -> NDArray[np.float32]:
    noise = np.random.default_rng(seed).normal(size=800)
    return (1 / (1 + np.exp(-(apart * (LABELS - 0.5) + noise)))).astype(np.float32)


def written(folder: Path, predicted: list[NDArray[np.float32]]) -> tuple[Path, ...]:
    folders = []
    for number, probability in enumerate(predicted):
        folders.append(folder / str(number))
        folders[-1].mkdir(parents=True)
        label = pa.array(LABELS.astype(np.int8), mask=np.arange(800) == 5)
        table = {"split": np.where(TEST, "test", "train"), "label": label}
        path = folders[-1] / "predictions.parquet"
        pq.write_table(pa.table(table | {"probability": probability}), path)
    return tuple(folders)


def variant(name: str, group: int | None, kind: str = "learned", **settings: Any) -> Variant:
    given = {"train.learning_rate": 0.01, "train.activation": "relu", "train.seed": group}
    named = {key.replace("__", "."): value for key, value in settings.items()}
    return Variant(name, group, kind, given | named)


def test_figures_of_variants_and_pairs_are_those_of_the_test_rows(tmp_path: Path) -> None:
    predicted = [scores(2, 3), scores(2.2, 4), scores(1, 5)]
    found = comparisons(written(tmp_path, predicted), (0, 0, 1), Context())
    rows = TEST & (np.arange(800) != 5)
    areas = [roc_auc_score(LABELS[rows], p[rows]) for p in predicted]
    rights = [accuracy_score(LABELS[rows], p[rows] > 0.5) for p in predicted]
    assert found["rows"] == rows.sum()
    first, second = found["variants"]
    assert first["roc_auc"]["mean"] == pytest.approx((areas[0] + areas[1]) / 2)
    assert second["accuracy"]["mean"] == pytest.approx(rights[2])
    assert (first["seeds"], second["seeds"]) == (2, 1)
    (pair,) = found["pairs"]
    assert pair["roc_auc"]["difference"] == pytest.approx((areas[0] + areas[1]) / 2 - areas[2])
    assert pair["roc_auc"]["low"] < pair["roc_auc"]["difference"] < pair["roc_auc"]["high"]
    assert pair["accuracy"]["difference"] == pytest.approx(sum(rights[:2]) / 2 - rights[2])
    told = pair["mcnemar"]
    right = (predicted[0][rows] > 0.5) == LABELS[rows]
    wrong = (predicted[2][rows] > 0.5) != LABELS[rows]
    assert told["only_first"] == (right & wrong).sum(), "the first of two equally near seeds"
    assert told["p"] == mcnemar(told["only_first"], told["only_second"])


def test_a_diverged_seed_takes_its_variant_out_and_one_class_takes_all(tmp_path: Path) -> None:
    broken = np.full(800, np.nan, np.float32)
    folders = written(tmp_path / "a", [scores(2, 3), broken, scores(1, 5)])
    found = comparisons(folders, (0, 0, 1), Context())
    assert [entry["group"] for entry in found["variants"]] == [1]
    assert found["pairs"] == []
    same = folders[2] / "predictions.parquet"
    table = pq.read_table(same)
    ones = pa.array(np.ones(800, np.int8))
    pq.write_table(table.set_column(1, "label", ones), same)
    assert comparisons((folders[2],), (0,), Context())["variants"] == []
    assert comparisons((), (), Context())["variants"] == []


def test_a_factor_is_what_alone_differs() -> None:
    found = factors(
        [
            {"train.learning_rate": 0.01, "train.activation": "relu", "train.seed": 0},
            {"train.learning_rate": 0.1, "train.activation": "relu", "train.seed": 1},
            {"train.learning_rate": 0.1, "train.activation": "tanh", "train.seed": 2},
            {"train.learning_rate": 0.01, "train.activation": "relu", "train.seed": 3},
        ]
    )
    assert [(f.name, f.values, f.variants) for f in found] == [
        ("train.learning_rate", (0.01, 0.1), (0, 1)),
        ("train.activation", ("relu", "tanh"), (1, 2)),
    ]


def test_two_settings_that_change_together_say_nothing_of_either() -> None:
    both = [{"a.x": 1, "a.y": 1}, {"a.x": 2, "a.y": 2}]
    assert factors(both) == []


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("train.activation", "leaky_relu", "leaky ReLU"),
        ("train.activation", "silu", "SiLU"),
        ("vectorize.max_features", 5000, "5,000"),
        ("vectorize.ngram_range", [1, 2], "single words and pairs"),
        ("vectorize.ngram_range", [1, 3], "single words, pairs and triples"),
        ("normalize.stop_words", "english", "dropping them"),
        ("train.learning_rate", 0.001, "0.001"),
        ("train.hidden", [512, 128], "512-128"),
    ],
)
def test_values_in_words(name: str, value: Any, words: str) -> None:
    assert value_words(name, value) == words


def compared(*means: float, low: float, seeds: int = 1) -> dict[str, Any]:
    """Comparisons as the stage writes them, every pair with the same lower end."""
    figure = {"low": 0.0, "high": 1.0}
    return {
        "rows": 5000,
        "variants": [
            {
                "group": group,
                "seeds": seeds,
                "roc_auc": {"mean": mean, **figure},
                "accuracy": {"mean": mean - 0.07, **figure},
            }
            for group, mean in enumerate(means)
        ],
        "pairs": [
            {
                "first": first,
                "second": second,
                "roc_auc": ends(means[first] - means[second], low),
                "accuracy": ends(means[first] - means[second], low),
                "mcnemar": {"only_first": 20 + first, "only_second": 10, "p": 0.03},
            }
            for first in range(len(means))
            for second in range(first + 1, len(means))
        ],
    }


def ends(difference: float, low: float) -> dict[str, float]:
    """An interval whose end nearest to 0 (or beyond it) is ``low`` seen from the better one."""
    pair = (low, abs(difference) + 0.01)
    near, far = pair if difference > 0 else (-pair[1], -pair[0])
    return {"difference": difference, "low": near, "high": far}


RATES = [
    variant("slow", 0, "did not learn", train__learning_rate=0.001),
    variant("middle", 1),
    variant("fast", 2, train__learning_rate=0.1),
]


def test_one_seed_says_that_it_cannot_tell() -> None:
    (found,) = conclusions(RATES, compared(0.72, 0.958, 0.952, low=0.003))
    assert found["best"]["variant"] == "middle"
    assert found["runner_up"]["value"] == 0.1
    assert found["interval"] == pytest.approx([0.003, 0.016])
    assert found["mcnemar"] == {"only_best": 21, "only_runner_up": 10, "p": 0.03}
    assert found["beyond_chance"] is None
    assert found["sentence"] == (
        "Learning rate: 0.01 is best, ROC AUC 0.958 against 0.952 with 0.1, more than the test "
        "rows' chance (95 % +0.0030 to +0.0160), but one seed cannot tell; 0.001 did not learn "
        "(0.720)."
    )


def test_several_seeds_tell_and_the_better_one_may_come_last() -> None:
    figures = compared(0.72, 0.952, 0.958, low=0.003, seeds=3)
    (found,) = conclusions(RATES, figures)
    assert found["best"]["variant"] == "fast"
    assert found["interval"] == pytest.approx([0.003, 0.016]), "seen from the best"
    assert found["mcnemar"]["only_best"] == 10
    assert found["beyond_chance"] is True
    assert "more than chance (95 % +0.0030 to +0.0160 over 3 seeds)" in found["sentence"]


@pytest.mark.parametrize("seeds", [1, 3])
def test_what_chance_explains_is_said_to_be_so(seeds: int) -> None:
    (found,) = conclusions(RATES[1:], compared(0.5, 0.9581, 0.9578, low=-0.001, seeds=seeds))
    assert found["beyond_chance"] is False
    assert "0.9581 against 0.9578 with 0.1, a difference that chance explains" in found["sentence"]


def test_a_runner_up_that_is_right_more_often_is_told() -> None:
    figures = compared(0.5, 0.958, 0.952, low=0.003)
    figures["variants"][2]["accuracy"]["mean"] = 0.9
    (found,) = conclusions(RATES[1:], figures)
    assert "at the threshold 0.5 0.1 is right more often, 0.900 against 0.888" in found["sentence"]


def test_nothing_learned_nothing_judged_and_a_grid() -> None:
    none = [variant(v.name, v.group, "did not learn") for v in RATES[:2]]
    none = [Variant(n.name, n.group, n.kind, v.settings) for n, v in zip(none, RATES, strict=False)]
    (found,) = conclusions(none, compared(0.6, 0.7, low=-0.1))
    assert found["sentence"] == "Learning rate: no value learned (ROC AUC 0.01 0.700, 0.001 0.600)."
    assert conclusions([variant("a", None), variant("b", None)], {}) == []
    grid = [
        variant(f"{rate} {name}", number, train__learning_rate=rate, train__activation=name)
        for number, (rate, name) in enumerate(
            [(0.01, "relu"), (0.1, "relu"), (0.01, "tanh"), (0.1, "tanh")]
        )
    ]
    rate, activation = conclusions(grid, compared(0.95, 0.94, 0.96, 0.97, low=0.001))
    assert rate["best"]["variant"] == "0.1 tanh"
    assert rate["sets"] == {"all": 2, "agreeing": 1}
    assert activation["sentence"].endswith("; best in 2 of 2 settings of the rest.")
