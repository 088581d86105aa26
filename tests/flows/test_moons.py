"""The two moons through the real flow and command: first run, second run, changes, mistakes."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from flows.commands.main import main
from reviewflow.jobs.moons import MOONS
from reviewflow.moons.picture_names import PICTURES
from tests.reviewflow.moons.conftest import SMALL

RESULTS = {
    *(f"{name}.{ending}" for name in PICTURES for ending in ("svg", "png")),
    "losses_whole_set.txt",
    "losses_point_by_point.txt",
    "moons.html",
}


def moons(folder: Path, *arguments: object) -> Result:
    """Run the command in this process, on few points."""
    config = folder / "moons.yaml"
    config.write_text(yaml.safe_dump(SMALL.model_dump(mode="json")), encoding="utf-8")
    given = ["--config", config, "--artifacts", folder / "artifacts", *arguments]
    return CliRunner().invoke(main, ["moons", *map(str, given)])


def last_run(folder: Path) -> dict[str, Any]:
    """The record of the last completed run."""
    path = folder / "artifacts" / "runs" / "latest-moons" / "run.json"
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def ran(folder: Path) -> set[str]:
    """The stages of the last run that were not cached."""
    return {stage["stage"] for stage in last_run(folder)["stages"] if stage["state"] == "ran"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, prefect_api_of_module: str) -> Path:
    return tmp_path_factory.mktemp("moons-flow")


@pytest.fixture(scope="module")
def first(folder: Path) -> Result:
    return moons(folder, "--output", folder / "pictures")


def test_a_first_run_prints_both_versions_losses_and_ends_with_the_page(
    first: Result, folder: Path
) -> None:
    assert first.exit_code == 0, first.output
    lines = first.output.splitlines()
    assert lines[-1] == f"Report: {folder / 'pictures' / 'moons.html'}"
    for name, epochs in (("train whole set", 30), ("train point by point", 3)):
        told = [line for line in lines if line.startswith(f"{name}: Epoch")]
        assert len(told) == epochs
        assert told[-1].startswith(f"{name}: Epoch {epochs}/{epochs}, Loss: ")
    kept = (folder / "pictures" / "losses_whole_set.txt").read_text().splitlines()
    assert [f"train whole set: {line}" for line in kept] == [
        line for line in lines if line.startswith("train whole set: Epoch")
    ]


def test_pictures_page_and_losses_lie_directly_in_the_output_folder(
    first: Result, folder: Path
) -> None:
    assert {path.name for path in (folder / "pictures").iterdir()} == RESULTS
    assert all(path.stat().st_size for path in (folder / "pictures").iterdir())


def test_the_record_tells_of_every_stage_and_both_versions(first: Result, folder: Path) -> None:
    record = last_run(folder)
    assert (record["job"], record["state"]) == ("moons", "completed")
    assert [stage["stage"] for stage in record["stages"]]
    assert {stage["stage"] for stage in record["stages"]} == {stage.name for stage in MOONS.stages}
    whole, point = record["versions"]
    assert whole["first"] == pytest.approx(0.69, abs=0.01)
    assert point["accuracy"]["fresh"]["accuracy"] > 0.8


def test_a_second_run_makes_nothing_and_puts_the_results_into_its_own_folder(
    first: Result, folder: Path
) -> None:
    assert moons(folder).exit_code == 0
    assert ran(folder) == set()
    run = (folder / "artifacts" / "runs" / "latest-moons").resolve()
    assert {path.name for path in run.iterdir() if not path.name.startswith(".")} == {
        *RESULTS, "run.json", "keys.json", "claims.json",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            "point_by_point.epochs=4",
            {"point_by_point", "fresh", "pictures", "page"},
        ),
        ("sensitivity.seeds=3", {"learning_rates", "pictures", "page"}),
        (
            "data.fresh_points=120",
            {"points", "fresh", "page"},  # the points to learn from come out the same
        ),
    ],
)
def test_a_change_runs_what_it_affects(
    first: Result, folder: Path, change: str, expected: set[str]
) -> None:
    result = moons(folder, "--set", change)
    assert result.exit_code == 0, result.output
    assert ran(folder) == expected


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--set", "whole_set.learning_rate=-1"), ("whole_set.learning_rate", "greater than 0")),
        (("--set", "whole_set.epochs=0"), ("whole_set.epochs", "greater than or equal to 1")),
        (("--set", "network.hidden=[0]"), ("network.hidden", "greater than or equal to 1")),
        (("--set", "network.hiden=[3]"), ("did you mean 'hidden'",)),
        (("--set", "data.noise=.nan"), ("data.noise",)),
        (("--refresh", "pints"), ("--refresh 'pints' is not a stage", "points")),
        (("--output", "/dev/null/pictures"), ("/dev/null/pictures", "--output")),
        (("--set", "point_by_point.learning_rate=900"), ("loss", "lower learning_rate")),
    ],
)
def test_mistakes_are_one_plain_sentence(
    folder: Path, first: Result, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    result = moons(folder, *arguments)
    assert result.exit_code in (1, 2)
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
    assert "Traceback" not in result.output + result.stderr
    for each in words:
        assert each in line
