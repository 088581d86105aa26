"""``reviewflow plan`` as a person meets it: what it prints, leaves, and says of mistakes."""

from pathlib import Path

import pytest

from reviewflow.reviews.datasets import PROVIDED_PATH
from tests.conftest import Reviews, small_config, write_config
from tests.flows.commands.invoke import assert_plain, options, reviewflow
from tests.flows.commands.mistakes import MISTAKES


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_config_or_input_is_one_sentence_of_plan(
    mistake: str, config: Path, reviews: Reviews, reviews_file: Path
) -> None:
    change, words = MISTAKES[mistake]
    content = small_config(reviews_file)
    change(content, config.parent, reviews)
    write_config(config, content)
    sentence = assert_plain(reviewflow("plan", *options(config)), 2)
    for word in words:
        assert word in sentence


def test_the_plan_of_the_installed_reviews_does_not_write_them(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = [(f"review {n}", ("negative", "positive")[n % 2]) for n in range(25_000)]
    monkeypatch.setattr("reviewflow.reviews.datasets._packaged_reviews", lambda: iter(short))
    write_config(config, small_config(Path(PROVIDED_PATH)))
    monkeypatch.chdir(config.parent)
    result = reviewflow("plan", *options(config))
    assert result.exit_code == 0
    assert "normalize: will run — first run" in result.stdout.splitlines()
    assert not Path("data").exists()


def test_a_path_of_before_is_read_with_a_warning(
    config: Path, reviews_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(config.parent)
    reviews = Path(config.parent, "reviews.csv")
    reviews.write_bytes(reviews_file.read_bytes())
    (config.parent / "jobs").mkdir()
    job = write_config(config.parent / "jobs" / "job.yaml", small_config(Path("reviews.csv")))
    result = reviewflow("plan", "--config", "jobs/job.yaml")
    assert result.exit_code == 0, result.output
    assert result.stderr == (
        "Warning: jobs/job.yaml: ingest.path: reviews.csv is taken from the working directory, and "
        "version 0.4 will not look there. Paths are relative to the configuration: write "
        "../reviews.csv.\n"
    )
    write_config(job, small_config(Path("../reviews.csv")))
    again = reviewflow("plan", "--config", "jobs/job.yaml")
    assert (again.exit_code, again.stdout, again.stderr) == (0, result.stdout, "")


def test_a_mistyped_folder_of_the_installed_reviews_is_an_error(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = PROVIDED_PATH.replace("raw", "rwa")
    write_config(config, small_config(Path(path)))
    monkeypatch.chdir(config.parent)
    assert path in assert_plain(reviewflow("plan", *options(config)), 2)
    assert not Path("data").exists()


def test_the_plan_runs_and_leaves_nothing(config: Path) -> None:
    result = reviewflow("plan", *options(config))
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert "normalize: will run — first run" in lines
    assert "train[tanh]: will run — first run" in lines
    assert [path.name for path in config.parent.iterdir()] == ["small.yaml"]


def test_beside_artifacts_the_plan_keeps_what_it_read(config: Path) -> None:
    (config.parent / "artifacts").mkdir()
    assert reviewflow("plan", *options(config)).exit_code == 0
    assert {path.name for path in (config.parent / "artifacts").iterdir()} == {"memos"}
