"""Send alerts to a webhook and to people, whose addresses are secret.

                    ┌─ JSON ──▶ webhook
run.json ─ alerts ──┴─ words ─▶ every name in notify.to (recipients)
"""

import json
import os
import platform
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, ParamSpec
from uuid import UUID

from prefect import Task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas import FlowRun, State
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    TaskRunFilter,
    TaskRunFilterState,
    TaskRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.flows import Flow
from prefect.variables import Variable

from reviewflow.errors import ReviewflowError, StoreError
from reviewflow.formatting import join_names
from reviewflow.models.registry import Registry
from reviewflow.runs.alert_message import AlertMessage, alert_message
from reviewflow.runs.alerts import Alert
from reviewflow.runs.history import RunRecord, last_completed, run_records
from reviewflow.runs.identity import recorded_identity
from reviewflow.runs.json_values import mapping
from tasks.links import flow_run_address, report_address
from tasks.recipients import address_problems, send_message

WEBHOOK_ENVIRONMENT = "REVIEWFLOW_WEBHOOK_URL"
WEBHOOK_VARIABLE = "reviewflow_webhook_url"
TIMEOUT_SECONDS = 10
RETRY_SECONDS = (1, 5, 25)
KILLED = "Its process was killed, by a person or by the system because memory ran out."
CRASH_ALERT = ".crash-alert"  # a file in the run's folder
P = ParamSpec("P")


def webhook_url() -> str | None:
    """Return the webhook's address, None if there is none.

    It comes from the environment or else from a Prefect variable.
    """
    url = os.environ.get(WEBHOOK_ENVIRONMENT) or Variable.get(WEBHOOK_VARIABLE, default=None)
    return str(url) if url else None


def sending_task(name: str, run_name: str) -> Callable[[Callable[P, None]], Task[P, None]]:
    """Return a decorator that makes a Prefect task of a function that sends.

    It sends again with growing delays. Neither its arguments nor its result are kept.
    """

    def decorate(send: Callable[P, None]) -> Task[P, None]:
        return Task(
            send,
            name=name,
            task_run_name=run_name,
            retries=len(RETRY_SECONDS),
            retry_delay_seconds=list(RETRY_SECONDS),
            cache_policy=NO_CACHE,
            persist_result=False,
            log_prints=False,
        )

    return decorate


@sending_task("notify", "notify · {event}")
def notify(event: str, message: dict[str, Any]) -> None:
    """Post a message to the webhook."""
    post(message)


@sending_task("notify person", "notify {name}")
def notify_person(name: str, message: AlertMessage) -> None:
    """Send a message to a person."""
    send_message(name, message)


def send_alert(alert: Alert, facts: dict[str, Any]) -> list[str]:
    """Send an alert if there is a webhook, and return why it was not taken.

    A webhook that fails does not fail the run.
    """
    if not webhook_url():
        return []
    return _refusals(notify(alert.event, {**facts, **asdict(alert)}, return_state=True))


def _refusals(sent: State[Any]) -> list[str]:
    """Return why a message was not taken, nothing where it was."""
    if not sent.is_failed():
        return []
    error = sent.result(raise_on_failure=False)
    return [str(error) if isinstance(error, ReviewflowError) else str(sent.message)]


def recipients(content: Mapping[str, Any]) -> list[str]:
    """Return the names in ``notify.to`` of a run.json."""
    names = mapping(mapping(content.get("config")).get("notify")).get("to")
    return [str(name) for name in names] if isinstance(names, list) else []


def send_messages(
    found: Sequence[Alert],
    content: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    folder: Path,
) -> list[str]:
    """Send one message for all alerts of a run to everybody in ``notify.to``.

    A message that does not arrive does not fail the run. Return a sentence for each of them.

    Parameters
    ----------
    content, before : run.json of the run and of the last completed one.
    folder : of the run.
    """
    refusals = []
    for name in recipients(content) if found else ():
        if address_problems([name]):
            continue  # the run has warned of it, and a second try would not help
        message = _message(found, content, before, folder)
        refusals += _refusals(notify_person(name, message, return_state=True))
    return refusals


def _message(
    found: Sequence[Alert],
    content: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    folder: Path,
) -> AlertMessage:
    """Return the message for the alerts of the run in a folder."""
    champion = _champion(content, folder.parents[1])
    return alert_message(found, content, before, places(content, folder), champion)


def _champion(content: Mapping[str, Any], artifacts: Path) -> str | None:
    """Return name and version of the champion, None without one."""
    name = mapping(mapping(content.get("config")).get("publish")).get("name")
    if not isinstance(name, str):
        return None
    version = Registry(artifacts / "models").current(name)
    return None if version is None else f"{name} {version}"


def places(content: Mapping[str, Any], folder: Path) -> dict[str, str]:
    """Return where to read on about a run, by what a person calls it."""
    report, host = folder / "report.html", platform.node()
    if not report.exists():
        log = flow_run_address(content.get("flow_run_id"))
        record = {"Record": f"{host}:{folder.absolute() / 'run.json'}"}
        return record | ({"Log": log} if log else {})
    address = report_address(report, folder.parents[1])
    return {"Report": f"{host}:{report.absolute()}"} | (
        {"In a browser": address} if address else {}
    )


def send_crash_alert(flow: Flow[Any, Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Send the alert of a crash, which the dead run cannot send itself."""
    with get_client(sync_client=True) as client:
        name = client.read_flow_run(flow_run.id).name  # it was renamed since
        where = going_tasks(client, flow_run.id)
    why = KILLED if "status code: -9." in str(state.message) else str(state.message)
    post_crash_alert(flow.name, name, why, _record_of(flow_run), where)


def going_tasks(client: SyncPrefectClient, flow_run: UUID) -> str:
    """Return the tasks that a flow run had not ended: `` in train[tanh]``."""
    ours = FlowRunFilter(id=FlowRunFilterId(any_=[flow_run]))
    running = TaskRunFilter(
        state=TaskRunFilterState(type=TaskRunFilterStateType(any_=[StateType.RUNNING]))
    )
    with suppress(Exception):  # where it crashed is good to know, and no reason to say nothing
        found = client.read_task_runs(flow_run_filter=ours, task_run_filter=running)
        names = sorted({run.name for run in found})
        return f" in {join_names(names, 3)}" if names else ""
    return ""


def _record_of(flow_run: FlowRun) -> RunRecord | None:
    """Return the record of a flow run, if it has come as far as that."""
    artifacts = None
    for name in ("options", "settings"):  # of training, and of scoring
        given = flow_run.parameters.get(name)
        artifacts = (
            artifacts or getattr(given, "artifacts", None) or mapping(given).get("artifacts")
        )
    with suppress(StoreError):
        for record in run_records(Path(artifacts or "artifacts") / "runs"):
            if record.content.get("flow_run_id") == str(flow_run.id):
                return record
    return None


def post_crash_alert(
    job: str, name: str, why: str, record: RunRecord | None, where: str = ""
) -> None:
    """Send the alert of a crash to people and to the webhook, if any.

    A crash may be found by its worker and by the reaper. The first of them sends the alert.

    Parameters
    ----------
    where : the tasks that had not ended, as :func:`going_tasks` has them.

    Raises
    ------
    ReviewflowError : if the webhook did not take it.
    """
    if record is not None and not claim_crash_alert(record.folder):
        return
    alert = Alert("crashed", f"{name} crashed{where}: {why}")
    if record is not None:
        runs, identity = record.folder.parent, recorded_identity(record.content)
        for person in recipients(record.content):
            last = last_completed(runs, identity, before=record.run_id)
            before = last.content if last else None
            with suppress(ReviewflowError):
                send_message(person, _message([alert], record.content, before, record.folder))
    if webhook_url():
        post({"job": job, **asdict(alert)})


def claim_crash_alert(folder: Path) -> bool:
    """Claim the alert of a run's crash, unless another process has it.

    Parameters
    ----------
    folder : of the run.
    """
    try:
        (folder / CRASH_ALERT).open("x").close()
    except FileExistsError:
        return False
    except OSError:  # the disk is full, or the folder is gone: twice is better than never
        return True
    return True


def post(message: dict[str, Any]) -> None:
    """POST a message as JSON.

    Raises
    ------
    ReviewflowError : if it was not taken. The message says why without the address.
    """
    request = urllib.request.Request(
        webhook_url() or "",
        data=json.dumps(message, ensure_ascii=False).encode(),
        headers={"Content-Type": "application/json; charset=utf-8"},
    )
    why = ""
    try:
        urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS).close()
    except urllib.error.HTTPError as error:
        why = f"it answered {error.code}"
    except (OSError, ValueError) as error:
        why = type(getattr(error, "reason", error)).__name__
    if why:
        raise ReviewflowError(f"The webhook did not take the alert ({why}).")
