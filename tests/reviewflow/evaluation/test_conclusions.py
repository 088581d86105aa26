"""Test the conclusions on made comparisons, and what must hold for any of them."""

import itertools
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewflow.evaluation.conclusions import VariantOutcome, draw_conclusions

KINDS = ("learned", "overfits", "did not learn", "predicts one class", "diverged")


def variant(
    name: str, number: int | None, kind: str = "learned", **settings: Any
) -> VariantOutcome:
    given_ones = {"train.learning_rate": 0.01, "train.activation": "relu", "train.seed": number}
    named = {key.replace("__", "."): value for key, value in settings.items()}
    return VariantOutcome(name, number, kind, given_ones | named)


def made_comparisons(*means: float, low: float, seeds: int = 1, p: float = 0.001) -> dict[str, Any]:
    """Return comparisons, every pair with the same lower end and the same p."""
    figure = {"low": 0.0, "high": 1.0}
    return {
        "on": "validation",
        "rows": 5000,
        "classes": 2,
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
                "counts": "rows" if seeds == 1 else "rows and seeds",
                "roc_auc": ends(means[first] - means[second], low) | {"p": p},
                "accuracy": ends(means[first] - means[second], low) | {"p": p},
                "mcnemar": {"only_first": 20 + first, "only_second": 10, "p": 0.03}
                if seeds == 1
                else None,
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


def test_variants_that_differ_in_several_settings_are_compared_as_they_are() -> None:
    variants = [
        variant("linear", 0, train__activation="tanh", train__learning_rate=2),
        variant("naive bayes", 1),
        variant("the same", 1),
        variant("network", 2, train__activation="gelu", train__learning_rate=0.3),
    ]
    (found,) = draw_conclusions(variants, made_comparisons(0.949, 0.958, 0.952, low=-0.003))
    assert (found["factor"], found["sets"]["all"]) == ("variant", 1)
    assert [level["variant"] for level in found["values"]] == ["naive bayes", "network", "linear"]
    assert found["sentence"].startswith(
        "Variant: naive bayes is ahead, ROC AUC 0.958 against 0.952 with network, not told apart"
    )


def test_a_best_variant_with_a_neighbour_needs_no_other_conclusion() -> None:
    variants = [*RATES, variant("other", 3, train__activation="gelu", train__learning_rate=0.3)]
    means = made_comparisons(0.72, 0.958, 0.952, 0.91, low=0.003)
    assert [each["factor"] for each in draw_conclusions(variants, means)] == ["train.learning_rate"]
    best_alone = made_comparisons(0.72, 0.953, 0.952, 0.97, low=0.003)
    factors = [each["factor"] for each in draw_conclusions(variants, best_alone)]
    assert factors == ["train.learning_rate", "variant"]


def test_a_set_in_which_two_values_learned_is_preferred() -> None:
    variants = [
        variant("none, fast", 0, train__hidden=[], train__learning_rate=20),
        variant("16, fast", 1, "diverged", train__hidden=[16], train__learning_rate=20),
        variant("none, slow", 2, train__hidden=[], train__learning_rate=5),
        variant("16, slow", 3, train__hidden=[16], train__learning_rate=5),
    ]
    found = draw_conclusions(variants, made_comparisons(0.908, 0.79, 0.906, 0.902, low=0.001))
    hidden = next(each for each in found if each["factor"] == "train.hidden")
    assert (hidden["best"]["variant"], hidden["runner_up"]["variant"]) == ("none, slow", "16, slow")
    assert hidden["difference"] == pytest.approx(0.004)
    assert hidden["sets"] == {"all": 2, "agreeing": 2}


def test_one_seed_says_that_it_cannot_tell() -> None:
    (conclusion,) = draw_conclusions(RATES, made_comparisons(0.72, 0.958, 0.952, low=0.003))
    assert conclusion["best"]["variant"] == "middle"
    assert conclusion["runner_up"]["value"] == 0.1
    assert conclusion["interval"] == pytest.approx([0.003, 0.016])
    assert conclusion["mcnemar"] == {"only_best": 21, "only_runner_up": 10, "p": 0.03}
    assert conclusion["beyond_chance"] is None
    assert conclusion["sentence"] == (
        "Learning rate: 0.01 is best, ROC AUC 0.958 against 0.952 with 0.1, more than the "
        "validation rows' chance (95 % +0.0030 to +0.0160 over 5,000 validation rows), but one "
        "seed cannot tell. 0.001 (0.720) did not learn."
    )


def test_several_seeds_tell_and_the_better_one_may_come_last() -> None:
    figures = made_comparisons(0.72, 0.952, 0.958, low=0.003, seeds=3)
    (conclusion,) = draw_conclusions(RATES, figures)
    assert conclusion["best"]["variant"] == "fast"
    assert conclusion["interval"] == pytest.approx([0.003, 0.016]), "seen from the best"
    assert conclusion["mcnemar"] is None
    assert conclusion["counts"] == "rows and seeds"
    assert conclusion["beyond_chance"] is True
    assert (
        "more than chance (95 % +0.0030 to +0.0160 over 5,000 validation rows and 3 seeds)"
        in conclusion["sentence"]
    )


@pytest.mark.parametrize("seeds", [1, 3])
def test_what_is_not_told_apart_is_ahead_and_not_best(seeds: int) -> None:
    (conclusion,) = draw_conclusions(
        RATES[1:], made_comparisons(0.5, 0.9581, 0.9578, low=-0.001, seeds=seeds, p=0.4)
    )
    assert conclusion["beyond_chance"] is False
    expected = "0.01 is ahead, ROC AUC 0.9581 against 0.9578 with 0.1, not told apart from chance"
    assert expected in conclusion["sentence"]


def test_an_interval_without_0_may_not_survive_holm() -> None:
    """Two factors: p of 0.03 counts twice, and 0.01 stays."""
    variants = [*RATES[1:], variant("tanh", 0, train__activation="tanh")]
    figures = made_comparisons(0.95, 0.958, 0.952, low=0.0005, seeds=3, p=0.03)
    rate, activation = draw_conclusions(variants, figures)
    assert rate["p_adjusted"] == activation["p_adjusted"] == pytest.approx(0.06)
    assert rate["beyond_rows"]
    assert rate["beyond_chance"] is False
    assert (
        "not told apart from chance among 2 comparisons (p 0.060 by Holm's correction"
        in rate["sentence"]
    )
    single = draw_conclusions(RATES[1:], figures)[0]
    assert single["beyond_chance"] is True


def test_a_runner_up_that_is_right_more_often_is_reported() -> None:
    figures = made_comparisons(0.5, 0.958, 0.952, low=0.003)
    figures["variants"][2]["accuracy"]["mean"] = 0.9
    (conclusion,) = draw_conclusions(RATES[1:], figures)
    assert ". By accuracy 0.1 is ahead, 0.900 against 0.888." in conclusion["sentence"]


def test_a_failed_value_between_two_that_learned_is_passed_over() -> None:
    """Finding W1: the interval beside 0.958 and 0.900 is that of their difference."""
    rates = [
        variant("a", 0, train__learning_rate=0.01),
        variant("b", 1, "did not learn", train__learning_rate=0.001),
        variant("c", 2, "overfits", train__learning_rate=0.1),
    ]
    (found,) = draw_conclusions(rates, made_comparisons(0.958, 0.957, 0.900, low=0.03))
    assert found["runner_up"]["variant"] == "c"
    assert found["difference"] == pytest.approx(0.058)
    assert found["interval"] == pytest.approx([0.03, 0.068])
    assert "0.958 against 0.900 with 0.1" in found["sentence"]
    assert found["sentence"].endswith(". 0.001 (0.957) did not learn.")


def test_a_failed_value_in_front_leaves_those_that_learned() -> None:
    """Finding W2: the highest area is of a network that did not learn."""
    rates = [
        variant("a", 0, "did not learn", train__learning_rate=0.001),
        variant("b", 1, train__learning_rate=0.01),
        variant("c", 2, train__learning_rate=0.1),
    ]
    (found,) = draw_conclusions(rates, made_comparisons(0.958, 0.950, 0.900, low=0.03))
    assert found["best"]["variant"] == "b"
    assert found["sentence"].startswith("Learning rate: 0.01 is best, ROC AUC 0.950 against 0.900")


def test_values_that_failed_in_one_way_share_a_sentence() -> None:
    kinds = ("learned", "learned", "learned", "did not learn", "diverged", "did not learn")
    rates = [variant(str(n), n, k, train__learning_rate=10.0**-n) for n, k in enumerate(kinds)]
    figures = made_comparisons(0.95, 0.94, 0.93, 0.6, 0.55, 0.5, low=0.001)
    sentence = draw_conclusions(rates, figures)[0]["sentence"]
    assert sentence.endswith(
        ". Then 0.01 (0.930). 0.001 (0.600) and 1e-05 (0.500) did not learn. "
        "0.0001 (0.550) diverged."
    )
    assert ";" not in sentence


def test_whether_it_learned_counts_more_than_the_kind() -> None:
    """A network that ranks well and predicts one class may have learned."""
    one = VariantOutcome("a", 0, "predicts one class", {"train.init": "he"}, learned=True)
    two = VariantOutcome("b", 1, "overfits", {"train.init": "xavier"}, learned=False)
    (found,) = draw_conclusions([one, two], made_comparisons(0.8, 0.9, low=0.01))
    assert found["best"]["variant"] == "a"
    assert "He is best" in found["sentence"]
    assert found["sentence"].endswith(
        ". Xavier did not beat chance, ROC AUC 0.900, though it ranks better (95 % −0.1100 to "
        "−0.0100 over 5,000 validation rows)."
    )


def test_nothing_learned_and_nothing_judged() -> None:
    none = [
        VariantOutcome(each.name, each.number, "did not learn", each.settings) for each in RATES[:2]
    ]
    (conclusion,) = draw_conclusions(none, made_comparisons(0.6, 0.7, low=-0.1))
    assert (
        conclusion["sentence"]
        == "Learning rate: no value learned (ROC AUC 0.01 0.700, 0.001 0.600)."
    )
    assert draw_conclusions([variant("a", None), variant("b", None)], {}) == []
    several = made_comparisons(0.6, 0.7, low=-0.1) | {"classes": 3}
    assert "(macro ROC AUC 0.01" in draw_conclusions(none, several)[0]["sentence"]


def grid_of(*pairs: tuple[float, str]) -> list[VariantOutcome]:
    return [
        variant(f"{rate} {name}", number, train__learning_rate=rate, train__activation=name)
        for number, (rate, name) in enumerate(pairs)
    ]


def test_a_grid_counts_the_sets_that_hold_the_value() -> None:
    grid = grid_of((0.01, "relu"), (0.1, "relu"), (0.01, "tanh"), (0.1, "tanh"))
    rate, activation = draw_conclusions(grid, made_comparisons(0.95, 0.94, 0.96, 0.97, low=0.001))
    assert rate["best"]["variant"] == "0.1 tanh"
    assert rate["sets"] == {"all": 2, "agreeing": 1}
    assert activation["sentence"].endswith(". Best in 2 of 2 settings of the rest.")


def test_a_set_without_the_value_is_not_counted() -> None:
    """Finding W10: 0.3 was tried with tanh alone."""
    grid = grid_of((0.3, "tanh"), (0.1, "tanh"), (1000.0, "relu"), (30.0, "relu"))
    (rate,) = draw_conclusions(grid, made_comparisons(0.97, 0.95, 0.94, 0.93, low=0.001))
    assert rate["best"]["value"] == 0.3
    assert rate["sets"] == {"all": 1, "agreeing": 1}
    assert "settings of the rest" not in rate["sentence"]


OUTCOMES = st.lists(
    st.tuples(st.sampled_from(KINDS), st.floats(0.5, 0.99), st.floats(0, 0.1)),
    min_size=2,
    max_size=6,
)
INTERVAL = re.compile(r"95 % ([+−]?\d\.\d+) to ([+−]?\d\.\d+) over")


@given(OUTCOMES, st.sampled_from([1, 3]))
def test_the_sentence_quotes_learned_values_and_the_interval_of_their_difference(
    outcomes: list[tuple[str, float, float]], seeds: int
) -> None:
    rates = [
        variant(str(n), n, kind, train__learning_rate=10.0**-n)
        for n, (kind, _, _) in enumerate(outcomes)
    ]
    figures = made_comparisons(*(mean for _, mean, _ in outcomes), low=0.0, seeds=seeds)
    for pair in figures["pairs"]:
        reach = outcomes[pair["first"]][2] + outcomes[pair["second"]][2]
        middle = pair["roc_auc"]["difference"]
        pair["roc_auc"] |= {"low": middle - reach, "high": middle + reach}
    (found,) = draw_conclusions(rates, figures)
    learned = [each for each in found["values"] if each["learned"]]
    for place, chosen in zip(("best", "runner_up"), learned, strict=False):
        assert found[place]["variant"] == chosen["variant"]
    low, high = found["interval"]
    difference = found["best"]["roc_auc"] - found["runner_up"]["roc_auc"]
    assert found["difference"] == pytest.approx(difference)
    assert low - 1e-12 <= difference <= high + 1e-12
    assert all(own["roc_auc"] >= other["roc_auc"] for own, other in itertools.pairwise(learned))
    sentence = found["sentence"]
    assert ("no value learned" in sentence) == (not learned)
    if learned:
        ((lower, upper),) = INTERVAL.findall(sentence)
        printed = [float(end.replace("−", "-")) for end in (lower, upper)]
        assert printed == pytest.approx([low, high], abs=6e-5)
    if len(learned) > 1:
        assert (" ahead, ROC AUC" in sentence) == (found["beyond_chance"] is False)
        assert ("not told apart" in sentence) == (found["beyond_chance"] is False)
    if low <= 0:
        assert found["beyond_chance"] is False
