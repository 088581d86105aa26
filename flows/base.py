"""One run of a flow: its works are submitted in the order of their needs, its record is closed.

with OneRun(…) as job:  submit a stage ─▶ … ─▶ wait ─▶ publish
                                                    └─▶ run.json and the report, come what may
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from pathlib import Path
from typing import Any

from prefect import Task
from prefect.client.orchestration import get_client
from prefect.exceptions import TerminationSignal
from prefect.futures import PrefectFuture
from prefect.runtime import flow_run
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
from prefect.states import Cancelled as CancelledState
from pydantic import BaseModel

from flows.parameters import Options
from flows.prefect_server.worker import end_with_worker
from reviewflow.errors import Cancelled, StoreError
from reviewflow.evaluation.metrics import METRICS
from reviewflow.pipeline.last_run import LastRun
from reviewflow.pipeline.runner import Listener, Run
from reviewflow.processors import processors
from reviewflow.runs.alerts import alerts
from reviewflow.runs.gc import write_claims
from reviewflow.runs.history import last_completed
from reviewflow.runs.record import RunRecorder, last_run
from tasks.links import publish_links
from tasks.notify import notify_of

LISTENER: ContextVar[Listener | None] = ContextVar("listener", default=None)
STOPPED = "The run was stopped; what was finished is kept, run again to go on."
SIGNALS = (KeyboardInterrupt, SystemExit, TerminationSignal, Cancelled)


@contextmanager
def by_hand(listener: Listener) -> Iterator[None]:
    """Runs in the body are started by a person, whose listener is told of them.

    They send no heartbeats, unless Prefect's setting asks for some: the process is watched by the
    person, and Prefect's thread for them ends on whole seconds only, which a short run waits for.
    """
    token = LISTENER.set(listener)
    try:
        with temporary_settings(set_defaults={PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
            yield
    finally:
        LISTENER.reset(token)


def stoppable(run: Callable[..., Any]) -> Callable[..., Any]:
    """Have a flow that is told to stop end as cancelled, in Prefect as in run.json, not crashed."""

    @wraps(run)
    def until_stopped(*arguments: Any, **parameters: Any) -> Any:
        end_with_worker()
        try:
            return run(*arguments, **parameters)
        except SIGNALS:
            return CancelledState(message=STOPPED, data=Cancelled(STOPPED))

    return until_stopped


class OneRun:
    """What all flows share; a flow's own class says how its run is opened and what it tells.

    Parameters
    ----------
    job, name, config : as for :class:`reviewflow.runs.record.RunRecorder`.
    """

    def __init__(self, job: str, name: str, config: BaseModel, options: Options) -> None:
        self.artifacts, self.options = Path(options.artifacts), options
        self.record = RunRecorder(self.artifacts / "runs", job, name, config, flow_run.get_id())
        self.pool = ThreadPoolExecutor(processors())
        self.listener = LISTENER.get() or Listener()
        self.futures: dict[str, PrefectFuture[Any]] = {}
        self.opened: Run | None = None
        try:
            self.previous = last_run(self.artifacts / "runs", self.record.identity)
            self.opened = self.open(self.previous)
            write_claims(self.record.folder, self.run.planner.fingerprint_digests())
            name_flow_run(self.title())
        except BaseException as error:
            self.close(error)
            raise

    @property
    def run(self) -> Run:
        """The run that was opened."""
        assert self.opened is not None
        return self.opened

    def open(self, previous: LastRun) -> Run:
        """Lay the job out."""
        raise NotImplementedError

    def title(self) -> str:
        """What the flow run is called in the Prefect UI."""
        raise NotImplementedError

    def facts(self) -> dict[str, Any]:
        """What run.json says beside its head."""
        raise NotImplementedError

    def write_pages(self, content: Mapping[str, Any]) -> dict[str, Path]:
        """Write what a person reads of a run, from its run.json; gives the pages by name."""
        raise NotImplementedError

    def __enter__(self) -> "OneRun":
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is not None:
            self.run.stop.set()
        self.close(error)

    def submit(self, stage: Task[..., Any], *names: str) -> None:
        """Start every piece of group of some stages as soon as what it reads is there."""
        for group in self.run.task_groups(*names):
            waits = [
                self.futures[label] for label in self.run.sources(group) if label in self.futures
            ]
            self.futures[group.label] = stage.submit(self.run, group, wait_for=waits)

    def wait(self) -> None:
        """Wait for everything; raises what went wrong first."""
        for future in self.futures.values():
            future.wait()
        failed = [f for f in self.futures.values() if f.state.is_failed() or f.state.is_crashed()]
        for future in (*failed, *self.futures.values()):
            future.result()
        self.run.stop_at_lies()

    def close(self, error: BaseException | None) -> None:
        """Write run.json and the report as the run ended, with what was reached."""
        state = "completed" if error is None else "failed"
        if isinstance(error, SIGNALS):
            state, error = "cancelled", Cancelled(STOPPED)
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
        if self.opened is not None:
            facts = self.facts()
            self.record.write_keys(self.opened.keys, self.previous)
        sentence = None if error is None else str(error) or type(error).__name__
        last = last_completed(self.artifacts / "runs", self.record.identity)
        content = self.record.finish(state, sentence, facts)
        if self.opened is not None:
            pages = self.write_pages(content)
            if state != "cancelled":  # then there is no time to lose
                publish_links(pages, self.artifacts)
        lower_is_better = [metric.name for metric in METRICS if not metric.higher_is_better]
        for alert in alerts(content, last.content if last else None, lower_is_better):
            notify_of(alert, {"job": self.record.job, "run_id": self.record.run_id})


def changed_stages(run: Run) -> str:
    """``3 changed stages``: how many stages, as a person calls them, will run."""
    decisions = run.planner.plan_all()
    changed = {step.node.stage.group for step, d in decisions.items() if d.action != "cached"}
    return f"{len(changed) or 'no'} changed stage{'s' * (len(changed) != 1)}"


def name_flow_run(title: str) -> None:
    """Rename the Prefect flow run."""
    identity = flow_run.get_id()
    if identity:
        with get_client(sync_client=True) as client:
            client.update_flow_run(identity, name=title)
