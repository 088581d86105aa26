"""Run a flow: submit tasks in dependency order, always write run.json.

with FlowRun(…) as run:  submit ─▶ wait ─▶ publish
                                             └─▶ run.json and the report, also after an error
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from contextvars import ContextVar
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, Self, cast

from prefect.exceptions import TerminationSignal
from prefect.futures import PrefectFuture
from prefect.logging import get_run_logger
from prefect.runtime import flow_run
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
from prefect.states import Cancelled as CancelledState
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner
from pydantic import BaseModel

from flows.cancel_watch import ended_by_prefect
from flows.parameters import Options, artifacts_place
from flows.prefect_server.startup import full_disk, is_full
from flows.prefect_server.worker import end_with_worker
from reviewflow.errors import Cancelled, ReviewflowError, StoreError
from reviewflow.evaluation.metrics import METRICS
from reviewflow.formatting import size
from reviewflow.pipeline.executors import make_executor
from reviewflow.pipeline.last_run import LastRun
from reviewflow.pipeline.planner import Planner
from reviewflow.pipeline.runner import Listener, Run, TaskGroup
from reviewflow.pipeline.stage import Job
from reviewflow.processors import processors
from reviewflow.reporting.page.markdown import trend_markdown
from reviewflow.reviews.downloads import DOWNLOADS, file_name
from reviewflow.reviews.remote import fetch_url
from reviewflow.runs.alerts import alerts
from reviewflow.runs.gc import write_claims
from reviewflow.runs.history import last_completed
from reviewflow.runs.record import RunRecorder, last_run
from reviewflow.runs.trend import read_trend, subject_of
from reviewflow.store.compiled_code import keep_compiled_code
from tasks.ended_future import EndedFuture
from tasks.failures import SHORT_LOG, failed_state, failure_sentence, log_failure
from tasks.links import publish_links, report_address
from tasks.notify import claim_crash_alert, recipients, send_alert, send_messages
from tasks.recipients import address_problems
from tasks.shown_run import SHOWN_RUN, ShownRun, name_flow_run, shown_run, tag_failure
from tasks.stage import StageTask
from tasks.trend_artifact import publish_trend

LISTENER: ContextVar[Listener | None] = ContextVar("listener", default=None)
STOPPED = "The run was stopped; what was finished is kept, run again to go on."
RUNNER = cast("TaskRunner[PrefectFuture[Any]]", ThreadPoolTaskRunner(max_workers=processors()))
RECENT_RUNS = 60  # of a configuration, whose figures the report shows
MISTAKE = 2  # exit code of what a person wrote wrongly: its sentence says all
P = ParamSpec("P")
SIGNALS = (KeyboardInterrupt, SystemExit, TerminationSignal, Cancelled)


def fetch(url: str, artifacts: Path, listener: Listener) -> None:
    """Fetch a URL's file if it has changed, and report the progress.

    Raises
    ------
    InputError
        If it cannot be fetched.
    """
    start, title = time.monotonic(), f"fetch {file_name(url)}"

    def report_progress(received: int, total: int | None) -> None:
        figures = {"done": float(received)} | ({"total": float(total)} if total else {})
        listener.update(title, "bytes", figures)

    copy = fetch_url(url, artifacts / DOWNLOADS, report_progress)
    state, seconds = "ran" if copy.is_new else "cached", time.monotonic() - start
    much = size(copy.path.stat().st_size)
    listener.done(title, state, seconds, f"{much} from {url}" if copy.is_new else "")


@contextmanager
def by_hand(listener: Listener) -> Iterator[None]:
    """Give the runs in the body the listener of the person who starts them.

    They send no heartbeats, unless Prefect's setting asks for some. The person watches the process,
    and Prefect's thread for heartbeats ends on whole seconds only, which a short run waits for.
    """
    token = LISTENER.set(listener)
    try:
        with temporary_settings(set_defaults={PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
            yield
    finally:
        LISTENER.reset(token)


def stoppable(run: Callable[P, str]) -> Callable[P, str]:
    """End a flow that a signal stops as cancelled, not as crashed.

    This holds in Prefect and in run.json. The state of a failed run has one sentence: what failed,
    why, and where the report is.
    """

    @wraps(run)
    def until_stopped(*arguments: P.args, **parameters: P.kwargs) -> str:
        end_with_worker()
        identity = flow_run.get_id() or ""
        SHORT_LOG.watch(identity)
        shown = ShownRun()
        token = SHOWN_RUN.set(shown)
        try:
            with ended_by_prefect(identity) if identity and LISTENER.get() else nullcontext():
                return run(*arguments, **parameters)
        except SIGNALS:
            state: Any = CancelledState(message=STOPPED, data=Cancelled(STOPPED))
            return cast(str, state)  # Prefect takes a state for any result
        except Exception as error:
            log_failure(error)
            with suppress(Exception):  # what went wrong first is what a person should read
                tag_failure(shown)
            sentence = shown.cause or failure_sentence(error)
            return cast(str, failed_state(error, sentence, shown.page))
        finally:
            SHOWN_RUN.reset(token)

    return until_stopped


class FlowRun(ABC):
    """One run of a flow, from its record's beginning to its end.

    A flow's own class says how its job is opened and what run.json and the pages say.

    Parameters
    ----------
    name, config, config_path : as for :class:`reviewflow.runs.record.RunRecorder`.
    """

    def __init__(
        self, job: Job, name: str, config: BaseModel, options: Options, config_path: str | None
    ) -> None:
        self.job, self.options = job, options
        self.artifacts, self.storage_url = artifacts_place(options.artifacts)
        keep_compiled_code(self.artifacts)
        runs = self.artifacts / "runs"
        flow_run_id, stamp = flow_run.get_id(), self.input_stamp()
        self.record = RunRecorder(runs, job.name, name, config, flow_run_id, config_path, stamp)
        self.pool = ThreadPoolExecutor(processors())
        self.executor = make_executor(
            self.pool, options.executor, options.workers, options.any_processor
        )
        self.listener = LISTENER.get() or Listener()
        self.threads: ThreadPoolTaskRunner[Any] | None = None
        self.futures: dict[str, PrefectFuture[Any]] = {}
        self.trend: dict[str, Any] | None = None
        self.opened: Run | None = None
        shown_run().config, shown_run().run_id = name, self.record.run_id
        warn_of_addresses(self.record, self.listener)
        try:
            self.last_run = last_run(runs, self.record.identity)
            planner = self.open(self.last_run)
            self.opened = Run(planner, self.listener, self.pool, options.recheck, self.executor)
            write_claims(self.record.folder, planner.fingerprint_digests())
            name_flow_run(self.title(), self.tags())
        except BaseException as error:
            self.close(error)
            raise

    @property
    def run(self) -> Run:
        """The run of the job's steps."""
        assert self.opened is not None
        return self.opened

    def input_stamp(self) -> dict[str, Any] | None:
        """Return size and time of the input files, None for a job without any."""
        return None

    @abstractmethod
    def open(self, last_run: LastRun) -> Planner:
        """Return the planner of the job."""

    @abstractmethod
    def title(self) -> str:
        """Return what the flow run is called in the Prefect UI."""

    def tags(self) -> list[str]:
        """Return by what the flow run is found in the Prefect UI."""
        return run_tags(self.record)

    @abstractmethod
    def facts(self) -> dict[str, Any]:
        """Return what run.json says beside its head."""

    @abstractmethod
    def write_pages(self, content: dict[str, Any]) -> dict[str, Path]:
        """Write the pages of a run from its run.json, and return them by name."""

    def recent_runs(self, content: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the newest runs of the configuration, None for no trend."""
        return None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is not None:
            self.run.stop.set()
        self.close(error)

    def submit(self, tasks: Mapping[str, StageTask]) -> None:
        """Start every stage once its inputs are there and its checks passed.

        Parameters
        ----------
        tasks : a task for each group of the job's stages.

        Raises
        ------
        ReviewflowError : if a group has no task, or a task no group. Nothing has started then.
        """
        check_tasks(self.job, tasks)
        for name in self.job.groups:
            for group in self.run.task_groups(name):
                waits = [EndedFuture(self.futures[title]) for title in self.run.sources(group)]
                self.futures[group.title] = self._submit(tasks[name], group, waits)

    def _submit(
        self, task: StageTask, group: TaskGroup, waits: list[EndedFuture]
    ) -> PrefectFuture[Any]:
        """Submit a task to as many threads as the executor has use for."""
        if self.executor.width is None:
            return task.submit(self.run, group, wait_for=waits, return_state=False)
        if self.threads is None:
            self.threads = ThreadPoolTaskRunner(max_workers=self.executor.width).__enter__()
        return self.threads.submit(task, {"run": self.run, "group": group}, waits)

    def wait(self) -> None:
        """Wait for everything, and raise what went wrong first.

        Where checks stopped the run, one message speaks for all of them.
        """
        for future in self.futures.values():
            future.wait()
        failed = {
            title: future
            for title, future in self.futures.items()
            if future.state.is_failed() or future.state.is_crashed()
        }
        shown_run().failed += dict.fromkeys(title.partition("[")[0] for title in failed)
        self.run.raise_if_stopped()
        for future in failed.values():
            shown_run().cause = str(future.state.message)
            future.result()
        for future in self.futures.values():
            future.result()
        self.run.raise_if_nondeterministic()

    def close(self, error: BaseException | None) -> None:
        """Write run.json and the pages as the run ended, with what was reached."""
        for future in self.futures.values():  # Prefect's task runner reports those left as crashed
            future.wait()
        self.pool.shutdown()
        self.executor.close()
        if self.threads is not None:
            self.threads.__exit__(None, None, None)
        facts, broken = self._facts()
        ended = named_full_disk(error or broken, self.artifacts)
        state = "completed" if ended is None else "failed"
        if isinstance(ended, SIGNALS):
            state, ended = "cancelled", Cancelled(STOPPED)
        try:
            self._write_record(state, ended, facts)
        except OSError as unwritable:
            if ended is None:  # else what went wrong first is what a person should read
                raise StoreError(
                    f"The run's record in {self.record.folder} cannot be written ({unwritable})."
                ) from None
        except Exception:
            if ended is None:
                raise
        if error is None and broken is not None:
            raise broken

    def _facts(self) -> tuple[dict[str, Any], Exception | None]:
        """Return what run.json says beside its head, or why it cannot be found."""
        try:
            return ({} if self.opened is None else self.facts()), None
        except Exception as error:
            return {}, error

    def _write_record(
        self, state: str, error: BaseException | None, facts: Mapping[str, Any]
    ) -> None:
        sentence = None if error is None else str(error) or type(error).__name__
        with alerts_without_record(self.record, state, sentence, facts):
            self._write_keys(state)
            content = self.record.finish(state, sentence, facts, self.job.latest_link)
        try:
            self.trend = self.recent_runs(content)
            if facts:
                self._publish_pages(content, error)
            if self.trend is not None and state != "cancelled":  # then somebody waits for the end
                publish_trend(self.record.identity, trend_markdown(self.trend))
        finally:  # whoever is called by an alert hears of it without the pages too
            send_alerts(self.record, content)

    def _write_keys(self, state: str) -> None:
        """Write keys.json.

        A failed run goes without one where it does not fit on the disk.
        """
        try:
            if self.opened is not None:
                self.record.write_keys(self.opened.keys, self.last_run)
        except (OSError, StoreError):
            if state != "failed":
                raise

    def _publish_pages(self, content: dict[str, Any], error: BaseException | None) -> None:
        """Write the pages, and name the first of them to whoever reads the error."""
        pages = self.write_pages(content)
        if pages and error is not None:
            name_page(error, *next(iter(pages.items())), self.artifacts)
        if content["state"] != "cancelled":  # somebody waits for the end
            publish_links(pages, self.artifacts)


def named_full_disk(error: BaseException | None, artifacts: Path) -> BaseException | None:
    """Return an error as a sentence on the full disk, if that is full.

    Errors with a sentence of their own stay as they are.
    """
    if not isinstance(error, Exception) or isinstance(error, ReviewflowError):
        return error
    if not is_full(artifacts):
        return error
    named = full_disk(artifacts / "prefect")
    shown_run().cause = str(named)
    return named


@contextmanager
def alerts_without_record(
    record: RunRecorder, state: str, sentence: str | None, facts: Mapping[str, Any]
) -> Iterator[None]:
    """Send the alerts of a run whose end cannot be written: a full disk.

    Parameters
    ----------
    state, sentence, facts : how the run ended, which the body writes.
    """
    try:
        yield
    except (OSError, StoreError) as unwritable:
        if state != "cancelled":
            why = sentence or str(unwritable)
            send_alerts(record, record.end_content("failed", why, facts), has_metrics=False)
            claim_crash_alert(record.folder)  # it reads as crashed now, and people know
        raise


def send_alerts(record: RunRecorder, content: Mapping[str, Any], has_metrics: bool = True) -> None:
    """Send the alerts of a run that has ended, to programs and to people.

    The person at the console hears of those that did not arrive.

    Parameters
    ----------
    content : its run.json.
    has_metrics : whether metrics of the run before are compared.
    """
    last = last_completed(record.runs, record.identity, before=record.run_id)
    before = last.content if last else None
    lower_is_better = [metric.name for metric in METRICS if not metric.higher_is_better]
    found = alerts(content, before if has_metrics else None, lower_is_better)
    facts = {"job": record.job, "run_id": record.run_id}
    refusals = [refusal for alert in found for refusal in send_alert(alert, facts)]
    refusals += send_messages(found, content, before, record.folder)
    for refusal in dict.fromkeys(refusals):
        (LISTENER.get() or Listener()).show("notify", refusal)


def name_page(error: BaseException, title: str, page: Path, artifacts: Path) -> None:
    """Name a page to whoever reads an error, on the console and in Prefect."""
    shown_run().page = f"{title}: {report_address(page, artifacts) or page.absolute()}"
    if getattr(error, "exit_code", 1) != MISTAKE:
        error.add_note(f"{title}: {page}")


def warn_of_addresses(record: RunRecorder, listener: Listener) -> None:
    """Warn of every name in ``notify.to`` that no message can reach."""
    for problem in address_problems(recipients(record.head)):
        get_run_logger().warning(problem)
        listener.show("notify", problem)


def newest_runs(record: RunRecorder, content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the trend over the newest runs of a configuration.

    Parameters
    ----------
    record : of the newest one, which has ended.
    content : its run.json.
    """
    subject = subject_of(content, record.identity)
    names = [metric.name for metric in METRICS]
    return read_trend(record.runs, subject, names, most=RECENT_RUNS).to_json()


def check_tasks(job: Job, tasks: Mapping[str, object]) -> None:
    """Raise ReviewflowError unless each group of stages has one task."""
    missing = [name for name in job.groups if name not in tasks]
    unknown = [name for name in tasks if name not in job.groups]
    if missing or unknown:
        trouble = " and ".join(
            [f"submits no task for {', '.join(missing)}"] * bool(missing)
            + [f"submits a task for {', '.join(unknown)}, which the job lacks"] * bool(unknown)
        )
        raise ReviewflowError(
            f"The {job.name} flow {trouble}; mend TASKS in flows/{job.name}.py. Nothing was run."
        )


def changed_stages(run: Run) -> str:
    """Return ``3 changed stages``: how many groups of stages will run."""
    decisions = run.planner.plan_all()
    changed = {step.node.stage.group for step, d in decisions.items() if d.action != "cached"}
    return f"{len(changed) or 'no'} changed stage{'s' * (len(changed) != 1)}"


def run_tags(record: RunRecorder, model: str | None = None) -> list[str]:
    """Return by what a flow run is found in the Prefect UI.

    Parameters
    ----------
    model : that the run publishes or uses.
    """
    by_whom = ["by-hand"] if LISTENER.get() else []
    return [record.job, *by_whom, f"config:{record.name}", *([f"model:{model}"] if model else [])]
