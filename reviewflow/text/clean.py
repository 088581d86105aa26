"""Clean and tokenise a text in Python: the general way, and the slow one."""

import html
import re

# A tag opens with a letter (`a < b` and `<3` are not tags) and holds no other `<` or `>`. So each
# search ends at the next one, and the time stays linear. Comments and doctypes are tags as well.
TAG = re.compile(r"<(?:/?[A-Za-z][A-Za-z0-9:-]*(?:[ \t\n\r\f\v/][^<>]*)?|[!?][^<>]*)>")

# `html.unescape` hands the digits to `int`, which refuses more than 4,300 of them.
ENDLESS_ENTITY = re.compile(r"&#[0-9]{1000,};?")


def clean_text(text: str, lowercase: bool, strip_html: bool) -> str:
    """Return the text in lower case, without HTML tags and entities.

    A space replaces each tag. Entities are decoded after that, since ``&lt;b&gt;`` is a text about
    a tag.
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


def find_tokens(
    text: str, pattern: re.Pattern[str], lowercase: bool, strip_html: bool
) -> list[str]:
    """Return the tokens of a text: all non-empty matches of the pattern.

    If the pattern has a group, the group is the token.
    """
    return [token for token in pattern.findall(clean_text(text, lowercase, strip_html)) if token]
