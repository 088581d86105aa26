"""Run the score flow: files of reviews, and the same files with scores."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from prefect import flow
from prefect.runtime import flow_run

from flows.base import (
    LISTENER,
    SIGNALS,
    STOPPED,
    alerts_without_record,
    fetch,
    name_page,
    newest_runs,
    run_tags,
    send_alerts,
    stoppable,
    warn_of_addresses,
)
from reviewflow.api import load_model
from reviewflow.config.scoring import Score
from reviewflow.config.sections import Ingest
from reviewflow.config.shipped import find_file
from reviewflow.config.urls import is_url
from reviewflow.context import Context
from reviewflow.errors import Cancelled, StoreError
from reviewflow.formatting import amount
from reviewflow.models.predictor import Model
from reviewflow.pipeline.runner import Listener
from reviewflow.processors import processors
from reviewflow.reporting.page.markdown import trend_markdown
from reviewflow.reporting.scoring_page.scoring_html import scoring_html_page
from reviewflow.reporting.scoring_page.scoring_markdown import scoring_markdown_page
from reviewflow.reviews.downloads import DOWNLOADS, copy_path
from reviewflow.runs.record import RunRecorder, read_run
from reviewflow.scoring.score_checks import check_suite
from reviewflow.scoring.score_files import (
    FileOutcome,
    ScoringTarget,
    score_once,
    targets,
    url_target,
)
from reviewflow.scoring.scoring_options import ScoringOptions
from reviewflow.store.compiled_code import keep_compiled_code
from reviewflow.store.files import write_atomically
from reviewflow.store.os_errors import store_errors
from tasks.links import publish_cause, publish_links
from tasks.notify import send_crash_alert
from tasks.score import score_one, sentence, show_scores
from tasks.shown_run import name_flow_run, shown_run
from tasks.trend_artifact import publish_trend

LATEST = "latest-score"
STATES = {"scored": "ran", "kept": "cached", "failed": "failed"}  # in the words of other runs


@flow(name="score", on_crashed=[send_crash_alert])
@stoppable
def score(settings: Score, after: str | None = None) -> str:
    """Score files of reviews with a published model.

    A file that was scored before is left as it is. Returns the folder of the run's record.

    Args:
        settings: Which files, with which model
        after: Id of the flow run after which this one was started, for a link to it
    """
    if after is not None:
        publish_cause(after)
    run = ScoreRun(settings)
    try:
        run.score_all()
    except BaseException as error:
        run.close(error)
        raise
    run.close(None)
    run.raise_first_error()
    return str(run.record.folder)


class ScoreRun:
    """One run of the score flow, from its record's beginning to its end."""

    def __init__(self, settings: Score) -> None:
        artifacts = Path(settings.artifacts)
        keep_compiled_code(artifacts)
        self.settings, self.listener = settings, LISTENER.get() or Listener()
        runs, flow_run_id = artifacts / "runs", flow_run.get_id()
        self.record = RunRecorder(runs, "score", settings.model, settings, flow_run_id)
        self.outcomes: list[FileOutcome] = []
        self.model: Model | None = None
        self.suite = find_file(Path(settings.suite))
        shown_run().config, shown_run().run_id = settings.model, self.record.run_id

    @property
    def page(self) -> Path:
        """The path of the run's page."""
        return self.record.folder / "report.html"

    def score_all(self) -> None:
        """Score every file that is not scored yet."""
        settings = self.settings
        warn_of_addresses(self.record, self.listener)
        check_suite(self.suite, settings.limits)
        model = self.model = load_model(settings.model, settings.artifacts)
        chosen = self._targets()
        several = len(chosen) > 1 or Path(settings.output).is_dir()
        options = ScoringOptions(
            self._ingest(model),
            settings.model,
            settings.prefix,
            settings.labels,
            self.suite,
            settings.limits,
            settings.rescore,
            settings.settle_seconds if several else 0.0,
            waits=not several,
        )
        title = f"{settings.model} {model.version} · {amount(len(chosen), 'file')}"
        name_flow_run(title, run_tags(self.record, settings.model))
        with ThreadPoolExecutor(processors()) as pool:
            for target in chosen:
                self._score(model, target, options, pool)

    def close(self, error: BaseException | None) -> None:
        """Write run.json as the run ended."""
        failed = [outcome for outcome in self.outcomes if outcome.state == "failed"]
        state = "failed" if error is not None or failed else "completed"
        if isinstance(error, SIGNALS):
            state, error = "cancelled", Cancelled(STOPPED)
        first = error or next((outcome.error for outcome in failed), None)
        told = None if first is None else str(first)
        facts = self._facts()
        with alerts_without_record(self.record, state, told, facts):
            self.record.finish(state, told, facts, LATEST)
        content = read_run(self.record.folder)
        try:
            if self.model is not None:
                self._write_pages(content, first)
            if state != "cancelled":  # then somebody waits for the end
                trend = newest_runs(self.record, content)
                publish_trend(self.record.identity, trend_markdown(trend))
        finally:  # whoever is called by an alert hears of it without the page too
            send_alerts(self.record, content, has_metrics=False)

    def _write_pages(self, content: dict[str, Any], first: BaseException | None) -> None:
        """Write the page and the Markdown, and show them in the Prefect UI.

        Whoever reads the first error gets the page's path with it.
        """
        artifacts, markdown = Path(self.settings.artifacts), scoring_markdown_page(content)
        try:
            with store_errors(artifacts):
                write_atomically(self.page, scoring_html_page(content))
                write_atomically(self.page.with_suffix(".md"), markdown)
        except StoreError:
            if first is None:  # else it says more
                raise
            return
        if first is not None:
            name_page(first, "Report", self.page, artifacts)
        if content["state"] != "cancelled":  # somebody waits for the end
            publish_links({"Report": self.page}, artifacts)
            show_scores(markdown)

    def raise_first_error(self) -> None:
        """Raise the error of the first file that failed."""
        for outcome in self.outcomes:
            if outcome.error is not None:
                raise outcome.error

    def _targets(self) -> tuple[ScoringTarget, ...]:
        """Return the files to score. That of a URL is fetched if it has changed."""
        named, output = self.settings.input, Path(self.settings.output)
        if not is_url(named):
            return targets(named, output)
        artifacts = Path(self.settings.artifacts)
        target = url_target(named, copy_path(named, artifacts / DOWNLOADS), output)
        fetch(named, artifacts, self.listener)
        return (target,)

    def _ingest(self, model: Model) -> Ingest:
        """Return how the files are read."""
        settings = self.settings
        return Ingest(
            path=settings.input,
            text_column=settings.text_column or model.text_column,
            encoding=settings.encoding,
            delimiter=settings.delimiter,
            quoting=settings.quoting,
        )

    def _score(
        self,
        model: Model,
        target: ScoringTarget,
        options: ScoringOptions,
        pool: ThreadPoolExecutor,
    ) -> None:
        """Score one file, and tell the listener how it ended."""
        name = target.path.name

        def progress(message: str, figures: dict[str, float]) -> None:
            self.listener.update(name, message, figures)

        def perform() -> FileOutcome:
            context = Context(progress=progress, executor=pool)
            outcome = score_once(model, target, options, context)
            self.outcomes.append(outcome)
            return outcome

        before = len(self.outcomes)
        state = score_one(name, perform, return_state=True)
        if len(self.outcomes) == before:
            state.result()  # raises what went wrong
        outcome = self.outcomes[before]
        self.listener.done(
            name,
            STATES.get(outcome.state, outcome.state),
            outcome.record.get("seconds", 0.0),
            sentence(outcome),
        )

    def _facts(self) -> dict[str, Any]:
        """Return what run.json says of the files."""
        return {
            "model": None
            if self.model is None
            else {"name": self.settings.model, "version": self.model.version},
            "stages": [
                {
                    "stage": "score",
                    "part": number,
                    "variant": None,
                    "key": None,
                    "state": STATES.get(outcome.state, "skipped"),
                    "reason": sentence(outcome),
                    "seconds": outcome.record.get("seconds", 0.0),
                    "rows": outcome.record.get("rows_out"),
                    "bytes": outcome.record.get("output_bytes", 0),
                }
                for number, outcome in enumerate(self.outcomes)
            ],
            "artifacts": {"report": str(self.page)},
            "data": {
                "path": self.settings.input,
                "rows": sum(outcome.record.get("rows_in", 0) for outcome in self.outcomes),
            },
            "quality": [
                {
                    "suite": self.suite.stem,
                    "file": outcome.target.title,
                    "kept": outcome.state == "kept",
                    **check,
                }
                for outcome in self.outcomes
                for check in outcome.record.get("checks", ())
            ],
            "files": [
                {
                    "input": outcome.target.title,
                    "output": str(outcome.target.output),
                    "state": outcome.state,
                    "error": None if outcome.error is None else str(outcome.error),
                    **outcome.record,
                }
                for outcome in self.outcomes
            ],
        }
