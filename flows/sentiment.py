"""The sentiment flow: from a file of labelled reviews to a report."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prefect import flow
from prefect.task_runners import ThreadPoolTaskRunner

from flows.base import OneRun, changed_stages, stoppable
from flows.parameters import TRAIN, VARIANTS, Options, choose_config
from reviewflow.config.sections import (
    Config,
    Ingest,
    Normalize,
    Notify,
    Report,
    Split,
    Train,
    Validate,
    Vectorize,
)
from reviewflow.jobs.open_sentiment import open_planner, open_run
from reviewflow.jobs.sentiment_summary import summary
from reviewflow.pipeline.last_run import LastRun
from reviewflow.pipeline.runner import Run
from reviewflow.processors import processors
from reviewflow.reporting.page.html import html_page
from reviewflow.reporting.page.markdown import markdown_page
from reviewflow.store.files import write_atomically
from tasks.evaluate import evaluate
from tasks.ingest import ingest
from tasks.links import pictures
from tasks.normalize import normalize
from tasks.notify import tell_of_crash
from tasks.report import metrics_rows, publish, report
from tasks.train import train
from tasks.validate import validate
from tasks.vectorize import vectorize


@flow(
    name="sentiment",
    task_runner=ThreadPoolTaskRunner(max_workers=processors()),
    on_crashed=[tell_of_crash],
)
@stoppable
def sentiment(
    config: str | None = None,
    ingest: Ingest = Ingest(),
    split: Split = Split(),
    checks: Validate = Validate(),
    normalize: Normalize = Normalize(),
    vectorize: Vectorize = Vectorize(),
    train: Train = TRAIN,
    variants: str = VARIANTS,
    report: Report = Report(),
    notify: Notify = Notify(),
    options: Options = Options(),
) -> str:
    """Train sentiment classifiers on labelled reviews; only what a change affects runs again.

    Returns the path of the report.

    Args:
        config: A configuration file, such as configs/write_up.yaml; then leave the sections alone
        variants: A line a variant, NAME: {section.key: value}; {} is the sections as they are
    """
    name, settings = choose_config(locals())  # a new section is added to the signature alone
    with Sentiment(settings, name, options) as job:
        submit_stages(job)
        job.wait()
        job.publish()
    return str(job.report)


def submit_stages(job: OneRun) -> None:
    """Start every stage as soon as what it reads is there, and what it waits for has passed."""
    job.submit(validate, "suites")
    job.submit(ingest, "ingest")
    job.submit(validate, "validate reviews")
    job.submit(normalize, "normalize")
    job.submit(vectorize, "vectorize")
    job.submit(validate, "validate features")
    job.submit(train, "train")
    job.submit(evaluate, "evaluate")
    job.submit(report, "report")


class Sentiment(OneRun):
    """One run of the sentiment flow."""

    def __init__(self, config: Config, name: str, options: Options) -> None:
        self.config, self.name = config, name
        super().__init__("sentiment", name, config, options)

    def __enter__(self) -> "Sentiment":
        return self

    @property
    def report(self) -> Path:
        """Where the page lies."""
        return self.record.folder / "report.html"

    def open(self, previous: LastRun) -> Run:
        """Read the reviews' index and lay the job out."""
        ask = self.options
        planner = open_planner(self.config, self.artifacts, previous, ask.refresh, ask.verify)
        return open_run(self.config, planner, self.listener, self.pool, ask.recheck)

    def title(self) -> str:
        """``imdb · 25,000 rows · 3 changed stages``."""
        return f"{self.name} · {self.run.index.rows:,} rows · {changed_stages(self.run)}"

    def facts(self) -> dict[str, Any]:
        """Stages, quality, variants and the best of them."""
        return summary(self.run, self.config, self.report)

    def publish(self) -> None:
        """Show metrics and the report's text with its charts in the Prefect UI."""
        so_far = {"state": "completed", "seconds": self.record.seconds()}
        facts = {**self.record.head, **so_far, **self.facts()}
        charts = self.run.folder_of("report")
        text = markdown_page(facts, charts) + pictures(charts, self.record.folder, self.artifacts)
        publish(metrics_rows(facts["variants"]), text)

    def write_pages(self, content: Mapping[str, Any]) -> dict[str, Path]:
        """Fill the page and the Markdown anew: they tell of this run."""
        charts = self.run.folder_of("report")
        write_atomically(self.report, html_page(content, charts))
        write_atomically(self.report.with_suffix(".md"), markdown_page(content, charts))
        docs = content["artifacts"]["data_docs"]
        return {"Report": self.report} | {f"Data Docs {name}": Path(docs[name]) for name in docs}
