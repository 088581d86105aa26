"""The compiled tokeniser and the general one give what Python's own `re` and `html` give."""

import re
import sys
import time
import unicodedata
from itertools import product
from typing import Literal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from reviewflow.config.sections import Normalize
from reviewflow.errors import InputError
from reviewflow.text.clean import combining_marks
from reviewflow.text.compiled_scan import COMBINING
from reviewflow.text.normalize import normalize_texts
from reviewflow.text.tokens import COMPILED_PATTERNS, letter_table, token_stream
from tests.reviewflow.text.reviews import as_array, every_review, plain_tokens, real_reviews

PATTERNS = [*COMPILED_PATTERNS, r"[a-z]{2,}", r"\b([A-Za-z]+)\d*\b", r"\S+", r"\d*"]

# Pieces in which tags, entities, apostrophes and odd letters meet more often than by chance.
MARKUP = [
    *("<", ">", "<br />", "</p>", "<!--", "<a\thref='x'", "<3", "<\u212abd>", "/", "-", ":", ";"),
    *("&", "&amp;", "&#65;", "&#x130;", "&lt;b&gt;", "&eacute", "&nosuch;", "&#", "'", "’"),
    *("don't", "o'", "_", "Abc", "12", " ", "\n"),
]
LETTERS = [
    *("İ", "Σ", "ΟΔΟΣ", "\u212a", "ẞ", "ß", "Ⱥ", "é", "e\u0301", "漢字", "שלום", "مرحبا", "٣"),
    *("½", "😀", "👩\u200d👩\u200d👧", "𝐀", "𐐀", "\0", "\u2028", "\u00ad", "\ufeff"),
]
PIECES = st.one_of(
    st.text(max_size=5),
    st.text(st.characters(categories=["L", "N", "M", "P", "So"]), max_size=4),
    st.sampled_from([*MARKUP, *LETTERS]),
)
TEXTS = st.lists(PIECES, max_size=12).map("".join)


def rows_of(texts: list[str | None], options: Normalize) -> list[list[str]]:
    stream = token_stream(
        as_array(texts), options.token_pattern, options.lowercase, options.strip_html
    )
    words = [stream.words[code] for code in stream.codes]
    return [words[a:b] for a, b in zip(stream.offsets, stream.offsets[1:], strict=False)]


@settings(max_examples=400, deadline=None)
@given(
    texts=st.lists(st.none() | TEXTS, max_size=6),
    pattern=st.sampled_from(PATTERNS),
    lowercase=st.booleans(),
    strip_html=st.booleans(),
)
def test_any_text_comes_out_as_the_plain_version_has_it(
    texts: list[str | None], pattern: str, lowercase: bool, strip_html: bool
) -> None:
    options = Normalize(token_pattern=pattern, lowercase=lowercase, strip_html=strip_html)
    expected = [plain_tokens(text, options) if text else [] for text in texts]
    assert rows_of(texts, options) == expected


@pytest.mark.parametrize("pattern", list(COMPILED_PATTERNS))
@pytest.mark.parametrize("strip_html", [True, False])
def test_real_reviews_come_out_as_the_plain_version_has_them(
    pattern: str, strip_html: bool
) -> None:
    options = Normalize(token_pattern=pattern, strip_html=strip_html)
    reviews = list(real_reviews())
    assert rows_of(reviews, options) == [plain_tokens(text, options) for text in reviews]


@pytest.mark.parametrize(
    "pattern",
    [r"(?u)\b\w\w+\b", r"\w+(?:'\w+)*", r"\w+(?:'\w+)*|[^\w\s]+", r"\b(\w)\w*"],
)
def test_real_reviews_are_tokenised_as_by_scikit_learn(pattern: str) -> None:
    analyzer = CountVectorizer(token_pattern=pattern).build_analyzer()
    options = Normalize(token_pattern=pattern, strip_html=False, reduce="none")
    rows = normalize_texts(as_array(real_reviews()), options).to_pylist()
    assert rows == [analyzer(re.sub("[’‘]", "'", text)) for text in real_reviews()]


@pytest.mark.parametrize("punctuation", ["", r"|[^\w\s]+"])
def test_split_contractions_are_those_of_a_pattern_of_their_parts(punctuation: str) -> None:
    parts = r"\w+(?=n't\b)|n't\b|(?<=\w)'\w+|\w+" + punctuation
    analyzer = CountVectorizer(token_pattern=parts).build_analyzer()
    pattern = r"\w+(?:'\w+)*" + punctuation
    options = Normalize(
        token_pattern=pattern, contractions="split", strip_html=False, reduce="none"
    )
    rows = normalize_texts(as_array(real_reviews()), options).to_pylist()
    assert rows == [analyzer(re.sub("[’‘]", "'", text)) for text in real_reviews()]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", []),
        ("word", ["word"]),
        ("Don't stop", ["don't", "stop"]),
        ("rock 'n' roll '", ["rock", "n", "roll"]),
        ("good<br /><br />bad", ["good", "bad"]),
        ("a < b and b > c", ["a", "b", "and", "b", "c"]),
        ("I <3 it, 2<3 and more", ["i", "3", "it", "2", "3", "and", "more"]),
        ("open <b never closed", ["open", "b", "never", "closed"]),
        ('<a href="http://example.org/page?x=1">link</a>', ["link"]),
        ("<!-- hidden --> seen", ["seen"]),
        ("caf&eacute; &amp; bar&nbsp;x", ["café", "bar", "x"]),
        ("&lt;b&gt;", ["b"]),
        ("&#65;&#x42;C", ["abc"]),
        ("tab\tnew\\nline", ["tab", "new", "nline"]),
        ("İstanbul i\u0307stanbul I\u0307STANBUL &#304;", ["istanbul"] * 3 + ["i"]),
        ("I don’t, donʼt, don′t, don‘t, don&rsquo;t", ["i", *["don't"] * 5]),
        ("‘Fine’, he’s said", ["fine", "he's", "said"]),
        ("cafe\u0301 CAFÉ", ["café", "café"]),
        ("मुझे यह फ़िल्म बहुत पसंद आई।", ["मुझे", "यह", "फ\u093cिल्म", "बहुत", "पसंद", "आई"]),
        ("كِتَابٌ جَمِيلٌ", ["كِتَابٌ", "جَمِيلٌ"]),
        ("می\u200cخواهم خوب", ["می\u200cخواهم", "خوب"]),
        ("क्\u200dष \u200d x", ["क्\u200dष", "x"]),
        ("❤\ufe0f \u0301 ok", ["ok"]),
        ("ΟΔΟΣ ΣΑΣ", ["οδος", "σας"]),
        ("<\u212abd>x", ["x"]),
        ("日本語 العربية 😀 ok", ["日本語", "العربية", "ok"]),
    ],
)
def test_steps_come_in_their_order(text: str, tokens: list[str]) -> None:
    assert rows_of([text], Normalize()) == [tokens]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("good, but... why?!", ["good", ",", "but", "...", "why", "?!"]),
        ("\"it's 'fine'\" (7/10)", ['"', "it's", "'", "fine", "'\"", "(", "7", "/", "10", ")"]),
        ("well.<br />Oh<3 &c", ["well", ".", "oh", "<", "3", "&", "c"]),
        ("well.&#33; — 5★★", ["well", ".!", "—", "5", "★★"]),
        ("a_b Ⓐ\u2028-\0-", ["a_b", "ⓐ", "-\0-"]),
    ],
)
def test_runs_of_punctuation_are_tokens(text: str, tokens: list[str]) -> None:
    pattern = r"\w+(?:'\w+)*|[^\w\s]+"
    assert rows_of([text], Normalize(token_pattern=pattern)) == [tokens]


@pytest.mark.parametrize("lowercase", [True, False])
@pytest.mark.parametrize("punctuation", [True, False])
def test_letter_table_agrees_with_python_for_every_character(
    lowercase: bool, punctuation: bool
) -> None:
    word, space = re.compile(r"\w"), re.compile(r"\s")
    table = letter_table(lowercase, punctuation).tolist()
    for number, letter in enumerate(map(chr, range(sys.maxunicode + 1))):
        lower = letter.lower() if lowercase else letter
        if table[number] == -1:
            assert lowercase
            assert len(lower) > 1 or letter in "Σ\u212a"
        elif unicodedata.category(letter)[0] == "M" or letter in "\u200c\u200d":
            assert table[number] == COMBINING + number
        elif word.match(lower):
            assert table[number] == ord(lower)
        else:
            mark = punctuation and not space.match(lower)
            assert table[number] == (-2 - ord(lower) if mark else 0)


WORDS = st.from_regex(r"[^\W\u0130]{1,2}", fullmatch=True).flatmap(
    lambda letters: st.text(st.characters(categories=["Mn", "Mc", "Me"]), max_size=3).map(
        lambda marks: letters + marks
    )
)


@settings(max_examples=200, deadline=None)
@given(words=st.lists(WORDS, max_size=6), form=st.sampled_from(["NFC", "NFD"]))
@pytest.mark.parametrize("pattern", list(COMPILED_PATTERNS))
def test_words_with_marks_stay_whole_in_both_forms(
    pattern: str, words: list[str], form: Literal["NFC", "NFD"]
) -> None:
    text = unicodedata.normalize(form, " ".join(words)).replace("i\u0307", "i")
    options = Normalize(token_pattern=pattern, lowercase=False, strip_html=False)
    shortest = COMPILED_PATTERNS[pattern][1]
    expected = [word for word in unicodedata.normalize("NFC", text).split(" ") if word]
    letters = [word for word in expected if re.match(r"\w", word)]
    assert rows_of([text], options) == [[word for word in letters if len(word) >= shortest]]


def test_the_combining_marks_are_unicodes() -> None:
    expected = {chr(n) for n in range(sys.maxunicode + 1) if unicodedata.combining(chr(n))}
    assert expected < set(combining_marks())
    assert not re.search(r"[\w\s]", combining_marks())


def test_real_reviews_without_apostrophes_of_print_keep_their_tokens() -> None:
    """They are tokenised as scikit-learn does, and the others as it does the plain text."""
    analyzer = CountVectorizer(token_pattern=r"\w+(?:'\w+)*").build_analyzer()
    options = Normalize(strip_html=False, reduce="none")
    reviews = [text for text in every_review() if not text.isascii()]
    changed = [text for text in reviews if re.search("[’‘]", text)]
    assert len(reviews) > 1000 > 20 > len(changed) > 10
    rows = normalize_texts(as_array(reviews), options).to_pylist()
    assert rows == [analyzer(re.sub("[’‘]", "'", text)) for text in reviews]


def test_sliced_large_and_empty_arrays() -> None:
    texts = as_array(["skipped", None, "one two", "", "two three", "skipped"])
    for array in (texts, texts.cast(pa.large_string())):
        stream = token_stream(array.slice(1, 4), r"\w+", True, True)
        assert [stream.words[code] for code in stream.codes] == ["one", "two", "two", "three"]
        assert stream.offsets.tolist() == [0, 0, 2, 2, 4]
    assert token_stream(texts.slice(0, 0), r"\w+", True, True).offsets.tolist() == [0]
    assert token_stream(as_array([]), r"[a-z]+", True, True).offsets.tolist() == [0]


@pytest.mark.parametrize(
    "text",
    [
        *(piece * 100_000 for piece in ("<", "<a ", "<!--", "&", "'", "a'", "&lt", "&#x")),
        "&#" + "9" * 300_000,
        "<a" * 150_000 + "&amp;",
    ],
    ids=lambda text: text[:5],
)
@pytest.mark.parametrize("pattern", [r"\w+(?:'\w+)*", r"\w+|[^\w\s]+", r"[a-z0-9]+"])
def test_hostile_markup_takes_linear_time(text: str, pattern: str) -> None:
    token_stream(as_array(["warm"]), pattern, True, True)
    begun = time.process_time()
    token_stream(as_array([text]), pattern, True, True)
    assert time.process_time() - begun < 2  # quadratic time would take minutes


def test_a_text_of_100_000_tokens_and_many_distinct_ones() -> None:
    text = " ".join(f"word{number}" for number in range(100_000))
    stream = token_stream(as_array([text, "x", text]), r"\w+", True, True)
    assert len(stream.words) == 100_001
    assert stream.codes[:100_000].tolist() == stream.codes[100_001:].tolist()
    assert [stream.words[code] for code in stream.codes[:100_000]] == text.split()


def test_short_and_long_tokens_of_all_byte_lengths_are_told_apart() -> None:
    letters = ("a", "b", "0", "é", "漢", "𝐀")
    words = ["".join(word) for size in range(1, 6) for word in product(letters, repeat=size)]
    stream = token_stream(
        as_array([" ".join(words), " ".join(reversed(words))]), r"\w+", True, True
    )
    assert [stream.words[code] for code in stream.codes] == words + words[::-1]
    assert len(stream.words) == len(words)


@pytest.mark.parametrize("pattern", [r"\w+", r"[a-z]+"])
@pytest.mark.parametrize("content", [b"caf\xe9", b"\xf0\x9f", b"\xff", b"\xed\xa0\x80"])
def test_invalid_utf8_is_refused_in_a_sentence(content: bytes, pattern: str) -> None:
    offsets = pa.py_buffer(np.array([0, len(content)], np.int32))
    texts = pa.StringArray.from_buffers(1, offsets, pa.py_buffer(content))
    with pytest.raises(InputError, match="not valid UTF-8"):
        token_stream(texts, pattern, True, True)
