"""Run the sentiment flow: from a file of labelled reviews to a report."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prefect import flow

from flows.base import RUNNER, FlowRun, changed_stages, fetch, newest_runs, run_tags, stoppable
from flows.parameters import (
    SELECT,
    SPLIT,
    TRAIN,
    VARIANTS,
    VECTORIZE,
    Options,
    choose_config,
)
from reviewflow.config.sections import (
    Config,
    Ingest,
    LearningCurve,
    Normalize,
    Notify,
    Publish,
    Report,
    Select,
    Split,
    Train,
    Validate,
    Vectorize,
)
from reviewflow.jobs.open_sentiment import open_sentiment
from reviewflow.jobs.promotion import gate_sentence, publish_model
from reviewflow.jobs.sentiment import SENTIMENT
from reviewflow.jobs.sentiment_summary import summary
from reviewflow.pipeline.last_run import LastRun
from reviewflow.pipeline.planner import Planner
from reviewflow.reporting.page.html import html_page
from reviewflow.reporting.page.markdown import markdown_page
from reviewflow.reporting.page.trend_page import ALL_RUNS, trend_page
from reviewflow.reviews.datasets import provide
from reviewflow.reviews.input_files import named_urls
from reviewflow.reviews.input_stamp import input_stamp
from reviewflow.runs.trend import report_addresses, trend_path
from reviewflow.store.files import write_atomically
from tasks.links import pictures
from tasks.notify import send_crash_alert
from tasks.promote import gate
from tasks.report import metrics_rows, publish, report
from tasks.stage import StageTask, evaluate, ingest, normalize, publish_bundle, vectorize
from tasks.stage import learning_curve as measure_learning_curve
from tasks.train import train
from tasks.validate import validate

TASKS: Mapping[str, StageTask] = {
    "suites": validate,
    "ingest": ingest,
    "validate reviews": validate,
    "normalize": normalize,
    "vectorize": vectorize,
    "validate features": validate,
    "train": train,
    "evaluate": evaluate,
    "learning curve": measure_learning_curve,
    "report": report,
    "publish": publish_bundle,
}


@flow(
    name="sentiment",
    task_runner=RUNNER,
    on_crashed=[send_crash_alert],
)
@stoppable
def sentiment(
    config: str | None = None,
    ingest: Ingest = Ingest(),
    split: Split = SPLIT,
    checks: Validate = Validate(),
    normalize: Normalize = Normalize(),
    vectorize: Vectorize = VECTORIZE,
    train: Train = TRAIN,
    variants: str = VARIANTS,
    select: Select = SELECT,
    learning_curve: LearningCurve = LearningCurve(),
    publish: Publish = Publish(),
    report: Report = Report(),
    notify: Notify = Notify(),
    options: Options = Options(),
) -> str:
    """Train sentiment classifiers on labelled reviews.

    Only what a change affects runs again.

    Returns the path of the report.

    Args:
        config: A configuration file, such as configs/write_up.yaml; then leave the sections alone
        variants: A line a variant, NAME: {section.key: value}; {} is the sections as they are
    """
    name, settings = choose_config(locals())  # a new section is added to the signature alone
    with Sentiment(name, settings, options, config) as run:
        run.submit(TASKS)
        run.wait()
        run.promote()
        run.publish()
    return str(run.report)


class Sentiment(FlowRun):
    """One run of the sentiment flow."""

    def __init__(
        self, name: str, config: Config, options: Options, config_path: str | None
    ) -> None:
        self.config, self.name = config, name
        self.published: dict[str, Any] | None = None
        super().__init__(SENTIMENT, name, config, options, config_path)

    @property
    def report(self) -> Path:
        """The path of the page."""
        return self.record.folder / "report.html"

    def input_stamp(self) -> dict[str, Any]:
        """Return size and time of the review files."""
        return input_stamp(self.config.ingest)

    def open(self, last_run: LastRun) -> Planner:
        """Return the planner of the job, with the reviews' index read."""
        provide(self.config.ingest)
        for url in named_urls(self.config.ingest):
            fetch(url, self.artifacts, self.listener)
        options = self.options
        return open_sentiment(
            self.config,
            self.artifacts,
            last_run,
            options.refresh,
            options.verify,
            self.storage_url,
        )

    def title(self) -> str:
        """Return ``imdb · 25,000 rows · 3 changed stages``."""
        return f"{self.name} · {self.run.index.rows:,} rows · {changed_stages(self.run)}"

    def tags(self) -> list[str]:
        """Return job, configuration and the model that is published."""
        return run_tags(self.record, self.config.publish.name)

    def facts(self) -> dict[str, Any]:
        """Return stages, quality, variants and the best of them."""
        found = {**summary(self.run, self.config, self.report), "published": self.published}
        if self.published is not None:
            found["conclusions"] = [gate_sentence(self.published), *found["conclusions"]]
        return found

    def promote(self) -> None:
        """Publish the model, and make it the champion if the gate lets it."""
        if self.config.publish.name is not None:
            gate(self._publish_model)

    def _publish_model(self) -> dict[str, Any] | None:
        facts = self.facts()
        best = (facts["best"] or {}).get("variant")
        learned = any(each["learned"] for each in facts["variants"] if each["name"] == best)
        self.published = publish_model(
            self.run, self.config, self.artifacts, learned, self.record.head
        )
        return self.published

    def publish(self) -> None:
        """Show metrics and the report's text with its charts in the Prefect UI."""
        so_far = {"state": "completed", "seconds": self.record.seconds()}
        content = {**self.record.head, **so_far, **self.facts()}
        charts = self.run.folder_of("report")
        text = markdown_page(content, charts) + pictures(charts, self.record.folder, self.artifacts)
        publish(metrics_rows(content["variants"]), text)

    def recent_runs(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """Return the newest runs of the configuration, this one included."""
        return newest_runs(self.record, content)

    def write_pages(self, content: dict[str, Any]) -> dict[str, Path]:
        """Write the page and the Markdown of this run, and return them by name."""
        charts = self.run.folder_of("report")
        markdown = markdown_page(content, charts, self.trend)
        write_atomically(self.report, html_page(content, charts, self.trend))
        write_atomically(self.report.with_suffix(".md"), markdown)
        docs = content["artifacts"]["data_docs"]
        return {
            "Report": self.report,
            **self._write_trend(),
            **{f"Data Docs {name}": Path(docs[name]) for name in docs},
        }

    def _write_trend(self) -> dict[str, Path]:
        """Write the page of the configuration's trend, and return it by name."""
        if self.trend is None:
            return {}
        page = trend_path(self.artifacts, self.record.identity)
        page.parent.mkdir(exist_ok=True)
        reports = report_addresses(self.trend, page, self.artifacts / "runs")
        write_atomically(page, trend_page(self.trend, reports, ALL_RUNS))
        return {"Trend": page}
