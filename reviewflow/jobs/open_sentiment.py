"""Open the sentiment job: find its rows and lay its steps out."""

from __future__ import annotations

from pathlib import Path

from reviewflow.config.sections import Config, check_threshold
from reviewflow.errors import ConfigError
from reviewflow.jobs.sentiment import SENTIMENT
from reviewflow.pipeline.last_run import LastRun
from reviewflow.pipeline.opening import open_planner
from reviewflow.pipeline.planner import Planner
from reviewflow.quality.limits import check_limit_names
from reviewflow.reporting.reference import read_reference
from reviewflow.reviews.datasets import open_reviews
from reviewflow.reviews.downloads import DOWNLOADS


def open_sentiment(
    config: Config,
    artifacts: Path,
    last_run: LastRun,
    refresh: tuple[str, ...] = (),
    verify: bool = False,
    url: str | None = None,
) -> Planner:
    """Return the planner of the job, with the index of the reviews read.

    It writes no reviews. Where a run needs those of the installation, it writes them first
    (``reviewflow.reviews.datasets.provide``), and it fetches those of URLs
    (``reviewflow.reviews.remote.fetch_url``).

    Parameters
    ----------
    refresh, verify, url : as for :func:`reviewflow.pipeline.opening.open_planner`.

    Raises
    ------
    InputError : if the reviews cannot be read.
    ConfigError : if a suite's file, a limit, a stage to refresh or the published figures do not
        exist.
    """
    checks = config.validate_
    check_limit_names(checks.limits, (Path(checks.reviews), Path(checks.features)))
    read_reference(config.report.reference)  # a mistake in it should not wait for the report
    source = open_reviews(
        config.ingest, split_column(config), artifacts / "memos", artifacts / DOWNLOADS
    )
    check_number_of_classes(config, len(source.index.class_names))
    return open_planner(
        SENTIMENT,
        config,
        artifacts,
        last_run,
        variants=config.variant_configs,
        source=source,
        refresh=refresh,
        verify=verify,
        url=url,
    )


def check_number_of_classes(config: Config, classes: int) -> None:
    """Raise ConfigError if a setting does not fit the number of classes.

    With ``labels: auto`` it is known only now.
    """
    try:
        check_threshold(config.select.threshold, classes)
    except ValueError as error:
        raise ConfigError(f"{error}.") from None


def split_column(config: Config) -> str | None:
    """Return the column with an official split, if one is used."""
    is_used = config.split.method == "column" and config.ingest.test_path is None
    return config.split.column if is_used else None
