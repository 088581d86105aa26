"""The command as a person or a script meets it: exit codes, plain sentences, the plan."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from flows.commands.main import main
from reviewflow.config.sections import Config
from tasks.environment import OWN_SERVER
from tests.conftest import ROOT, Reviews, small_config, write_config, write_reviews


def reviewflow(*arguments: object) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def config(reviews_file: Path, tmp_path: Path) -> Path:
    return write_config(tmp_path / "small.yaml", small_config(reviews_file))


def options(config: Path, *more: object) -> list[object]:
    return ["--config", config, "--artifacts", config.parent / "artifacts", *more]


def assert_plain(result: Result, exit_code: int) -> str:
    """The command ended with this exit code and one plain sentence, which is returned."""
    assert result.exit_code == exit_code, result.output
    assert isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.output
    assert "Traceback" not in result.stderr
    (line,) = result.stderr.splitlines()
    assert line.startswith("Error: ")
    assert line[-1] in ".?"
    return line


def without_rows_of_one_label(content: dict[str, Any], folder: Path, rows: Reviews) -> None:
    odd = [*rows[:40], ("A film.", "neutral"), ("Another film.", "neutral")]
    content["ingest"]["path"] = str(write_reviews(folder / "odd.csv", odd))


def not_utf8(content: dict[str, Any], folder: Path, rows: Reviews) -> None:
    path = folder / "latin.csv"
    path.write_bytes("review,sentiment\nGood caf\xe9,positive\n".encode("latin-1"))
    content["ingest"]["path"] = str(path)


def empty(content: dict[str, Any], folder: Path, rows: Reviews) -> None:
    (folder / "empty.csv").touch()
    content["ingest"]["path"] = str(folder / "empty.csv")


def set_key(section: str, key: str, value: object) -> Callable[..., None]:
    def change(content: dict[str, Any], folder: Path, rows: Reviews) -> None:
        content.setdefault(section, {})[key] = value

    return change


MISTAKES: dict[str, tuple[Callable[..., None], tuple[str, ...]]] = {
    "missing file": (
        set_key("ingest", "path", "nowhere.csv"),
        ("There is no file nowhere.csv", "ingest.path"),
    ),
    "missing test file": (
        set_key("ingest", "test_path", "nowhere.csv"),
        ("There is no file nowhere.csv", "ingest.test_path"),
    ),
    "directory": (set_key("ingest", "path", str(ROOT)), ("is a directory",)),
    "empty file": (empty, ("is empty",)),
    "missing column": (
        set_key("ingest", "text_column", "reviews"),
        ("no column 'reviews'", "did you mean 'review'"),
    ),
    "missing split column": (
        lambda content, folder, rows: content.update(split={"method": "column", "column": "part"}),
        ("no column 'part'", "split.column"),
    ),
    "unknown label word": (
        without_rows_of_one_label,
        ("'neutral' (2 rows, first records 42, 43)", "other_labels: drop"),
    ),
    "undecodable file": (not_utf8, ("record 2", "ingest.encoding")),
    "unknown encoding": (set_key("ingest", "encoding", "utf-9"), ("utf-9",)),
    "unknown key": (
        set_key("train", "learing_rate", 0.1),
        ("train.learing_rate", "did you mean 'learning_rate'"),
    ),
    "bad value": (set_key("train", "epochs", "many"), ("train.epochs",)),
    "out of bounds": (set_key("train", "learning_rate", -1), ("train.learning_rate",)),
    "variant that may not": (
        set_key("variants", "other file", {"ingest.path": "x.csv"}),
        ("'other file'", "'ingest.path'"),
    ),
    "missing suite": (set_key("validate", "reviews", "nowhere.yaml"), ("nowhere.yaml",)),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_config_or_input_is_told_in_a_sentence_by_plan(
    mistake: str, config: Path, reviews: Reviews, reviews_file: Path
) -> None:
    change, words = MISTAKES[mistake]
    content = small_config(reviews_file)
    change(content, config.parent, reviews)
    write_config(config, content)
    sentence = assert_plain(reviewflow("plan", *options(config)), 2)
    for word in words:
        assert word in sentence


@pytest.mark.parametrize("mistake", ["missing file", "unknown label word", "unknown key"])
def test_a_mistake_in_config_or_input_is_told_in_a_sentence_by_run(
    mistake: str, config: Path, reviews: Reviews, reviews_file: Path, prefect_api: str
) -> None:
    change, words = MISTAKES[mistake]
    content = small_config(reviews_file)
    change(content, config.parent, reviews)
    write_config(config, content)
    sentence = assert_plain(reviewflow("run", *options(config)), 2)
    for word in words:
        assert word in sentence


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--set", "train.epoch=1"], "did you mean 'epochs'"),
        (["--set", "epochs"], "section.key=value"),
        (["--refresh", "tokenize"], "the stages are"),
        (["--config", "nowhere.yaml"], "There is no configuration file nowhere.yaml"),
    ],
)
@pytest.mark.parametrize("command", ["run", "plan"])
def test_a_bad_option_is_told_in_a_sentence(
    command: str, arguments: list[str], words: str, config: Path
) -> None:
    assert words in assert_plain(reviewflow(command, *options(config), *arguments), 2)


@pytest.mark.parametrize("arguments", [["run", "--no-such-option"], ["no-such-command"]])
def test_bad_usage_is_exit_code_2(arguments: list[str]) -> None:
    result = reviewflow(*arguments)
    assert result.exit_code == 2
    assert "no-such" in result.stderr


def test_a_misspelt_expectation_is_found_before_anything_runs(
    config: Path, reviews_file: Path, prefect_api: str
) -> None:
    content = small_config(reviews_file)
    suite = {
        "name": "reviews",
        "expectations": [{"type": "expect_colum_values_to_be_in_set", "kwargs": {}}],
    }
    content["validate"]["reviews"] = str(write_config(config.parent / "suite.yaml", suite))
    write_config(config, content)
    sentence = assert_plain(reviewflow("run", *options(config)), 2)
    assert "expect_column_values_to_be_in_set" in sentence
    assert not (config.parent / "artifacts" / "store" / "ingest").exists()


def test_artifacts_that_cannot_be_written_are_exit_code_1(config: Path, prefect_api: str) -> None:
    blocked = config.parent / "file"
    blocked.touch()
    result = reviewflow("run", "--config", config, "--artifacts", blocked / "artifacts")
    assert "--artifacts" in assert_plain(result, 1)


def test_debug_shows_the_traceback(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REVIEWFLOW_DEBUG", "")  # so that it is put back
    result = reviewflow("--debug", "plan", *options(config, "--set", "train.epochs=0"))
    assert result.exit_code == 1
    assert type(result.exception).__name__ == "ConfigError"


def test_the_plan_runs_and_leaves_nothing_but_memos(config: Path) -> None:
    result = reviewflow("plan", *options(config))
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert "normalize: will run — first run" in lines
    assert "train[tanh]: will run — first run" in lines
    assert {path.name for path in (config.parent / "artifacts").iterdir()} <= {"memos"}


@pytest.fixture
def work_on_config(config: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is done to the configuration, one entry each time."""
    done: list[str] = []
    read_text, model_validate = Path.read_text, Config.model_validate

    def read(path: Path, *arguments: Any, **options: Any) -> str:
        done.extend(["read"] * (path == config))
        return read_text(path, *arguments, **options)

    def validate(content: dict[str, Any], **options: Any) -> Config:
        done.append("validate" if "variants" in content else "validate variant")
        return model_validate(content, **options)

    monkeypatch.setattr(Path, "read_text", read)
    monkeypatch.setattr(Config, "model_validate", validate)
    return done


def test_run_then_plan_then_a_change(
    config: Path, prefect_api: str, work_on_config: list[str]
) -> None:
    done = reviewflow("run", *options(config))
    assert done.exit_code == 0, done.output
    assert sorted(work_on_config) == ["read", "validate", *["validate variant"] * 2]
    *progress, last = done.stdout.splitlines()
    assert last.startswith("Report: ")
    assert Path(last.removeprefix("Report: ")).exists()
    assert any(line.startswith("train[tanh]: ran in ") for line in progress)
    assert "Traceback" not in done.output

    work_on_config.clear()
    planned = reviewflow("plan", *options(config))
    assert sorted(work_on_config) == ["read", "validate", *["validate variant"] * 2]
    assert {line.rpartition(": ")[2] for line in planned.stdout.splitlines()} == {"cached"}

    change = ("--set", "vectorize.max_features=200")
    told = reviewflow("plan", *options(config, *change)).stdout.splitlines()
    assert "normalize: cached" in told
    assert any("max_features 300 → 200" in line for line in told)
    assert any(line.startswith("train[relu]: will run unless") for line in told)

    entries = json.loads(reviewflow("plan", *options(config, *change, "--json")).stdout)
    assert {entry["action"] for entry in entries} == {"cached", "run", "unless"}
    assert all(
        {"stage", "part", "variants", "action", "reason", "key"} <= set(entry) for entry in entries
    )


def test_a_failed_check_is_exit_code_3_and_at_once_the_second_time(
    config: Path, reviews: Reviews, prefect_api: str
) -> None:
    content = small_config(write_reviews(config.parent / "few.csv", reviews[:3]))
    write_config(config, content)
    first = reviewflow("run", *options(config))
    assert first.exit_code == 3
    assert "Traceback" not in first.output
    assert "train[" not in first.stdout

    second = subprocess.run(
        [sys.executable, "-m", "flows.commands.main", "run", *map(str, options(config))],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
        env={name: value for name, value in os.environ.items() if name != OWN_SERVER},
    )
    assert second.returncode == 3, second.stderr
    assert second.stderr == first.stderr
    assert second.stderr.startswith("Error: The reviews failed ")
    assert "Enough reviews to learn from." in second.stderr
    assert "Traceback" not in second.stdout + second.stderr
    assert "ingest: cached" in second.stdout
    for record in (config.parent / "artifacts" / "runs").glob("*/run.json"):
        content = json.loads(record.read_text(encoding="utf-8"))
        assert content["state"] == "failed"
        assert content["error"] in second.stderr
