"""Find the base form of a word in WordNet's lists of nouns and verbs.

The rule is that of Morphy (https://wordnet.princeton.edu/documentation/morphy7wn) as NLTK's
``WordNetLemmatizer`` applies it, with the same result for every word. It reads four of the files of
WordNet 3.0 (Princeton University, see wordnet.LICENSE), which wordnet.zip holds unchanged: a tenth
of a second and 30 MB, where loading all of WordNet takes several seconds and 300 MB.
"""

from __future__ import annotations

import hashlib
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from reviewflow.errors import InputError

ARCHIVE = Path(__file__).with_name("wordnet.zip")
FILES = ("index.noun", "noun.exc", "index.verb", "verb.exc")
DAMAGES = (OSError, KeyError, RuntimeError, ValueError, zipfile.BadZipFile, zlib.error)
FIRST_WORD = re.compile("^[^ ]+", re.MULTILINE)  # the lines of the licence begin with a space

# By the last letter of a word: (ending, replacement), in the order of Morphy.
ENDINGS = {
    "noun": {
        "s": (
            ("s", ""), ("ses", "s"), ("ves", "f"), ("xes", "x"), ("zes", "z"),
            ("ches", "ch"), ("shes", "sh"), ("ies", "y"),
        ),
        "n": (("men", "man"),),
    },
    "verb": {
        "s": (("s", ""), ("ies", "y"), ("es", "e"), ("es", "")),
        "d": (("ed", "e"), ("ed", "")),
        "g": (("ing", "e"), ("ing", "")),
    },
}  # fmt: skip


@dataclass(frozen=True)
class PartOfSpeech:
    """The words of one part of speech, and how its endings change.

    Attributes
    ----------
    words : base forms.
    exceptions : irregular form → its base forms.
    endings : last letter → pairs of an ending and its replacement.
    """

    words: frozenset[str]
    exceptions: dict[str, tuple[str, ...]]
    endings: dict[str, tuple[tuple[str, str], ...]]

    def base_form(self, word: str) -> str:
        """Return the shortest base form of the word, or the word if it has none."""
        forms: Sequence[str] | None = self.exceptions.get(word)
        if forms is None:
            endings = self.endings.get(word[-1:])
            if endings is None:
                return word
            forms = [word[: -len(ending)] + new for ending, new in endings if word.endswith(ending)]
        shortest = word if word in self.words else None
        for form in forms:
            if form in self.words and (shortest is None or len(form) < len(shortest)):
                shortest = form
        return shortest or word


@lru_cache(maxsize=2)
def part_of_speech(name: Literal["noun", "verb"]) -> PartOfSpeech:
    """Return WordNet's nouns or verbs, read once in a process.

    Raises
    ------
    InputError
        If the archive is missing or damaged.
    """
    with _archive() as archive:
        index = archive.read(f"index.{name}").decode()
        exceptions = archive.read(f"{name}.exc").decode().splitlines()
    return PartOfSpeech(
        words=frozenset(FIRST_WORD.findall(index)),
        exceptions={form: tuple(bases) for form, *bases in map(str.split, exceptions)},
        endings=ENDINGS[name],
    )


def wordnet_digest() -> str:
    """Return a digest of the four files' content, without unpacking them.

    It does not depend on their compression. It is made of their sizes and CRC-32 checksums, which
    the archive lists, and which reading a file compares with its content.

    Raises
    ------
    InputError
        If the archive is missing or damaged.
    """
    with _archive() as archive:
        entries = [archive.getinfo(name) for name in FILES]
    lines = [f"{entry.filename} {entry.file_size} {entry.CRC:08x}" for entry in entries]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@contextmanager
def _archive() -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(ARCHIVE) as archive:
            yield archive
    except DAMAGES as error:
        raise InputError(
            f"WordNet, which normalize.reduce: lemma needs, cannot be read from {ARCHIVE} "
            f"({error}); install reviewflow again, or choose normalize.reduce: stem."
        ) from None
