"""Test which variants differ in one setting, and titles of settings."""

from typing import Any

import pytest

from reviewflow.evaluation.ablation import find_factors, value_title


def test_a_factor_is_what_alone_differs() -> None:
    factors = find_factors(
        [
            {"train.learning_rate": 0.01, "train.activation": "relu", "train.seed": 0},
            {"train.learning_rate": 0.1, "train.activation": "relu", "train.seed": 1},
            {"train.learning_rate": 0.1, "train.activation": "tanh", "train.seed": 2},
            {"train.learning_rate": 0.01, "train.activation": "relu", "train.seed": 3},
        ]
    )
    assert [(f.name, f.values, f.variants) for f in factors] == [
        ("train.learning_rate", (0.01, 0.1), (0, 1)),
        ("train.activation", ("relu", "tanh"), (1, 2)),
    ]


def test_two_settings_that_change_together_say_nothing_of_either() -> None:
    both = [{"a.x": 1, "a.y": 1}, {"a.x": 2, "a.y": 2}]
    assert find_factors(both) == []


@pytest.mark.parametrize(
    ("name", "value", "title"),
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
def test_titles_of_values(name: str, value: Any, title: str) -> None:
    assert value_title(name, value) == title


def test_ngrams_of_characters_are_called_so() -> None:
    title = value_title("vectorize.ngram_range", [1, 2], "char")
    assert title == "single characters and pairs"
