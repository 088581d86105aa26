"""A run of the sentiment job that has been cut into parts, for executors to go on with."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from reviewflow.pipeline.runner import Run
from tests.conftest import Reviews
from tests.reviewflow.pipeline.spread_job import open_run, write_job


@pytest.fixture(scope="session")
def ingested(reviews: Reviews, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of which ingest and split are done, on three parts."""
    folder = tmp_path_factory.mktemp("job")
    with ThreadPoolExecutor(2) as pool:
        run = open_run(write_job(folder, reviews, 3), folder / "artifacts", pool)
        for group in run.task_groups("ingest"):
            run.perform(group)
    return run
