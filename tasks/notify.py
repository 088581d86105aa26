"""Send alerts to a webhook, whose secret address is never written down."""

import json
import os
import urllib.error
import urllib.request
from dataclasses import asdict
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.client.schemas import FlowRun, State
from prefect.flows import Flow
from prefect.variables import Variable

from reviewflow.errors import ReviewflowError
from reviewflow.runs.alerts import Alert

WEBHOOK_ENVIRONMENT = "REVIEWFLOW_WEBHOOK_URL"
WEBHOOK_VARIABLE = "reviewflow_webhook_url"
TIMEOUT_SECONDS = 10


def webhook_url() -> str | None:
    """Return the webhook's address, None if there is none.

    It comes from the environment or else from a Prefect variable.
    """
    url = os.environ.get(WEBHOOK_ENVIRONMENT) or Variable.get(WEBHOOK_VARIABLE, default=None)
    return str(url) if url else None


@task(
    name="notify",
    task_run_name="notify · {event}",
    retries=3,
    retry_delay_seconds=[1, 5, 25],
    cache_policy=NO_CACHE,
    persist_result=False,
    log_prints=False,
)
def notify(event: str, message: dict[str, Any]) -> None:
    """Post a message, and retry with growing delays."""
    post(message)


def send_alert(alert: Alert, facts: dict[str, Any]) -> None:
    """Send an alert if there is a webhook.

    A webhook that fails does not fail the run.
    """
    if webhook_url():
        notify(alert.event, {**facts, **asdict(alert)}, return_state=True)


def send_crash_alert(flow: Flow[Any, Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Send the alert of a crash, which the dead run cannot send itself."""
    with get_client(sync_client=True) as client:
        name = client.read_flow_run(flow_run.id).name  # it was renamed since
    post_crash_alert(flow.name, name, str(state.message))


def post_crash_alert(job: str, name: str, why: str) -> None:
    """Post the alert of a crash if there is a webhook."""
    if webhook_url():
        post({"job": job, "event": "crashed", "text": f"{name} crashed: {why}"})


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
