"""What the library's tests share."""

from pathlib import Path

import pytest

from reviewflow.models.bundle import read_bundle
from reviewflow.models.predictor import Model
from tests.conftest import (
    PlannedRun,
    Reviews,
    plan_and_run,
    small_config,
    write_config,
    write_reviews,
)
from tests.reviewflow.small_store import TwoRuns, real_run

STAGES = ("ingest", "normalize", "vectorize", "train", "evaluate", "publish")  # no check, no report


@pytest.fixture(scope="session")
def published_run(reviews_file: Path, tmp_path_factory: pytest.TempPathFactory) -> PlannedRun:
    """A small run of two variants with different tokens."""
    content = small_config(reviews_file)
    content["variants"] = {"linear": {"train.hidden": []}, "stems": {"normalize.reduce": "stem"}}
    content["publish"] = {"name": "imdb"}
    content["vectorize"] = {**content["vectorize"], "ngram_range": [1, 2], "max_features": 800}
    folder = tmp_path_factory.mktemp("published")
    return plan_and_run(write_config(folder / "job.yaml", content), folder / "artifacts", STAGES)


@pytest.fixture(scope="session")
def three_classes(reviews: Reviews, tmp_path_factory: pytest.TempPathFactory) -> PlannedRun:
    """A small run of three classes and hidden layers."""
    folder = tmp_path_factory.mktemp("three")
    words = ("bad", "fair", "good")
    rows = [(text, words[number % 3]) for number, (text, _) in enumerate(reviews)]
    content = small_config(write_reviews(folder / "reviews.csv", rows))
    content["ingest"]["labels"] = {word: number for number, word in enumerate(words)}
    content["variants"] = {"network": {}}
    content["publish"] = {"name": "grades"}
    return plan_and_run(write_config(folder / "job.yaml", content), folder / "artifacts", STAGES)


@pytest.fixture(scope="session")
def bundle(published_run: PlannedRun) -> Path:
    """The bundle of the first run."""
    return published_run.folder("publish")


@pytest.fixture(scope="session")
def model(bundle: Path) -> Model:
    """Its model."""
    return Model(read_bundle(bundle))


@pytest.fixture(scope="session")
def two_runs(reviews_file: Path, tmp_path_factory: pytest.TempPathFactory) -> TwoRuns:
    """Two real runs of the whole job; look at them, or copy them."""
    folder = tmp_path_factory.mktemp("two-runs")
    config = write_config(folder / "small.yaml", small_config(reviews_file))
    artifacts = folder / "artifacts"
    first = real_run(config, artifacts)
    second = real_run(config, artifacts, ("vectorize.max_features=200",))
    return TwoRuns(config, artifacts, first, second)
