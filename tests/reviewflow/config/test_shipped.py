"""Configurations and suites come with the package."""

from pathlib import Path

import pytest

from reviewflow.config.sections import Config
from reviewflow.config.sentiment import read_config
from reviewflow.config.shipped import NAMED_FILES, find_file, shipped_folder
from tests.conftest import ROOT, write_config


def test_what_is_shipped_is_what_is_on_top() -> None:
    for name in ("configs", "prefect.yaml"):
        assert (shipped_folder() / name).resolve() == ROOT / name


def test_the_defaults_are_those_of_the_settings() -> None:
    for section, key, default in NAMED_FILES:
        assert Config().settings(f"{section}.{key}") == default


def test_a_shipped_file_is_read_where_there_is_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config = read_config(Path("configs/imdb.yaml"))
    shipped = shipped_folder() / "configs/expectations/reviews.yaml"
    assert config.validate_.reviews == str(shipped)
    assert config.train.epochs == 20
    own = tmp_path / "configs/expectations/reviews.yaml"
    own.parent.mkdir(parents=True)
    own.write_text("name: own")
    assert read_config(Path("configs/imdb.yaml")).validate_.reviews == str(
        own.relative_to(tmp_path)
    )
    job = write_config(tmp_path / "job.yaml", {"validate": {"reviews": "configs/none.yaml"}})
    assert read_config(job).validate_.reviews == "configs/none.yaml"


def test_only_a_relative_path_below_names_a_shipped_file(tmp_path: Path) -> None:
    assert find_file(tmp_path / "configs/imdb.yaml") == tmp_path / "configs/imdb.yaml"
    assert find_file(Path("../shipped/prefect.yaml")) == Path("../shipped/prefect.yaml")
    assert find_file(Path("x" * 300)) == Path("x" * 300)
