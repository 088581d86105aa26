"""`reviewflow init`: a configuration that runs, and a project folder."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from flows.commands.init import bare_name
from reviewflow.config.sentiment import read_config
from tests.conftest import ROOT, plan_and_run
from tests.flows.commands.invoke import assert_plain, reviewflow
from tests.reviewflow.reviews.detection.files import (
    several_words,
    stars_with_gaps,
    utf16_tabs,
    write,
)

SMALL = {
    "vectorize": {"max_features": 100},
    "train": {"hidden": [], "optimizer": "sgd", "epochs": 1, "device": "cpu"},
    "variants": {"linear": {}},
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory of each test."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_configuration_is_written(folder: Path) -> None:
    write(folder, "stars.csv", stars_with_gaps())
    done = reviewflow("init", "stars.csv")
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0] == "stars.csv: 400 rows, utf-8, cells separated by commas"
    assert lines[-2:] == ["Written: stars.yaml", "Next: reviewflow run --config stars.yaml"]
    assert read_config(folder / "stars.yaml").ingest.text_column == "Review Text"


def test_nothing_is_overwritten(folder: Path) -> None:
    write(folder, "stars.csv", stars_with_gaps())
    write(folder, "own.yaml", b"mine")
    sentence = assert_plain(reviewflow("init", "stars.csv", "--config", "own.yaml"), 2)
    assert "own.yaml exists already" in sentence
    assert (folder / "own.yaml").read_bytes() == b"mine"


@pytest.mark.parametrize("given", ["a.csv", "./a.csv"])
def test_a_configuration_in_another_folder_names_the_file_from_there(
    given: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, "a.csv", stars_with_gaps())
    assert reviewflow("init", given, "--config", "jobs/a.yaml").exit_code == 0
    content = yaml.safe_load((folder / "jobs/a.yaml").read_text(encoding="utf-8"))
    assert content["ingest"]["path"] == "../a.csv"
    assert read_config(Path("jobs/a.yaml")).ingest.path == "a.csv"
    monkeypatch.chdir("/")
    assert read_config(folder / "jobs/a.yaml").ingest.path == str(folder / "a.csv").lstrip("/")


def test_a_file_that_is_named_in_full_stays_so(folder: Path) -> None:
    write(folder, "a.csv", stars_with_gaps())
    assert reviewflow("init", folder / "a.csv", "--config", "jobs/a.yaml").exit_code == 0
    content = yaml.safe_load((folder / "jobs/a.yaml").read_text(encoding="utf-8"))
    assert content["ingest"]["path"] == str(folder / "a.csv")


@pytest.mark.parametrize("arguments", [(), ("a.csv", "--to", "b")])
def test_a_file_or_a_folder_is_named(arguments: tuple[str, ...]) -> None:
    assert "reviewflow init reviews.csv" in assert_plain(reviewflow("init", *arguments), 2)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.csv", "a"),
        ("a.csv.gz", "a"),
        ("2024.05 all.TSV", "2024.05 all"),
        ("plain", "plain"),
        ("daily/*.csv", "daily"),
        ("year/*/*.csv", "year"),
        ("*.csv", "reviews"),
    ],
)
def test_the_configuration_is_called_as_the_file(name: str, expected: str) -> None:
    assert bare_name(name) == expected


def test_a_file_with_the_signs_of_a_pattern_keeps_its_name(folder: Path) -> None:
    write(folder, "mine [new] (1).csv", stars_with_gaps())
    done = reviewflow("init", "mine [new] (1).csv")
    assert done.stdout.splitlines()[-2] == "Written: mine [new] (1).yaml"
    assert read_config(folder / "mine [new] (1).yaml").ingest.path == "mine [new] (1).csv"


@pytest.mark.parametrize("arguments", [("x" * 300,), ("a.csv", "--config", "x" * 300)])
def test_a_name_that_no_system_takes_is_one_sentence(
    arguments: tuple[str, ...], folder: Path
) -> None:
    write(folder, "a.csv", stars_with_gaps())
    assert "File name too long" in assert_plain(reviewflow("init", *arguments), 2)


def test_a_missing_file_is_one_sentence() -> None:
    assert "There is no file a.csv" in assert_plain(reviewflow("init", "a.csv"), 2)


def test_a_project_folder_has_what_is_shipped(folder: Path) -> None:
    done = reviewflow("init", "--to", "project")
    assert done.exit_code == 0, done.output
    project = folder / "project"
    for path in (ROOT / "configs").rglob("*.yaml"):
        assert (project / path.relative_to(ROOT)).read_bytes() == path.read_bytes()
    assert (project / "prefect.yaml").read_bytes() == (ROOT / "prefect.yaml").read_bytes()
    assert {path.name for path in project.iterdir()} == {
        ".gitignore",
        "artifacts",
        "configs",
        "data",
        "prefect.yaml",
    }
    assert "not an empty folder" in assert_plain(reviewflow("init", "--to", "project"), 2)


@pytest.mark.parametrize(
    "content",
    [
        stars_with_gaps,
        pytest.param(utf16_tabs, marks=pytest.mark.slow),
        pytest.param(several_words, marks=pytest.mark.slow),
    ],
)
def test_a_run_reads_what_was_found(content: Callable[[], bytes], folder: Path) -> None:
    write(folder, "reviews.csv", content())
    assert reviewflow("init", "reviews.csv").exit_code == 0
    config = folder / "reviews.yaml"
    with config.open("a", encoding="utf-8") as file:
        file.write(yaml.safe_dump(SMALL))
    done = plan_and_run(config, folder / "artifacts")
    assert (done.folder("report") / "mistakes.json").exists()
    planned = reviewflow("plan", "--config", "reviews.yaml")
    assert planned.exit_code == 0, planned.output
    assert "ingest: cached" in planned.stdout
