"""The result in a sentence: what a run is praised for, and what it is not."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewflow.reporting.page.headline import headline_sentence, selection_note
from reviewflow.reporting.page.metric_notes import flattery_note
from reviewflow.reporting.page.result import result_lines
from reviewflow.reporting.page.variant_table import variant_rows

SHARES = st.floats(0, 1).map(lambda share: round(share, 4))
CLASSES = [{"name": "bad", "train": 70}, {"name": "good", "train": 30}]


def run(*names: str, on: str = "validation", **changes: Any) -> dict[str, Any]:
    """A completed run of some variants, the first of which is the best."""
    figures = {"accuracy": 0.89, "roc_auc": 0.95, "log_loss": 0.3, "f1": 0.8}
    metrics = {split: figures | {"rows": 2000} for split in ("train", "validation", "test")}
    metrics["test"]["rows"] = 5002
    variants = [
        {"name": name, "key": name, "state": "ran", "kind": "learned", "metrics": metrics}
        for name in names
    ]
    best = {"variant": names[0], "chosen_on": on, "metric": "roc_auc"}
    majority = {"name": "majority class", "metrics": {"test": {"accuracy": 0.7}}}
    content = {"variants": variants, "best": best, "baselines": [majority], "learned": True}
    return content | {"state": "completed", "data": {"classes": CLASSES}} | changes


def sentence_of(content: dict[str, Any], data: dict[str, Any] | None = None) -> str:
    return result_lines(content, data or {})[0]


def test_the_best_of_several_says_where_it_was_chosen() -> None:
    ends = {"mean": 0.95, "low": 0.94012, "high": 0.96049}
    compared = {"variants": [{"group": 0, "roc_auc": ends}]}
    content = run("a", "b")
    assert sentence_of(content, {"comparisons": compared}) == (
        "a is the best of 2 variants: ROC AUC 0.950 (95 %: 0.940 to 0.960) and accuracy 0.890 on "
        "5,002 test rows, chosen on 2,000 validation rows."
    )
    assert sentence_of(run("a", "b", on="test")).endswith("test rows that it was chosen on.")
    content["variants"][0]["metrics"]["test"]["classes"] = [{}] * 3
    assert "macro ROC AUC 0.950 and accuracy" in sentence_of(content)
    content["variants"][0]["metrics"]["test"]["classes"] = None
    content["best"]["metric"] = "f1"
    assert "F1 0.800, ROC AUC 0.950 and accuracy 0.890" in sentence_of(content)


def test_a_headline_leaves_interval_and_rows_to_the_line_below() -> None:
    content = run("a", "b")
    rows = variant_rows(content)
    assert headline_sentence(content, rows[0], rows, (), ()) == (
        "a is the best of 2 variants: ROC AUC 0.950 and accuracy 0.890."
    )


def test_a_wide_interval_stays_in_the_headline() -> None:
    ends = {"mean": 0.95, "low": 0.482, "high": 0.992}
    content = run("a")
    rows = variant_rows(content, {"comparisons": {"variants": [{"group": 0, "roc_auc": ends}]}})
    assert headline_sentence(content, rows[0], rows, (), ()) == (
        "a: ROC AUC 0.950 (95 %: 0.482 to 0.992) and accuracy 0.890 on 5,002 test rows."
    )
    note = selection_note(content, rows[0], rows)
    assert note == "The interval is wide: more test rows would tell more."


def test_several_variants_without_rows_to_choose_on() -> None:
    content = run("a", "b")
    content["best"] |= {"chosen_on": None, "metric": None}
    assert sentence_of(content) == "a: ROC AUC 0.950 and accuracy 0.890 on 5,002 test rows."


def test_one_variant_was_not_chosen() -> None:
    content = run("a")
    assert sentence_of(content) == "a: ROC AUC 0.950 and accuracy 0.890 on 5,002 test rows."
    rows = variant_rows(content)
    assert selection_note(content, rows[0], rows) == "Measured on 5,002 test rows."
    ends = {"mean": 0.95, "low": 0.94012, "high": 0.96049}
    content["variants"][0]["repeats"] = [{"seed": seed} for seed in range(3)]
    rows = variant_rows(content, {"comparisons": {"variants": [{"group": 0, "roc_auc": ends}]}})
    assert selection_note(content, rows[0], rows) == (
        "Measured on 5,002 test rows (95 % of ROC AUC: 0.940 to 0.960), as means of 3 seeds."
    )


@pytest.mark.parametrize(
    ("on", "words"),
    [
        ("test", "on these same rows (select.on: test), which flatters it a little."),
        ("validation", "chosen by ROC AUC on 2,000 other rows (validation)."),
    ],
)
def test_the_note_says_on_which_rows_the_best_was_chosen(on: str, words: str) -> None:
    content = run("a", "b", on=on)
    rows = variant_rows(content)
    assert words in selection_note(content, rows[0], rows)


def test_the_note_holds_the_choices_rows_against_the_test_rows() -> None:
    content = run("a", "b", "c")
    for variant, area in zip(content["variants"], (0.9625, 0.951, 0.945), strict=True):
        figures = variant["metrics"]["validation"]
        variant["metrics"] = {**variant["metrics"], "validation": {**figures, "roc_auc": area}}
    rows = variant_rows(content)
    assert flattery_note(content, rows) == (
        "On the validation rows, ROC AUC of the best variant is 0.0125 above its figure on the "
        "test rows. That of 2 others is on average 0.0020 below."
    )
    content["variants"][0]["metrics"]["validation"]["roc_auc"] = None
    rows = variant_rows(content)
    assert flattery_note(content, rows) == ""
    assert flattery_note(run("a", "b", on="test"), rows) == ""
    assert flattery_note(run("a", "b"), variant_rows(run("a", "b"))) == "", "no gap, no sentence"


@given(SHARES, SHARES, st.sampled_from([("a",), ("a", "b")]))
def test_a_variant_below_the_majority_is_never_praised(
    accuracy: float, majority: float, names: tuple[str, ...]
) -> None:
    content = run(*names)
    content["variants"][0]["metrics"]["test"]["accuracy"] = accuracy
    content["baselines"][0]["metrics"]["test"]["accuracy"] = majority
    sentence = sentence_of(content)
    praised = sentence.startswith("a")
    assert praised == (accuracy >= majority)
    if not praised:
        assert sentence.startswith("Always answering bad is right more often than a")
        assert "(ROC AUC 0.950)" in sentence
        ours, theirs = sentence.split(": ")[1].split(" of ")[0].split(" against ")
        assert float(ours) > float(theirs)


def test_of_many_variants_of_a_kind_a_few_are_named() -> None:
    content = run(*"abcdefg")
    for variant in content["variants"]:
        variant["kind"] = "overfits"
    assert result_lines(content, {})[1] == "7 of 7 variants overfit: a, b and 5 others."


@pytest.mark.parametrize("best", ["a", None])
def test_no_variant_learned(best: str | None) -> None:
    content = run("a", "b", learned=False)
    content["variants"][0] |= {"kind": "did not learn", "diagnosis": "Did not learn; try more."}
    content["best"] = best and content["best"]
    rows = variant_rows(content)
    chosen = next((row for row in rows if row.best), None)
    assert headline_sentence(content, chosen, rows, (), ()) == (
        "No variant learned: none of 2 beats always answering bad beyond chance, which is right "
        "for 0.700 of the test rows."
    )
    assert selection_note(content, chosen, rows) == "a did not learn; try more."
    alone = sentence_of(run("a", learned=False))
    assert alone.startswith("a did not learn: it does not beat always answering bad")


def test_every_kind_but_learned_is_listed() -> None:
    content = run("a", "b", "c", "d")
    assert result_lines(content, {})[1] == "All variants learned."
    for variant, kind in zip(
        content["variants"], ("overfits", "diverged", "learned", "overfits"), strict=True
    ):
        variant["kind"] = kind
    assert result_lines(content, {})[1] == (
        "1 of 4 variants diverged: b; 2 of 4 variants overfit: a and d."
    )
    content["variants"][2]["kind"] = "a new kind"
    assert "1 of 4 variants a new kind: c" in result_lines(content, {})[1]
    assert result_lines(run("a"), {})[1] == "It learned."


def test_a_seed_that_failed_is_named_beside_its_variant() -> None:
    content = run("a", "b")
    figures = {"validation": {"accuracy": 0.54}}
    content["variants"][1]["repeats"] = [
        {"kind": kind, "metrics": figures} for kind in ("learned", "did not learn", "learned")
    ]
    assert result_lines(content, {})[1] == "“b”: 1 of 3 seeds did not learn (accuracy 0.540)."
