"""Several files: found in order, read as one, and each read once."""

import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewflow.config.sections import Ingest
from reviewflow.errors import InputError
from reviewflow.reviews import source as source_module
from reviewflow.reviews.input_files import InputFile, file_names, input_files
from reviewflow.reviews.parts import Index, cut_file
from reviewflow.reviews.source import open_source
from tests.reviewflow.reviews.review_files import QUICK, numbered, settings_for
from tests.reviewflow.reviews.test_index_cache import wait_until_settled

DAYS = ("2026-11-24.csv", "2026-11-25.csv", "2026-11-26.csv")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a file of 10 rows a day."""
    found = tmp_path / "daily"
    found.mkdir()
    for number, name in enumerate(DAYS):
        rows = numbered(30)[10 * number : 10 * number + 10]
        wait_until_settled(settings_for(found / name, rows))
    return found


def settings(path: object, **changes: object) -> Ingest:
    labels = {"bad": 0, "good": 1}
    columns = {"text_column": "text", "label_column": "label", "labels": labels}
    return Ingest.model_validate({"path": path, **columns, **changes})


def names_of(path: object) -> list[str]:
    return [file.path.name for file in input_files(settings(path))]


def test_a_folder_a_pattern_and_a_list_name_the_same_files(folder: Path) -> None:
    (folder / "notes.md").write_text("no reviews")
    (folder / ".2026-11-23.csv").write_text("hidden")
    assert names_of(str(folder)) == names_of(f"{folder}/2026*.csv") == list(DAYS)
    assert names_of([str(folder / name) for name in reversed(DAYS)]) == list(reversed(DAYS))
    assert names_of([f"{folder}/*-24.csv", str(folder)]) == list(DAYS)
    odd = folder / "a[1].csv"
    odd.write_text("text,label\nx,good\n")
    assert names_of(str(odd)) == ["a[1].csv"]


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("{}/2027*.csv", "No file matches {}/2027*.csv; ingest.path must name the reviews."),
        ("{}/empty", "The folder {}/empty holds no file of reviews; ingest.path reads files whose"),
        (["{}/gone.csv"], "There is no file {}/gone.csv; ingest.path must name the reviews."),
    ],
)
def test_what_names_no_file_is_a_sentence(folder: Path, path: object, sentence: str) -> None:
    (folder / "empty").mkdir()
    place = str(folder)
    named = [p.format(place) for p in path] if isinstance(path, list) else str(path).format(place)
    with pytest.raises(InputError) as caught:
        open_source(settings(named), None, folder / "caches")
    assert str(caught.value).startswith(sentence.format(place, place))


def test_a_file_is_not_read_for_training_and_for_the_test(folder: Path) -> None:
    both = settings(str(folder), test_path=str(folder / DAYS[1]))
    with pytest.raises(InputError, match=r"2026-11-25.csv is named by ingest.path and by ingest"):
        input_files(both)


@given(
    st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=4), min_size=1, unique_by=tuple)
)
@QUICK
def test_names_tell_the_files_apart(paths: list[list[str]]) -> None:
    names = file_names([InputFile(Path("/", *parts, "x.csv")) for parts in paths])
    assert len(set(names)) == len(paths)
    for name, parts in zip(names, paths, strict=True):
        assert f"/{'/'.join(parts)}/x.csv".endswith(f"/{name.lstrip('/')}")


def test_the_rows_are_those_of_the_files_one_by_one(folder: Path) -> None:
    source = open_source(settings(str(folder)), None, folder / "caches")
    index = source.index
    assert (index.rows, index.files, index.has_test_file) == (30, DAYS, False)
    assert [part.file for part in index.parts] == [0, 1, 2]
    assert [index.file_name(part.file) for part in index.parts] == list(DAYS)
    assert index.record(2, 0) == 2
    assert Index.from_json(index.to_json()) == index
    copied = pickle.loads(pickle.dumps(source))
    for number in (2, 0, 1):
        alone = open_source(settings(str(folder / DAYS[number])), None, folder / "other")
        assert copied.rows(number).equals(alone.rows(0))
        assert index.parts[number].digests == alone.index.parts[0].digests
        assert alone.index.files == ()


def test_a_new_file_is_read_and_no_other(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    caches, read = folder / "caches", []

    def recorded(ingest: Ingest, file: InputFile, *rest: object) -> object:
        read.append(file.path.name)
        return cut_file(ingest, file, *rest)

    monkeypatch.setattr(source_module, "cut_file", recorded)
    first = open_source(settings(str(folder)), None, caches)
    assert read == list(DAYS)
    wait_until_settled(settings_for(folder / "2026-11-27.csv", [("another day", "good")]))
    (folder / DAYS[0]).unlink()
    second = open_source(settings(str(folder)), None, caches)
    assert read == [*DAYS, "2026-11-27.csv"]
    assert second.kept_parts == (2,)
    assert second.index.files == (*DAYS[1:], "2026-11-27.csv")
    assert [part.digests for part in second.index.parts[:2]] == [
        part.digests for part in first.index.parts[1:]
    ]


def test_classes_are_found_in_all_files_and_a_header_alone_is_no_error(folder: Path) -> None:
    (folder / "2026-11-28.csv").write_text("text,label\n")
    (folder / "2026-11-29.csv").write_text("text,label\nmeh,so-so\n")
    for _ in range(2):
        source = open_source(settings(str(folder), labels="auto"), None, folder / "caches")
        assert source.index.labels == {"bad": 0, "good": 1, "so-so": 2}
        assert [entry["rows"] for entry in source.index.file_entries()] == [10, 10, 10, 0, 1]
    for path in folder.glob("*.csv"):
        path.write_text("text,label\n")
    with pytest.raises(InputError, match=r"The 5 files of ingest.path have headers but no rows"):
        open_source(settings(str(folder)), None, folder / "caches")


def test_several_test_files_follow_the_others(folder: Path, tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        settings_for(tmp_path / name, numbered(4))
    tests = [str(tmp_path / "a.csv"), str(tmp_path / "b.csv")]
    index = open_source(settings(str(folder), test_path=tests), None, tmp_path / "caches").index
    assert [index.is_test(part.file) for part in index.parts] == [False] * 3 + [True] * 2
    assert index.files == (*DAYS, "a.csv", "b.csv")


def test_the_column_that_a_file_lacks_is_told_with_the_file(folder: Path) -> None:
    (folder / DAYS[1]).write_text("comment,label\nx,good\n")
    with pytest.raises(InputError, match=rf"{DAYS[1]}.*'text'.*'comment'"):
        open_source(settings(str(folder)), None, folder / "caches")
