"""Words are marked in a review's own text, whatever the normalisation made of them."""

import pytest

from reviewflow.reporting.examples.highlight import (
    marked_characters,
    marked_pieces,
    token_positions,
    token_pulls,
)


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


@pytest.mark.parametrize(
    ("tokens", "pulls", "marked"),
    [
        ("it 's not ' bad ', do n't go ! ( 7 / 10 )",
         {"n't": -1, "bad ',": 2, "7 / 10": 3, "!": -4, "'s": 5, ")": 6},
         {"'s": 5, "bad": 2, "',": 2, "n't": -1, "!": -4, "7": 3, "/": 3, "10": 3, ")": 6}),
        ("it's not ' bad ', don't go ! ( 7 / 10 )",
         {"don't": -1, "! * 7": 2},
         {"Don't": -1, "!": 2, "7": 2}),
        ("it 's not bad do n't go 7 10", {"do n't": -1}, {"Do": -1, "n't": -1}),
        ("it's not bad don't go 7 10", {"don't * 7": -1}, {"Don't": -1, "7": -1}),
    ],
)  # fmt: skip
def test_punctuation_and_parts_of_contractions_are_marked(
    tokens: str, pulls: dict[str, float], marked: dict[str, float]
) -> None:
    text = "It's not 'bad', Don't go! (7/10)"
    pieces = marked_pieces(text, tokens.split(), pulls, skip_bigrams=True)
    assert "".join(piece for piece, _ in pieces) == text
    assert {piece: pull for piece, pull in pieces if pull} == marked


def test_the_longest_term_speaks_for_a_token() -> None:
    assert token_pulls(["not", "very", "good"], {"not very": 1, "very": 2, "good": 3}) == {
        0: 1,
        1: 1,
        2: 3,
    }


def test_a_skip_bigram_marks_its_two_tokens() -> None:
    tokens = ["a", "good", "old", "film", "*", "good", "*", "film"]
    pulls = {"good * film": 2, "film": 1, "good \\* film": 3, "a": 4}
    plain = {"good * film": 2, "film": 1}
    assert token_pulls(tokens, pulls, skip_bigrams=True) == {0: 4, 1: 2, 3: 2, 5: 3, 6: 3, 7: 3}
    assert token_pulls(tokens, plain) == {3: 1, 5: 2, 6: 2, 7: 2}


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


def test_words_with_apostrophes_of_print_and_combining_marks_are_marked() -> None:
    pieces = marked_pieces(
        "I don’t like cafe\u0301s मुझे.",
        ["i", "don't", "like", "cafés", "मुझे"],
        {"don't": 1.0, "मुझे": 2.0},
    )
    assert pieces == [
        ("I ", None),
        ("don’t", 1.0),
        (" like cafés ", None),
        ("मुझे", 2.0),
        (".", None),
    ]


def test_characters_of_terms_are_marked() -> None:
    pulls = {"不好": -2.0, "好": 1.0, "店": 3.0, "no": 0.5}
    pieces = marked_characters("酒店不好，好。NO", pulls)
    assert [(piece, pull) for piece, pull in pieces if pull] == [
        ("店", 3.0), ("不", -2.0), ("好", -2.0), ("好", 1.0), ("N", 0.5), ("O", 0.5),
    ]  # fmt: skip
    assert "".join(piece for piece, _ in pieces) == "酒店不好，好。NO"
    long = marked_characters("字" * 500 + "店" + "字" * 500, pulls)
    assert sum(len(piece) for piece, _ in long) < 100
