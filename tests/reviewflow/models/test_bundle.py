"""A bundle is whole or refused: any byte of any file may be wrong."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from safetensors.numpy import load_file, save

from reviewflow.errors import InputError
from reviewflow.models.bundle import (
    DESCRIPTION,
    FILES,
    FORMAT,
    NO_SPACES,
    VOCABULARY,
    WEIGHTS,
    read_bundle,
)
from reviewflow.store.files import sha256_of
from reviewflow.store.hashing import digest_of


@pytest.fixture
def copy(bundle: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "copy"
    shutil.copytree(bundle, folder)
    return folder


def rewrite(folder: Path, **changes: object) -> None:
    """Change the description and seal it again, as a stranger could."""
    path = folder / DESCRIPTION
    content = {**json.loads(path.read_text()), **changes}
    content.pop("digest")
    path.write_text(json.dumps({**content, "digest": digest_of(content)}))


def test_a_bundle_needs_nothing_but_its_folder(copy: Path, bundle: Path) -> None:
    (copy / "manifest.json").unlink()
    read = read_bundle(copy)
    assert read.digest == read_bundle(bundle).digest
    assert read.class_names == ("negative", "positive")
    assert {path.name for path in read.files} == {DESCRIPTION, *FILES}


def is_equal_json(one: bytes, other: bytes) -> bool:
    try:
        return bool(json.loads(one) == json.loads(other))
    except ValueError:
        return False


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_byte_that_was_changed_is_a_sentence(
    copy: Path, bundle: Path, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from([DESCRIPTION, *FILES]))
    whole = (bundle / name).read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        broken = whole[:place]
    else:
        other = data.draw(st.integers(0, 255).filter(lambda byte: byte != whole[place]))
        broken = whole[:place] + bytes([other]) + whole[place + 1 :]
    assume(name != DESCRIPTION or not is_equal_json(broken, whole))  # white space counts nothing
    (copy / name).write_bytes(broken)
    try:
        with pytest.raises(InputError) as caught:
            read_bundle(copy)
        assert str(caught.value).count("\n") == 0
        assert str(copy) in str(caught.value)
    finally:
        (copy / name).write_bytes(whole)


def test_white_space_in_the_description_changes_nothing(copy: Path, bundle: Path) -> None:
    path = copy / DESCRIPTION
    path.write_text(json.dumps(json.loads(path.read_text())))
    assert read_bundle(copy).digest == read_bundle(bundle).digest


def test_a_newer_format_says_what_to_do(copy: Path) -> None:
    rewrite(copy, format=FORMAT + 1)
    with pytest.raises(InputError, match=f"has format {FORMAT + 1}, and this version .* newer one"):
        read_bundle(copy)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"class_names": ["a", "b", "c"]}, "the weights do not fit"),
        ({"network": {"hidden": [5], "activation": "relu"}}, "the weights do not fit"),
        ({"normalize": {"reduce": "pickle"}}, "reduce"),
        ({"vectorize": {"unknown": 1}}, "unknown"),
        ({"files": {}}, "was changed"),
        ({"threshold": "high"}, "entry threshold is not a number"),
        ({"threshold": 1.5}, "threshold is not a probability"),
        ({"class_names": ["same", "same"]}, "no two classes"),
        ({"class_names": 2}, "entry class_names is not a list of texts"),
        ({"network": {"hidden": 5, "activation": "relu"}}, r"network\.hidden is not a list"),
        ({"network": {"hidden": [5]}}, r"no entry network\.activation"),
        ({"network": 5}, "entry network is not an object"),
        ({"normalize": {"language": 5}}, r"entry normalize: language: [^:]*\(given: '5'\)"),
        ({"text_column": None}, "entry text_column is not a text"),
        ({"profile": None}, "entry profile is not an object"),
        ({"metrics": None}, "entry metrics is not an object"),
        ({"format": "one"}, "entry format is of another kind"),
        ({"files": 5}, "entry files is of another kind"),
        ({"files": dict.fromkeys(FILES, 5)}, r"entry files\.model\.safetensors is not an object"),
        ({"network": {"hidden": [], "activation": "pickle"}}, "is not an activation"),
    ],
)
def test_what_does_not_fit_is_refused(copy: Path, changes: dict[str, object], words: str) -> None:
    rewrite(copy, **changes)
    with pytest.raises(InputError, match=words):
        read_bundle(copy)


@pytest.mark.parametrize("name", ["class_names", "text_column", "metrics", "profile", "threshold"])
def test_a_missing_entry_is_named(copy: Path, name: str) -> None:
    path = copy / DESCRIPTION
    content = json.loads(path.read_text())
    del content[name], content["digest"]
    path.write_text(json.dumps({**content, "digest": digest_of(content)}))
    with pytest.raises(InputError, match=rf"\(bundle\.json has no entry {name}\)"):
        read_bundle(copy)


def test_a_description_that_is_no_object_is_told(copy: Path) -> None:
    for content, words in (("[1]", "it is not an object"), ("{}", "it has no entry digest")):
        (copy / DESCRIPTION).write_text(content)
        with pytest.raises(InputError, match=rf"bundle\.json: {words}"):
            read_bundle(copy)


def test_a_missing_file_and_a_folder_without_a_model(copy: Path, tmp_path: Path) -> None:
    (copy / FILES[0]).unlink()
    with pytest.raises(InputError, match=f"{FILES[0]} is missing"):
        read_bundle(copy)
    with pytest.raises(InputError, match=r"is not a model: it has no bundle\.json"):
        read_bundle(tmp_path)


def replace_file(folder: Path, name: str, content: bytes) -> None:
    """Replace a file and its digest, as a stranger could."""
    (folder / name).write_bytes(content)
    files = json.loads((folder / DESCRIPTION).read_text())["files"]
    entry = {"bytes": len(content), "sha256": sha256_of(folder / name)}
    rewrite(folder, files={**files, name: entry})


def changed_weights(folder: Path, change: Callable[[NDArray[Any]], NDArray[Any]]) -> bytes:
    arrays = load_file(folder / WEIGHTS)
    return save({name: change(array) for name, array in arrays.items()})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda array: array.astype(np.float64), "not float32"),
        (lambda array: array * np.float32(np.nan), "not a finite number"),
        (lambda array: array[:0], "the weights do not fit"),
    ],
)
def test_other_weights_are_refused(
    copy: Path, change: Callable[[NDArray[Any]], NDArray[Any]], words: str
) -> None:
    replace_file(copy, WEIGHTS, changed_weights(copy, change))
    with pytest.raises(InputError, match=words):
        read_bundle(copy)


@pytest.mark.parametrize("name", [WEIGHTS, VOCABULARY])
def test_another_kind_of_file_is_refused(copy: Path, name: str) -> None:
    replace_file(copy, name, b"cos\nsystem\n(S'ls'\ntR.")
    with pytest.raises(InputError, match="cannot be used"):
        read_bundle(copy)


def test_another_vocabulary_is_refused(copy: Path) -> None:
    table = pq.read_table(copy / VOCABULARY)
    rows, nothing = len(table), pa.nulls(len(table), pa.string())
    for other, words in (
        (pa.concat_tables([table] * 40), f"has {rows * 40:,} terms"),
        (table.set_column(0, "term", nothing), "not a text"),
        (table.set_column(table.column_names.index("idf"), "idf", nothing), "not a number"),
        (table.drop_columns(["idf"]), "has no column idf"),
        (table.take(np.arange(rows)[::-1]), "not in code-point order"),
        (table.set_column(0, "term", pa.array(["x" * 10**6] * rows)), "unpacks to more than"),
    ):
        pq.write_table(other, copy / "new")
        replace_file(copy, VOCABULARY, (copy / "new").read_bytes())
        with pytest.raises(InputError, match=words):
            read_bundle(copy)


def test_a_vocabulary_that_unpacks_to_much_is_not_read(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reviewflow.models.bundle.LEAST_TERM_LIMIT", 0)
    table = pq.read_table(copy / VOCABULARY)
    long = pa.array([f"{number:09}" * 1000 for number in range(len(table))])
    pq.write_table(table.set_column(0, "term", long), copy / "new", use_dictionary=False)
    replace_file(copy, VOCABULARY, (copy / "new").read_bytes())
    monkeypatch.setattr("pyarrow.parquet.ParquetFile.read", None)
    with pytest.raises(InputError, match="unpacks to more than"):
        read_bundle(copy)


@pytest.mark.parametrize(
    ("pattern", "is_free"),
    [
        (r"\w+(?:'\w+)*", True),
        (r"(?u)\b\w\w+\b", False),
        (r"\b\w\w+\b", True),
        (r"[\w']+", True),
        (r"[^,]+", False),
        (r"\S+", False),
        (r"\w+ \w+", False),
        (r".+", False),
        (r"[!-~]+", False),
    ],
)
def test_knows_token_patterns_without_spaces(pattern: str, is_free: bool) -> None:
    assert (re.fullmatch(NO_SPACES, pattern) is not None) == is_free
