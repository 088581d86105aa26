"""Test the conclusions and their sentences on made comparisons."""

from typing import Any

import pytest

from reviewflow.evaluation.conclusions import VariantOutcome, draw_conclusions


def variant(
    name: str, number: int | None, kind: str = "learned", **settings: Any
) -> VariantOutcome:
    given = {"train.learning_rate": 0.01, "train.activation": "relu", "train.seed": number}
    named = {key.replace("__", "."): value for key, value in settings.items()}
    return VariantOutcome(name, number, kind, given | named)


def made_comparisons(*means: float, low: float, seeds: int = 1) -> dict[str, Any]:
    """Return comparisons, every pair with the same lower end."""
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
    """Return an interval with ``low`` as the lower end for the better one."""
    pair = (low, abs(difference) + 0.01)
    near, far = pair if difference > 0 else (-pair[1], -pair[0])
    return {"difference": difference, "low": near, "high": far}


RATES = [
    variant("slow", 0, "did not learn", train__learning_rate=0.001),
    variant("middle", 1),
    variant("fast", 2, train__learning_rate=0.1),
]


def test_one_seed_says_that_it_cannot_tell() -> None:
    (conclusion,) = draw_conclusions(RATES, made_comparisons(0.72, 0.958, 0.952, low=0.003))
    assert conclusion["best"]["variant"] == "middle"
    assert conclusion["runner_up"]["value"] == 0.1
    assert conclusion["interval"] == pytest.approx([0.003, 0.016])
    assert conclusion["mcnemar"] == {"only_best": 21, "only_runner_up": 10, "p": 0.03}
    assert conclusion["beyond_chance"] is None
    assert conclusion["sentence"] == (
        "Learning rate: 0.01 is best, ROC AUC 0.958 against 0.952 with 0.1, more than the test "
        "rows' chance (95 % +0.0030 to +0.0160), but one seed cannot tell; 0.001 did not learn "
        "(0.720)."
    )


def test_several_seeds_tell_and_the_better_one_may_come_last() -> None:
    figures = made_comparisons(0.72, 0.952, 0.958, low=0.003, seeds=3)
    (conclusion,) = draw_conclusions(RATES, figures)
    assert conclusion["best"]["variant"] == "fast"
    assert conclusion["interval"] == pytest.approx([0.003, 0.016]), "seen from the best"
    assert conclusion["mcnemar"]["only_best"] == 10
    assert conclusion["beyond_chance"] is True
    assert "more than chance (95 % +0.0030 to +0.0160 over 3 seeds)" in conclusion["sentence"]


@pytest.mark.parametrize("seeds", [1, 3])
def test_what_chance_explains_is_said_to_be_so(seeds: int) -> None:
    (conclusion,) = draw_conclusions(
        RATES[1:], made_comparisons(0.5, 0.9581, 0.9578, low=-0.001, seeds=seeds)
    )
    assert conclusion["beyond_chance"] is False
    assert (
        "0.9581 against 0.9578 with 0.1, a difference that chance explains"
        in conclusion["sentence"]
    )


def test_a_runner_up_that_is_right_more_often_is_reported() -> None:
    figures = made_comparisons(0.5, 0.958, 0.952, low=0.003)
    figures["variants"][2]["accuracy"]["mean"] = 0.9
    (conclusion,) = draw_conclusions(RATES[1:], figures)
    assert (
        "at the threshold 0.5 0.1 is right more often, 0.900 against 0.888"
        in conclusion["sentence"]
    )


def test_nothing_learned_nothing_judged_and_a_grid() -> None:
    none = [variant(v.name, v.number, "did not learn") for v in RATES[:2]]
    none = [
        VariantOutcome(n.name, n.number, n.kind, v.settings)
        for n, v in zip(none, RATES, strict=False)
    ]
    (conclusion,) = draw_conclusions(none, made_comparisons(0.6, 0.7, low=-0.1))
    assert (
        conclusion["sentence"]
        == "Learning rate: no value learned (ROC AUC 0.01 0.700, 0.001 0.600)."
    )
    assert draw_conclusions([variant("a", None), variant("b", None)], {}) == []
    grid = [
        variant(f"{rate} {name}", number, train__learning_rate=rate, train__activation=name)
        for number, (rate, name) in enumerate(
            [(0.01, "relu"), (0.1, "relu"), (0.01, "tanh"), (0.1, "tanh")]
        )
    ]
    rate, activation = draw_conclusions(grid, made_comparisons(0.95, 0.94, 0.96, 0.97, low=0.001))
    assert rate["best"]["variant"] == "0.1 tanh"
    assert rate["sets"] == {"all": 2, "agreeing": 1}
    assert activation["sentence"].endswith("; best in 2 of 2 settings of the rest.")
