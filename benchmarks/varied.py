"""More reviews than there are: the real ones over and over, with words dropped and swapped."""

import csv
import random
from pathlib import Path

SEED = 7
DROPPED, SWAPPED = 3, 3
Reviews = list[list[str]]


def varied_reviews(path: Path, count: int) -> Reviews:
    """Real reviews as they are and then, as often as it takes, each time varied otherwise."""
    generator = random.Random(SEED)
    with path.open(encoding="utf-8", newline="") as file:
        _, *records = csv.reader(file)
    varied = (
        [_varied(text, generator), label]
        for number in range(len(records), count)
        for text, label in (records[number % len(records)],)
    )
    return [*records[:count], *varied]


def _varied(text: str, generator: random.Random) -> str:
    """A text without some of its words, some others having changed places."""
    words = text.split()
    for _ in range(DROPPED):
        if len(words) > 1:
            del words[int(generator.random() * len(words))]
    for _ in range(SWAPPED):
        one, other = (int(generator.random() * len(words)) for _ in range(2))
        words[one], words[other] = words[other], words[one]
    return " ".join(words)


def write_reviews(path: Path, reviews: Reviews) -> None:
    """Write reviews as a CSV file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["review", "sentiment"])
        writer.writerows(reviews)
