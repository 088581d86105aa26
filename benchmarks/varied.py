"""Multiply the real reviews, with words dropped and swapped."""

import csv
import random
from collections.abc import Iterable, Iterator
from pathlib import Path

SEED = 7
DROPPED, SWAPPED = 3, 3
Reviews = list[list[str]]


def varied_reviews(path: Path, count: int) -> Iterator[list[str]]:
    """Yield ``count`` reviews: the real ones, then variations of them."""
    generator = random.Random(SEED)
    with path.open(encoding="utf-8", newline="") as file:
        _, *records = csv.reader(file)
    yield from records[:count]
    for number in range(len(records), count):
        text, label = records[number % len(records)]
        yield [_variation(text, generator), label]


def _variation(text: str, generator: random.Random) -> str:
    """Return a text with some words dropped and some others swapped."""
    words = text.split()
    for _ in range(DROPPED):
        if len(words) > 1:
            del words[int(generator.random() * len(words))]
    for _ in range(SWAPPED):
        one, other = (int(generator.random() * len(words)) for _ in range(2))
        words[one], words[other] = words[other], words[one]
    return " ".join(words)


def write_reviews(path: Path, reviews: Iterable[list[str]]) -> None:
    """Write reviews as a CSV file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["review", "sentiment"])
        writer.writerows(reviews)
