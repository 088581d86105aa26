"""``reviewflow run`` as a person or a script meets it: exit codes and plain sentences."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from flows.commands.jobs import check_learned, falls
from reviewflow.config.sections import Config
from reviewflow.errors import LearningError
from tasks.environment import OWN_SERVER
from tests.conftest import ROOT, Reviews, small_config, write_config, write_reviews
from tests.flows.commands.invoke import assert_plain, options, reviewflow
from tests.flows.commands.mistakes import MISTAKES
from tests.reviewflow.small_store import write_run


@pytest.mark.parametrize("mistake", ["missing file", "unknown label word", "unknown key"])
def test_a_mistake_in_config_or_input_is_one_sentence_of_run(
    mistake: str, config: Path, reviews: Reviews, reviews_file: Path, prefect_api: str
) -> None:
    change, words = MISTAKES[mistake]
    content = small_config(reviews_file)
    change(content, config.parent, reviews)
    write_config(config, content)
    sentence = assert_plain(reviewflow("run", *options(config)), 2)
    for word in words:
        assert word in sentence


@pytest.mark.parametrize("name", ["reviews", "features"])
def test_a_missing_suite_is_told_before_a_server_is_started(
    name: str, config: Path, reviews_file: Path
) -> None:
    content = small_config(reviews_file)
    content["validate"][name] = "nowhere.yaml"
    write_config(config, content)
    sentence = assert_plain(reviewflow("run", *options(config)), 2)
    planned = assert_plain(reviewflow("plan", *options(config)), 2)
    assert "nowhere.yaml cannot be read" in sentence
    assert name == "features" or sentence == planned
    assert not (config.parent / "artifacts").exists()


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
def test_a_bad_option_is_one_sentence(
    command: str, arguments: list[str], words: str, config: Path
) -> None:
    assert words in assert_plain(reviewflow(command, *options(config), *arguments), 2)


def test_an_unknown_executor_is_one_sentence(config: Path) -> None:
    sentence = assert_plain(reviewflow("run", *options(config), "--executor", "fork"), 2)
    assert "is none of threads, processes, dask and tcp://" in sentence
    assert not (config.parent / "artifacts").exists()


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
    first, *progress, result, kinds, following, address, last = done.stdout.splitlines()
    assert first.startswith("small: 2 variants from ")
    assert "a first run" in first
    assert "`reviewflow open`" in following
    assert last.startswith("Report: ")
    assert address == f"Open: {Path(last.removeprefix('Report: ')).absolute().as_uri()}"
    page = Path(last.removeprefix("Report: ")).read_text(encoding="utf-8")
    assert f"<h1>{result}</h1>" in page
    assert kinds.endswith(".")
    assert Path(last.removeprefix("Report: ")).exists()
    assert any(line.startswith("train[tanh]: ran in ") for line in progress)
    assert "Traceback" not in done.output

    work_on_config.clear()
    planned = reviewflow("plan", *options(config))
    assert sorted(work_on_config) == ["read", "validate", *["validate variant"] * 2]
    assert {line.rpartition(": ")[2] for line in planned.stdout.splitlines()} == {"cached"}

    change = ("--set", "vectorize.max_features=200")
    lines = reviewflow("plan", *options(config, *change)).stdout.splitlines()
    assert "normalize: cached" in lines
    assert any("max_features 300 → 200" in line for line in lines)
    assert any(line.startswith("train[relu]: will run unless") for line in lines)

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
    sentences, page = second.stderr.rstrip().rsplit("\nReport: ", 1)
    assert sentences == first.stderr.rstrip().rsplit("\nReport: ", 1)[0]
    assert "The run failed: 3 checks of the data did not pass." in Path(page).read_text(
        encoding="utf-8"
    )
    assert second.stderr.startswith("Error: The reviews failed ")
    assert "Enough reviews to learn from." in second.stderr
    assert "Traceback" not in second.stdout + second.stderr
    assert "ingest: cached" in second.stdout
    for record in (config.parent / "artifacts" / "runs").glob("*/run.json"):
        content = json.loads(record.read_text(encoding="utf-8"))
        assert content["state"] == "failed"
        assert content["error"] in second.stderr


def test_strict_is_exit_code_3_where_no_variant_learned(config: Path, prefect_api: str) -> None:
    """The small networks of these tests do not learn in one epoch at such a rate."""
    slow = ("--set", "train.learning_rate=1e-6")
    done = reviewflow("run", *options(config, *slow))
    assert done.exit_code == 0, done.output
    sentence = assert_plain(reviewflow("run", *options(config, *slow, "--strict")), 3)
    assert sentence.startswith("Error: No variant beats the majority class beyond chance; ")
    assert "Did not learn" in sentence
    assert "try " in sentence
    record = json.loads((config.parent / "artifacts/runs/latest/run.json").read_text())
    assert record["state"] == "completed"
    assert record["learned"] is False
    assert record["baselines"][0]["name"] == "majority class"


def test_strict_accepts_a_run_that_learned() -> None:
    check_learned({"learned": True})
    with pytest.raises(LearningError, match=r"beyond chance\.$"):
        check_learned({"learned": None, "variants": []})


def test_a_fall_of_the_best_metric_is_said(tmp_path: Path) -> None:
    folders = [
        write_run(
            tmp_path,
            f"2024-01-0{day}T00-00-00-aaaaaa",
            job="sentiment",
            name="films",
            config={"notify": {"metric": "test.roc_auc", "fall": 0.01}},
            best={"variant": "relu", "metric": "roc_auc"},
            variants=[{"name": "relu", "metrics": {"test": {"roc_auc": area}}}],
        )
        for day, area in enumerate((0.92, 0.89, 0.885), 1)
    ]
    assert [falls(folder) for folder in folders] == [
        (),
        ("The best test.roc_auc fell from 0.9200 to 0.8900, by more than 0.01.",),
        (),
    ]
