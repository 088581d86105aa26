"""Classes: found from the words of the files, or given by a map."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewflow.config.sections import MOST_CLASSES, Ingest
from reviewflow.errors import InputError
from reviewflow.reviews.classes import class_names, find_labels, sort_labels
from tests.conftest import write_reviews


def ingest_of(path: Path, words: list[str]) -> Ingest:
    write_reviews(path, [(f"text {number}", word) for number, word in enumerate(words)])
    return Ingest(path=str(path), labels="auto")


def test_numbers_are_in_the_order_of_their_values(tmp_path: Path) -> None:
    words = ["10", "9", "1.5", "10", ""]
    assert find_labels(ingest_of(tmp_path / "a.csv", words)) == {"1.5": 0, "9": 1, "10": 2}
    words = ["good", "bad", "9", "good"]
    assert find_labels(ingest_of(tmp_path / "b.csv", words)) == {"9": 0, "bad": 1, "good": 2}


def test_the_test_file_counts_too(tmp_path: Path) -> None:
    ingest = ingest_of(tmp_path / "a.csv", ["a", "b"])
    path = write_reviews(tmp_path / "b.csv", [("text", "c")])
    both = ingest.model_copy(update={"test_path": str(path)})
    assert find_labels(both) == {"a": 0, "b": 1, "c": 2}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["same", "same"], "holds 'same' alone, and a classifier needs at least two classes"),
        (["", ""], "is empty, and a classifier needs at least two classes"),
        ([f"{n}" for n in range(MOST_CLASSES + 1)], "holds more than 100 different labels ('0', "),
    ],
)
def test_what_cannot_be_classes_is_a_sentence(
    words: list[str], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as caught:
        find_labels(ingest_of(tmp_path / "reviews.csv", words))
    assert sentence in str(caught.value)
    assert "column 'sentiment'" in str(caught.value)


@given(st.dictionaries(st.text(min_size=1), st.integers(0, 4), min_size=1))
def test_every_word_is_in_the_name_of_its_class(labels: dict[str, int]) -> None:
    names = class_names(labels)
    assert len(names) == max(labels.values()) + 1
    assert all(word in names[label] for word, label in labels.items())


@given(st.sets(st.one_of(st.integers(-99, 99).map(str), st.floats(-9, 9).map(str))))
def test_sorting_numbers_is_by_value(words: set[str]) -> None:
    values = [float(word) for word in sort_labels(words)]
    assert values == sorted(values)
