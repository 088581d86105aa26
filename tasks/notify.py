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

from prefect import Task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.client.schemas import FlowRun, State
from prefect.flows import Flow
from prefect.variables import Variable

from reviewflow.errors import ReviewflowError, StoreError
from reviewflow.runs.alert_message import AlertMessage, alert_message
from reviewflow.runs.alerts import Alert
from reviewflow.runs.history import RunRecord, last_completed, run_records
from reviewflow.runs.identity import recorded_identity
from reviewflow.runs.json_values import mapping
from tasks.links import report_address
from tasks.recipients import address_problems, send_message

WEBHOOK_ENVIRONMENT = "REVIEWFLOW_WEBHOOK_URL"
WEBHOOK_VARIABLE = "reviewflow_webhook_url"
TIMEOUT_SECONDS = 10
RETRY_SECONDS = (1, 5, 25)
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


def send_alert(alert: Alert, facts: dict[str, Any]) -> None:
    """Send an alert if there is a webhook.

    A webhook that fails does not fail the run.
    """
    if webhook_url():
        notify(alert.event, {**facts, **asdict(alert)}, return_state=True)


def recipients(content: Mapping[str, Any]) -> list[str]:
    """Return the names in ``notify.to`` of a run.json."""
    names = mapping(mapping(content.get("config")).get("notify")).get("to")
    return [str(name) for name in names] if isinstance(names, list) else []


def send_messages(
    found: Sequence[Alert],
    content: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    folder: Path,
) -> None:
    """Send one message for all alerts of a run to everybody in ``notify.to``.

    A message that does not arrive does not fail the run.

    Parameters
    ----------
    content, before : run.json of the run and of the last completed one.
    folder : of the run.
    """
    for name in recipients(content) if found else ():
        if address_problems([name]):
            continue  # the run has warned of it, and a second try would not help
        message = alert_message(found, content, before, places(content, folder))
        notify_person(name, message, return_state=True)


def places(content: Mapping[str, Any], folder: Path) -> dict[str, str]:
    """Return where to read on about a run, by what a person calls it."""
    report, host = folder / "report.html", platform.node()
    if not report.exists():
        return {"Record": f"{host}:{folder.absolute() / 'run.json'}"}
    address = report_address(report, folder.parents[1])
    return {"Report": f"{host}:{report.absolute()}"} | (
        {"In a browser": address} if address else {}
    )


def send_crash_alert(flow: Flow[Any, Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Send the alert of a crash, which the dead run cannot send itself."""
    with get_client(sync_client=True) as client:
        name = client.read_flow_run(flow_run.id).name  # it was renamed since
    post_crash_alert(flow.name, name, str(state.message), _record_of(flow_run))


def _record_of(flow_run: FlowRun) -> RunRecord | None:
    """Return the record of a flow run, if it has come as far as that."""
    options = flow_run.parameters.get("options")
    artifacts = getattr(options, "artifacts", None) or mapping(options).get("artifacts")
    with suppress(StoreError):
        for record in run_records(Path(artifacts or "artifacts") / "runs"):
            if record.content.get("flow_run_id") == str(flow_run.id):
                return record
    return None


def post_crash_alert(job: str, name: str, why: str, record: RunRecord | None) -> None:
    """Send the alert of a crash to people and to the webhook, if any.

    Raises
    ------
    ReviewflowError : if the webhook did not take it.
    """
    alert = Alert("crashed", f"{name} crashed: {why}")
    if record is not None:
        runs, identity = record.folder.parent, recorded_identity(record.content)
        for person in recipients(record.content):
            last = last_completed(runs, identity, before=record.run_id)
            before = last.content if last else None
            where = places(record.content, record.folder)
            with suppress(ReviewflowError):
                send_message(person, alert_message([alert], record.content, before, where))
    if webhook_url():
        post({"job": job, **asdict(alert)})


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
