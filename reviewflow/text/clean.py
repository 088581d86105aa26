"""The slow, general way from a text to its tokens: lower case, HTML, then a regular expression."""

import html
import re

# A tag opens with a letter (`a < b` and `<3` are no tags) and holds no other `<` or `>`: each
# search ends at the next one, so that the time stays linear. Comments and doctypes go too.
TAG = re.compile(r"<(?:/?[A-Za-z][A-Za-z0-9:-]*(?:[ \t\n\r\f\v/][^<>]*)?|[!?][^<>]*)>")

# `html.unescape` hands the digits to `int`, which refuses more than 4,300 of them.
ENDLESS_ENTITY = re.compile(r"&#[0-9]{1000,};?")


def cleaned(text: str, lowercase: bool, strip_html: bool) -> str:
    """The text in lower case, a space in the place of each HTML tag, entities decoded.

    Tags go before entities are decoded: ``&lt;b&gt;`` is a text about a tag.
    """
    if lowercase:
        text = text.lower()
    if strip_html:
        if "<" in text:
            text = TAG.sub(" ", text)
        if "&" in text:
            text = html.unescape(ENDLESS_ENTITY.sub("\ufffd", text))
            if lowercase:  # &#65; is a capital letter
                text = text.lower()
    return text


def tokens_of(text: str, pattern: re.Pattern[str], lowercase: bool, strip_html: bool) -> list[str]:
    """The tokens of one text: all non-empty matches of the pattern (of its group if it has one)."""
    return [token for token in pattern.findall(cleaned(text, lowercase, strip_html)) if token]
