"""Show what a run would do, and why: ``reviewflow plan``."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from flows.commands.options import job_options, json_option
from flows.commands.output import say, say_json
from flows.parameters import artifacts_place
from reviewflow.config.sentiment import read_config
from reviewflow.jobs.open_sentiment import open_sentiment
from reviewflow.pipeline.explain import plan_entries, plan_text
from reviewflow.reviews.downloads import DOWNLOADS
from reviewflow.reviews.input_files import named_urls
from reviewflow.reviews.remote import ask_urls
from reviewflow.runs.identity import RunIdentity, run_identity
from reviewflow.runs.record import last_run


@click.command()
@job_options("configs/imdb.yaml")
@json_option
def plan(
    config: str,
    changes: tuple[str, ...],
    refresh: tuple[str, ...],
    verify: bool,
    artifacts: str,
    as_json: bool,
) -> None:
    """Say what a run would do, and why, and run nothing."""
    settings = read_config(Path(config), changes)
    identity = run_identity("sentiment", Path(config).stem, settings, config)
    local, url = artifacts_place(artifacts)
    previous = last_run(local / "runs", identity)
    with existing_folder(local) as folder:
        asked = ask_urls(named_urls(settings.ingest), folder / DOWNLOADS)
        planner = open_sentiment(settings, folder, previous, refresh, verify, url)
        planner.store.transfers = False
        decisions = planner.plan_all()
    news = [each.sentence for each in asked if each.sentence]
    if as_json:
        say_json(plan_entries(decisions))
        for sentence in news:
            click.echo(sentence, err=True)
    else:
        say(*plan_text(decisions).splitlines())
        index = planner.source.index if planner.source else None
        say(*file_lines(index, local / "runs", identity))
        say(*news)


@contextmanager
def existing_folder(artifacts: Path) -> Iterator[Path]:
    """Give the folder of artifacts, or a temporary one where there is none."""
    if artifacts.exists():
        yield artifacts
        return
    with TemporaryDirectory(prefix="reviewflow-") as folder:
        yield Path(folder)


def file_lines(index: Any, runs: Path, identity: RunIdentity) -> Iterator[str]:
    """Yield which files are new, and which are no longer read."""
    from reviewflow.runs.changes import file_changes
    from reviewflow.runs.history import last_completed
    from reviewflow.runs.json_values import mapping

    now = index.file_entries()
    last = last_completed(runs, identity) if now else None
    if last is not None:
        data = mapping(last.content.get("data"))
        yield from (f"Files {phrase}." for phrase in file_changes(data.get("files"), now))
