"""Words and mistakes as rows of text: fewer words of each of more classes."""

import pytest

from reviewflow.reporting.page.examples_view import class_words, mistake_examples, pull_text


@pytest.mark.parametrize(
    ("pull", "text"),
    [
        (1.47, "+1.47"),
        (-0.1, "−0.10"),
        (0.0993, "+0.099"),
        (-0.0123, "−0.012"),
        (0.00123, "+0.0012"),
        (0.0, "+0.0000"),
    ],
)
def test_a_pull_has_two_digits_that_count(pull: float, text: str) -> None:
    assert pull_text(pull) == text


@pytest.mark.parametrize(("classes", "most"), [(2, 15), (3, 10), (6, 10), (7, 5)])
def test_more_classes_have_fewer_words_each(classes: int, most: int) -> None:
    word = {"term": "fine", "pull": 0.4, "rows": 1200}
    words = [{"name": f"class {k}", "words": [word] * 15} for k in range(classes)]
    words[1]["words"] = []
    found = class_words({"words": {"classes": words}})
    assert [one.number for one in found] == [0, *range(2, classes)]
    assert {len(one.words) for one in found} == {most}
    assert (found[0].words[0].rows, found[0].words[0].share) == ("1,200", 1.0)


def test_a_mistake_names_both_classes() -> None:
    mistake = {
        "label": "bad\x1b", "predicted": "good", "of": "good", "probability": 0.93,
        "terms": [{"term": "fine", "pull": 0.031}], "pieces": [["a ", None], ["fine", 0.031]],
    }  # fmt: skip
    (one,) = mistake_examples({"mistakes": [mistake]})
    assert (one.label, one.predicted, one.of, one.probability) == ("bad␛", "good", "good", "0.930")
    assert one.marked_text == "a «fine»"
    assert one.terms == "fine +0.031"
