"""What a report says of single words and reviews, and the stage that works it out."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reviewflow.context import Context
from reviewflow.reporting.charts.calibration import calibration_curve, wilson_interval
from reviewflow.reporting.examples.explanations import Mistake as Wrong
from reviewflow.reporting.examples.explanations import most_confident_mistakes, strongest_words
from reviewflow.reporting.examples.highlight import marked_pieces, token_positions, token_pulls
from reviewflow.reporting.examples.samples import sample_reviews
from reviewflow.reporting.stage import write_report_data
from tests.reviewflow.reporting.example import BAD, GOOD, Example, example


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Example:
    return example(tmp_path_factory.mktemp("run"), {"relu": "a", "tanh": "b"}, rows=900)


def told(made: Example, name: str) -> object:
    return json.loads((made.charts / f"{name}.json").read_text())


def test_words_pull_as_the_network_was_built(made: Example) -> None:
    words = told(made, "words")
    assert isinstance(words, dict)
    assert {word["term"] for word in words["positive"]} == set(GOOD)
    assert {word["term"] for word in words["negative"]} == set(BAD)
    # a word's value is 0.5, its weight 2, and what is above passes it on: 0.5 · 2 · ±1
    assert {word["pull"] for word in words["positive"]} == {1.0}
    assert {word["pull"] for word in words["negative"]} == {-1.0}


def test_mistakes_are_the_rows_that_say_the_other_thing(made: Example) -> None:
    mistakes = told(made, "mistakes")
    assert isinstance(mistakes, list)
    assert [one["label"] for one in mistakes] == ["negative"] * 4 + ["positive"] * 4
    for one in mistakes:
        wrong_way = set(GOOD if one["label"] == "negative" else BAD)
        assert {text for text, pull in one["pieces"] if pull} <= wrong_way
        assert any(pull for _, pull in one["pieces"])
        assert (one["probability"] > 0.5) == (one["label"] == "negative")


def test_a_step_repeated_writes_the_same_bytes(made: Example, tmp_path: Path) -> None:
    folders = {name: made.charts.parent / name for name in ("features", "tokens")}
    parts = {name: tuple(sorted(folder.iterdir())) for name, folder in folders.items()}
    vocabulary = (made.charts.parent / "vocabulary",)
    write_report_data(
        **made.inputs, **parts, vocabularies=vocabulary, seed=3, folder=tmp_path, context=Context()
    )
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == sorted(path.name for path in made.charts.iterdir())
    for name in files:
        assert (tmp_path / name).read_bytes() == (made.charts / name).read_bytes(), name


def test_a_review_of_each_class_is_drawn_by_the_seed(tmp_path: Path) -> None:
    folders = {name: [tmp_path / name / str(p) for p in (0, 1)] for name in ("r", "s", "t")}
    for part in (0, 1):
        for name in folders:
            folders[name][part].mkdir(parents=True)
        texts = [f"part {part} row {row}" for row in range(50)]
        labels = pa.array([None if row == 0 else row % 2 for row in range(50)], pa.int8())
        sides = pa.array(["test" if row > 40 else "train" for row in range(50)])
        tokens = [text.split() for text in texts]
        files = {"r": "reviews", "s": "split", "t": "tokens"}
        tables = (
            {"text": texts, "label": labels},
            {"split": sides.dictionary_encode()},
            {"tokens": tokens},
        )
        for (name, file), columns in zip(files.items(), tables, strict=True):
            pq.write_table(pa.table(columns), folders[name][part] / f"{file}.parquet")

    def drawn(seed: int) -> list[str]:
        found = sample_reviews(folders["r"], folders["s"], folders["t"], seed)
        assert [one["label"] for one in found] == ["negative", "positive"]
        for one in found:
            row = int(one["text"].split()[-1])
            assert 0 < row <= 40, "a labelled training row"
            assert row % 2 == (one["label"] == "positive")
            assert one["tokens"] == one["text"].split()
        return [one["text"] for one in found]

    assert drawn(1) == drawn(1)
    texts = [text for seed in range(40) for text in drawn(seed)]
    assert len(set(texts)) > 25
    assert {text.split()[1] for text in texts} == {"0", "1"}


@pytest.mark.parametrize(
    ("words", "tokens", "wanted"),
    [
        ("The movies were bad", "the movie be bad", {0: 0, 1: 1, 3: 3}),
        ("Happiness, at last", "happi last", {0: 0, 2: 1}),
        ("not a word of it", "word", {2: 0}),
        ("10 of 10", "ten of ten", {1: 1}),
        ("", "a", {}),
    ],
)
def test_words_find_their_tokens(words: str, tokens: str, wanted: dict[int, int]) -> None:
    assert token_positions(words.replace(",", "").split(), tokens.split()) == wanted


def test_marks_stand_in_the_text_as_it_was() -> None:
    text = "An <i>awfully</i> bad film.<br /><br />Not good &amp; not short!"
    tokens = ["an", "i", "awfulli", "i", "bad", "film", "not", "good", "amp", "not", "short"]
    pieces = marked_pieces(text, tokens, {"awfulli": -1.0, "not good": -0.5, "missing": 2.0})
    assert "".join(piece for piece, _ in pieces) == text.replace("<br /><br />", " ")
    assert [(piece, pull) for piece, pull in pieces if pull] == [
        ("awfully", -1.0),
        ("Not", -0.5),
        ("good", -0.5),
    ]


def test_the_longest_term_speaks_for_a_token() -> None:
    assert token_pulls(["not", "very", "good"], {"not very": 1, "very": 2, "good": 3}) == {
        0: 1,
        1: 1,
        2: 3,
    }


def test_a_long_text_is_told_around_its_strongest_marks() -> None:
    words = [f"w{number}" for number in range(3000)]
    pulls = {"w50": 0.1, "w2000": 3.0, "w2999": 2.0}
    pieces = marked_pieces(" ".join(words), words, pulls)
    shown = "".join(piece for piece, _ in pieces)
    assert shown.startswith(" … w42 ")
    assert shown.endswith(" w2999")
    assert {piece for piece, pull in pieces if pull} == set(pulls)
    assert len(shown.split()) < 60
    crowd = marked_pieces(" ".join(words), words, dict.fromkeys(words, 1.0))
    assert len("".join(piece for piece, _ in crowd).split()) < 130


def test_rare_words_are_not_called_strong() -> None:
    sums, counts = np.array([9.0, 40.0, -80.0, 0.0]), np.array([1, 40, 40, 0])
    assert strongest_words(list("abcd"), sums, counts, 400, 1) == [
        {"term": "b", "pull": 1.0, "rows": 40}
    ]
    assert [word["term"] for word in strongest_words(list("abcd"), sums, counts, 400, -1)] == ["c"]


def test_the_surest_of_each_class_stay() -> None:
    none = np.zeros(0)
    margins = {row: (-1) ** (row % 2) * row / 10 for row in range(1, 30)}
    wrong = [Wrong(0, row, row % 2, m, m, none, none) for row, m in margins.items()]
    assert [one.row for one in most_confident_mistakes(wrong)] == [28, 26, 24, 22, 29, 27, 25, 23]


def test_calibration_of_probabilities_that_mean_what_they_say() -> None:
    generator = np.random.default_rng(3)
    probabilities = generator.random(20_000).astype(np.float32)
    labels = (generator.random(20_000) < probabilities).astype(np.int8)
    found = calibration_curve(labels, probabilities)
    assert found.error < 0.02
    assert ((found.low <= found.predicted) & (found.predicted <= found.high)).sum() >= 8
    doubtful = calibration_curve(labels, (0.25 + probabilities / 2).astype(np.float32))
    assert doubtful.error == pytest.approx(0.125, abs=0.01)


def test_wilsons_interval_is_scipys() -> None:
    from scipy.stats import binomtest

    for right, rows in ((0, 10), (3, 10), (499, 500)):
        wanted = binomtest(right, rows).proportion_ci(method="wilson")
        low, high = wilson_interval(np.array([right / rows]), np.array([rows]))
        assert (low[0], high[0]) == pytest.approx((wanted.low, wanted.high), abs=1e-6)
