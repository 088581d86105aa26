"""The sentiment flow: from a file of labelled reviews to a report."""

from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from pathlib import Path
from typing import Any, NamedTuple

from prefect import Task, flow
from prefect.client.orchestration import get_client
from prefect.futures import PrefectFuture
from prefect.runtime import flow_run
from prefect.task_runners import ThreadPoolTaskRunner

from reviewflow.config import Config, read_config
from reviewflow.errors import Cancelled, StoreError
from reviewflow.garbage import claim
from reviewflow.processors import processors
from reviewflow.record import Record, previous_run
from reviewflow.reporting.markdown import markdown
from reviewflow.reporting.page import html_page
from reviewflow.run import Listener, Run, open_ledger, open_run
from reviewflow.store import write_whole
from reviewflow.summary import summary
from tasks.evaluate import evaluate
from tasks.ingest import ingest
from tasks.normalize import normalize
from tasks.report import metrics_rows, publish, report
from tasks.train import train
from tasks.validate import validate
from tasks.vectorize import vectorize

LISTENER: ContextVar[Listener | None] = ContextVar("listener", default=None)


@flow(name="sentiment", task_runner=ThreadPoolTaskRunner(max_workers=processors()))
def sentiment(
    config: str = "configs/imdb.yaml",
    changes: list[str] | None = None,
    refresh: list[str] | None = None,
    verify: bool = False,
    recheck: bool = False,
    artifacts: str = "artifacts",
) -> str:
    """Train sentiment classifiers on labelled reviews; only what a change affects runs again.

    Returns the path of the report.
    """
    settings = read_config(Path(config), tuple(changes or ()))
    options = Options(tuple(refresh or ()), verify, recheck)
    with Sentiment(settings, Path(config).stem, Path(artifacts), options) as job:
        job.submit(validate, "suites")
        job.submit(ingest, "ingest")
        job.submit(validate, "validate reviews")
        job.submit(normalize, "normalize")
        job.submit(vectorize, "vectorize")
        job.submit(validate, "validate features")
        job.submit(train, "train")
        job.submit(evaluate, "evaluate")
        job.submit(report, "report")
        job.wait()
        job.publish()
    return str(job.report)


class Options(NamedTuple):
    """How far a run trusts what the store holds."""

    refresh: tuple[str, ...] = ()
    verify: bool = False
    recheck: bool = False


class Sentiment:
    """One run of the flow: submits works in the order of their needs and closes the record."""

    def __init__(self, config: Config, name: str, artifacts: Path, options: Options) -> None:
        self.config = config
        self.record = Record(artifacts / "runs", "sentiment", name, config)
        self.report = self.record.folder / "report.html"
        self.pool = ThreadPoolExecutor(processors())
        self.futures: dict[str, PrefectFuture[Any]] = {}
        self.run: Run | None = None
        try:
            self.previous = previous_run(artifacts / "runs", "sentiment", name)
            ledger = open_ledger(config, artifacts, self.previous, options.refresh, options.verify)
            listener = LISTENER.get() or Listener()
            self.run = open_run(config, ledger, listener, self.pool, options.recheck)
            claim(self.record.folder, ledger.recipe_digests())
            name_flow_run(name, self.run)
        except BaseException as error:
            self.close(error)
            raise

    def __enter__(self) -> "Sentiment":
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is not None and self.run is not None:
            self.run.stop.set()
        self.close(error)

    def submit(self, stage: Task[..., Any], shown_as: str) -> None:
        """Start every piece of work of a stage as soon as what it reads is there."""
        assert self.run is not None
        for work in self.run.works(shown_as):
            waits = [
                self.futures[label] for label in self.run.sources(work) if label in self.futures
            ]
            self.futures[work.label] = stage.submit(self.run, work, wait_for=waits)

    def wait(self) -> None:
        """Wait for everything; raises what went wrong first."""
        assert self.run is not None
        for future in self.futures.values():
            future.wait()
        failed = [f for f in self.futures.values() if f.state.is_failed() or f.state.is_crashed()]
        for future in (*failed, *self.futures.values()):
            future.result()
        self.run.stop_at_lies()

    def publish(self) -> None:
        """Show metrics and the report's text in the Prefect UI."""
        assert self.run is not None
        facts = {
            **self.record.head,
            "state": "completed",
            **summary(self.run, self.config, self.report),
        }
        publish(metrics_rows(facts["variants"]), markdown(facts, self.run.folder_of("report")))

    def close(self, error: BaseException | None) -> None:
        """Write run.json and the report as the run ended, with what was reached."""
        state = "completed" if error is None else "failed"
        if isinstance(error, KeyboardInterrupt | SystemExit | Cancelled):
            state = "cancelled"
        self.pool.shutdown()
        try:
            self._write_record(state, error)
        except OSError as unwritable:
            if error is None:  # else what went wrong first is what a person should read
                raise StoreError(
                    f"The run's record in {self.record.folder} cannot be written ({unwritable})."
                ) from None

    def _write_record(self, state: str, error: BaseException | None) -> None:
        facts: dict[str, Any] = {}
        if self.run is not None:
            facts = summary(self.run, self.config, self.report)
            self.record.keep_keys(self.run, self.previous)
        sentence = None if error is None else str(error) or type(error).__name__
        content = self.record.finish(state, sentence, facts)
        if self.run is not None:
            self.write_report(content, self.run)

    def write_report(self, content: dict[str, Any], run: Run) -> None:
        """Fill the page and the Markdown anew: they tell of this run."""
        charts = run.folder_of("report")
        write_whole(self.report, html_page(content, charts))
        write_whole(self.report.with_suffix(".md"), markdown(content, charts))


def name_flow_run(name: str, run: Run) -> None:
    """Rename the Prefect flow run: ``imdb · 25,000 rows · 3 changed stages``."""
    decisions = run.ledger.foresee()
    changed = {step.line.stage.shown_as for step, d in decisions.items() if d.action != "cached"}
    rows = sum(part.rows for part in run.index.parts)
    title = (
        f"{name} · {rows:,} rows · {len(changed) or 'no'} changed stage{'s' * (len(changed) != 1)}"
    )
    identity = flow_run.get_id()
    if identity:
        with get_client(sync_client=True) as client:
            client.update_flow_run(identity, name=title)
