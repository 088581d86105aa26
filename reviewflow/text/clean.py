"""Clean and tokenise a text in Python: the general way, and the slow one."""

import html
import re
import sys
import unicodedata
from functools import lru_cache

# A tag opens with a letter (`a < b` and `<3` are not tags) and holds no other `<` or `>`. So each
# search ends at the next one, and the time stays linear. Comments and doctypes are tags as well.
TAG = re.compile(r"<(?:/?[A-Za-z][A-Za-z0-9:-]*(?:[ \t\n\r\f\v/][^<>]*)?|[!?][^<>]*)>")

# `html.unescape` hands the digits to `int`, which refuses more than 4,300 of them.
ENDLESS_ENTITY = re.compile(r"&#[0-9]{1000,};?")


# Signs that phones, word processors and keyboards write for an apostrophe: the right and the left
# single quotation mark, the modifier letter, the prime, the full-width one. Each is one code point.
APOSTROPHES = "\u2019\u2018\u02bc\u2032\uff07"
JOINERS = "\u200c\u200d"  # inside words of Persian and Hindi
# Lower case of \u0130 (I with a dot) is i with a combining dot, which no language writes.
DOTTED_I = re.compile("\u0130|i\u0307+")


def compose(text: str, lowercase: bool) -> str:
    """Return the text in Unicode's form NFC, with plain apostrophes.

    With ``lowercase`` a dotted I (\u0130) becomes i, and so does what ``str.lower`` makes of it.
    """
    if text.isascii():
        return text
    text = straight_apostrophes(unicodedata.normalize("NFC", text))
    if lowercase and ("\u0130" in text or "\u0307" in text):
        text = unicodedata.normalize("NFC", DOTTED_I.sub("i", text))
    return text


def straight_apostrophes(text: str) -> str:
    """Return a text of the same length whose apostrophes are those of ASCII."""
    for sign in APOSTROPHES:
        text = text.replace(sign, "'")
    return text


def hide_marks(text: str) -> str:
    r"""Return a text of the same length for patterns to match.

    Each combining mark after a character of a word is replaced by that character, since ``\w``
    matches no mark, and the vowels of Hindi and Arabic are marks.
    """
    if text.isascii():
        return text
    return _marks_in_words().sub(lambda match: match[1] * len(match[0]), text)


@lru_cache(maxsize=1)
def combining_marks() -> str:
    """Return Unicode's categories Mn, Mc and Me, and the joiners."""
    every = map(chr, range(sys.maxunicode + 1))
    marks = (each for each in every if unicodedata.category(each) in ("Mn", "Mc", "Me"))
    return "".join((*marks, *JOINERS))


@lru_cache(maxsize=1)
def _marks_in_words() -> re.Pattern[str]:
    return re.compile(rf"(\w)[{combining_marks()}]+")


def clean_text(text: str, lowercase: bool, strip_html: bool) -> str:
    """Return the composed text in lower case, without HTML tags and entities.

    A space replaces each tag. Entities are decoded after that, since ``&lt;b&gt;`` is a text about
    a tag.
    """
    text = compose(text, lowercase)
    if lowercase:
        text = text.lower()
    if strip_html:
        if "<" in text:
            text = TAG.sub(" ", text)
        if "&" in text:
            text = compose(html.unescape(ENDLESS_ENTITY.sub("\ufffd", text)), lowercase)
            if lowercase:  # &#65; is a capital letter
                text = text.lower()
    return text


def find_tokens(
    text: str, pattern: re.Pattern[str], lowercase: bool, strip_html: bool
) -> list[str]:
    """Return the tokens of a text: all non-empty matches of the pattern.

    If the pattern has a group, the group is the token. A combining mark in a word counts as the
    character before it.
    """
    cleaned = clean_text(text, lowercase, strip_html)
    shown = hide_marks(cleaned)
    if shown == cleaned:
        return [token for token in pattern.findall(cleaned) if token]
    group = min(pattern.groups, 1)
    spans = (match.span(group) for match in pattern.finditer(shown))
    return [cleaned[start:end] for start, end in spans if start < end]
