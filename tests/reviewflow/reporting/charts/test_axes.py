"""Labels of classes: one line, no wider than their place."""

from hypothesis import given
from hypothesis import strategies as st

from reviewflow.reporting.charts.axes import label_width, short_label


@given(st.text(), st.integers(2, 30))
def test_a_label_is_one_line_of_a_width(name: str, most: int) -> None:
    label = short_label(name, most)
    assert label_width(label) <= most
    assert "\n" not in label
    assert label.isprintable() or not name.isprintable()


def test_short_names_stay_and_wide_letters_count_twice() -> None:
    assert short_label("positive", 8) == "positive"
    assert short_label("very positive", 8) == "very…ive"
    assert short_label("Rotten Tomatoes positive", 13) == "Rotten…sitive"
    assert short_label("很好的评论", 8) == "很好…论"
    assert label_width("很好") == 4
