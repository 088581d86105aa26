"""Paths in a configuration are relative to its folder."""

import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reviewflow.config.paths import config_folder, path_from, resolve_paths
from reviewflow.config.sentiment import read_config, validate_config
from reviewflow.config.shipped import NAMED_FILES, shipped_folder
from reviewflow.errors import OldPathWarning
from tests.conftest import ROOT, write_config

JOB = Path("jobs/job.yaml")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The working directory of each test, in which a warning is an error."""
    for name in ("data", "jobs/own", "old"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("data/a.csv", "jobs/own/b.csv", "old/c.csv", "both.csv", "jobs/both.csv"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error", OldPathWarning)
        yield tmp_path


def path_of(written: Any, config: Path = JOB) -> Any:
    """``ingest.path`` of a configuration as it is resolved."""
    return resolve_paths({"ingest": {"path": written}}, config)["ingest"]["path"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("../data/a.csv", "data/a.csv"),
        ("../data", "data"),
        ("../data/*.csv", "data/*.csv"),
        ("own/b.csv", "jobs/own/b.csv"),
        ("./own/b.csv", "jobs/own/b.csv"),
        ("both.csv", "jobs/both.csv"),
        ("none.csv", "jobs/none.csv"),
        ("/data/a.csv", "/data/a.csv"),
        ("https://example.org/../a.csv", "https://example.org/../a.csv"),
        ("s3://bucket/a*.csv", "s3://bucket/a*.csv"),
        (["../data/a.csv", "own", "s3://b/c"], ["data/a.csv", "jobs/own", "s3://b/c"]),
        ("", ""),
        ("a\0b*", "a\0b*"),
        (3, 3),
        ([None], [None]),
    ],
)
def test_a_path_is_relative_to_the_folder_of_the_configuration(
    written: Any, expected: Any, folder: Path
) -> None:
    assert path_of(written) == expected
    assert path_of(written, folder / JOB) == expected


def test_a_file_outside_the_working_directory_is_named_in_full(folder: Path) -> None:
    assert path_of("../../x.csv") == str(folder.parent / "x.csv")
    assert path_of("x.csv", folder.parent / "job.yaml") == str(folder.parent / "x.csv")


@pytest.mark.parametrize("written", ["./data/a.csv", "data//a.csv", "../x.csv", "old/../both.csv"])
def test_beside_the_configuration_a_path_stays_as_it_is_written(written: str, folder: Path) -> None:
    assert path_of(written, Path("job.yaml")) == written
    assert path_of(written, folder / "job.yaml") == written


def test_all_that_names_a_file_is_resolved() -> None:
    content = {
        "ingest": {"path": "../a", "test_path": ["../b", "c"]},
        "validate": {"reviews": "../d.yaml", "features": "e.yaml"},
        "report": {"reference": "../f.yaml"},
        "train": {"epochs": 3},
        "split": None,
    }
    assert resolve_paths(content, JOB) == {
        "ingest": {"path": "a", "test_path": ["b", "jobs/c"]},
        "validate": {"reviews": "d.yaml", "features": "jobs/e.yaml"},
        "report": {"reference": "f.yaml"},
        "train": {"epochs": 3},
        "split": None,
    }


def test_a_folder_whose_name_looks_like_a_pattern_is_a_folder(folder: Path) -> None:
    odd = folder / "[ab]"
    odd.mkdir()
    (odd / "a.csv").touch()
    assert path_of("a.csv", odd / "job.yaml") == "[ab]/a.csv"
    assert path_of("*.csv", odd / "job.yaml") == "[[]ab]/*.csv"


@pytest.mark.parametrize(
    ("written", "spelling"),
    [("old/c.csv", "../old/c.csv"), ("old", "../old"), ("old/*.csv", "../old/*.csv")],
)
def test_what_is_only_in_the_working_directory_is_used_with_a_warning(
    written: str, spelling: str
) -> None:
    with pytest.warns(OldPathWarning) as warned:
        assert path_of(["../data", written]) == ["data", written]
    (warning,) = warned
    assert str(warning.message) == (
        f"jobs/job.yaml: ingest.path: {written} is taken from the working directory, and version "
        "0.4 will not look there. Paths are relative to the configuration: write "
        f"{spelling}."
    )
    assert path_of(spelling) == written


def test_old_names_of_what_the_package_brings_are_warned_of() -> None:
    with pytest.warns(OldPathWarning, match=r"write \.\./data/raw/imdb_reviews\.csv"):
        assert path_of("data/raw/imdb_reviews.csv") == "data/raw/imdb_reviews.csv"
    suite = "configs/expectations/reviews_given_split.yaml"
    job = write_config(Path("jobs/job.yaml"), {"validate": {"reviews": suite}})
    with pytest.warns(OldPathWarning, match=rf"validate\.reviews: .* write \.\./{suite}"):
        config = read_config(job)
    assert config.validate_.reviews == str(shipped_folder() / suite)


def test_a_change_is_relative_to_the_working_directory() -> None:
    job = write_config(JOB, {"ingest": {"path": "own/b.csv"}})
    assert read_config(job).ingest.path == "jobs/own/b.csv"
    assert read_config(job, ("ingest.path=old/c.csv",)).ingest.path == "old/c.csv"
    assert validate_config({"ingest": {"path": "old/c.csv"}}, "The form").ingest.path == "old/c.csv"


@pytest.mark.parametrize("name", ["imdb", "text", "batches", "best", "fast"])
def test_a_shipped_configuration_works_in_an_empty_folder(name: str) -> None:
    shipped = shipped_folder()
    for path in (Path(f"configs/{name}.yaml"), shipped / f"configs/{name}.yaml"):
        config = read_config(path)
        assert config.ingest.path == "data/raw/imdb_reviews.csv"
        assert config.validate_.reviews == str(shipped / "configs/expectations/reviews.yaml")


def test_files_that_shipped_configurations_name_are_found_in_the_package() -> None:
    config = read_config(Path("configs/write_up.yaml"))
    assert config.ingest.path == "data/raw/imdb_50k.csv"
    expectations = shipped_folder() / "configs/expectations"
    assert config.validate_.reviews == str(expectations / "reviews_given_split.yaml")
    assert config.report.reference == str(shipped_folder() / "configs/reference/write_up.yaml")


def test_in_the_checkout_files_have_the_names_of_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    config = read_config(Path("configs/write_up.yaml"))
    assert config == read_config(ROOT / "configs/write_up.yaml")
    assert config.ingest.path == "data/raw/imdb_50k.csv"
    assert config.validate_.reviews == "configs/expectations/reviews_given_split.yaml"
    assert config.validate_.features == "configs/expectations/features.yaml"
    assert config.report.reference == "configs/reference/write_up.yaml"


@pytest.mark.parametrize("job", ["project/job.yaml", "project/configs/job.yaml"])
def test_a_suite_that_is_not_given_is_that_of_the_project(
    job: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for where, (_, _, name) in ((where, each) for where in ("", "project") for each in NAMED_FILES):
        if name:
            suite = folder / where / name
            suite.parent.mkdir(parents=True, exist_ok=True)
            suite.write_text("name: own", encoding="utf-8")
    path = write_config(folder / job, {})
    assert read_config(Path(job)).validate_.reviews == ("project/configs/expectations/reviews.yaml")
    monkeypatch.chdir("project")
    assert read_config(path).validate_.features == "configs/expectations/features.yaml"
    monkeypatch.chdir(folder / "data")
    outside = str(folder / "project/configs/expectations/reviews.yaml")
    assert read_config(path).validate_.reviews == outside
    assert read_config(path, ("validate.reviews=x.yaml",)).validate_.reviews == "x.yaml"


@pytest.mark.parametrize(
    ("folder_name", "path", "expected"),
    [
        ("jobs", "data/a.csv", "../data/a.csv"),
        (".", "./data/a.csv", "data/a.csv"),
        ("jobs", "/data/a.csv", "/data/a.csv"),
        ("jobs", "https://example.org/a.csv", "https://example.org/a.csv"),
    ],
)
def test_a_path_is_written_from_the_folder_of_a_configuration(
    folder_name: str, path: str, expected: str
) -> None:
    assert path_from(Path(folder_name), path) == expected


def test_a_configuration_of_the_package_counts_as_one_of_the_working_directory() -> None:
    assert config_folder(shipped_folder() / "configs/imdb.yaml") == Path("configs")
    assert config_folder(Path("configs/imdb.yaml")) == Path("configs")
    assert config_folder(Path(os.devnull)) == Path("/dev")
