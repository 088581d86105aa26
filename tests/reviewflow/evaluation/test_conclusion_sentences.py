"""Sentences of conclusions read back from run.json."""

import json

import pytest

from reviewflow.evaluation.conclusion_sentences import conclusion_sentence, p_text
from reviewflow.evaluation.conclusions import draw_conclusions
from tests.reviewflow.evaluation.test_conclusions import RATES, made_comparisons


def test_a_sentence_follows_from_the_entry_alone() -> None:
    (found,) = draw_conclusions(RATES, made_comparisons(0.72, 0.958, 0.952, low=0.003))
    stored = json.loads(json.dumps({k: v for k, v in found.items() if k != "sentence"}))
    assert conclusion_sentence(stored) == found["sentence"]


@pytest.mark.parametrize(
    ("p", "text"), [(0.0, "< 0.001"), (0.00099, "< 0.001"), (0.0304, "0.030"), (0.25, "0.25")]
)
def test_p_has_the_digits_that_matter(p: float, text: str) -> None:
    assert p_text(p) == text


def test_too_few_rows_are_not_judged() -> None:
    figures = made_comparisons(0.5, 0.958, 0.952, low=0.003)
    for pair in figures["pairs"]:
        pair["roc_auc"] |= {"low": None, "high": None, "p": 1.0}
    (found,) = draw_conclusions(RATES[1:], figures)
    assert "on too few rows to judge it" in found["sentence"]
    assert found["beyond_chance"] is False
