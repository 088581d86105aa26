"""What the library's tests share."""

from pathlib import Path

import pytest

from tests.conftest import small_config, write_config
from tests.reviewflow.small_store import TwoRuns, real_run


@pytest.fixture(scope="session")
def two_runs(reviews_file: Path, tmp_path_factory: pytest.TempPathFactory) -> TwoRuns:
    """Two real runs of the whole job; look at them, or copy them."""
    folder = tmp_path_factory.mktemp("two-runs")
    config = write_config(folder / "small.yaml", small_config(reviews_file))
    artifacts = folder / "artifacts"
    first = real_run(config, artifacts)
    second = real_run(config, artifacts, ("vectorize.max_features=200",))
    return TwoRuns(config, artifacts, first, second)
