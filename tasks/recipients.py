"""Send messages to people through Apprise, whose addresses are secret.

notify.to: [ops] ─ REVIEWFLOW_NOTIFY_OPS, or the Prefect Secret block ops ─▶ mailto://…, slack://…

An address is read where it is used. Neither Apprise nor the library below it may log meanwhile, and
no error repeats more than the status with which the other side answered.
"""

import logging
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from prefect.blocks.system import Secret

from reviewflow.errors import ReviewflowError
from reviewflow.runs.alert_message import AlertMessage

if TYPE_CHECKING:
    from apprise import Apprise

LOGGERS = ("apprise", "urllib3.connectionpool", "urllib3.util.retry")
STATUS = re.compile(r"error=([1-5]\d\d)\b")  # in Apprise's warning that a message was refused


def address_variable(name: str) -> str:
    """Return the environment variable that holds a person's address."""
    return f"REVIEWFLOW_NOTIFY_{name.upper().replace('-', '_')}"


def address_problems(names: Sequence[str]) -> list[str]:
    """Return a sentence for each name that no message can reach."""
    problems = []
    for name in names:
        variable, address = address_variable(name), _address(name)
        if address is None:
            problems.append(
                f"notify.to names {name}, which has no address; set {variable}, or save a Prefect "
                f"Secret block called {name}."
            )
        elif _services(address) is None:
            problems.append(
                f"notify.to names {name}, whose address is not one that Apprise knows, such as "
                f"mailto://… or slack://…; mend {variable} or the Prefect Secret block {name}."
            )
    return problems


def send_message(name: str, message: AlertMessage) -> None:
    """Send a message to a person.

    Raises
    ------
    ReviewflowError
        If no address is set, or the service refuses the message. The error omits the address.
    """
    from apprise import NotifyFormat, NotifyType

    address = _address(name)
    services = None if address is None else _services(address)
    if services is None:
        raise ReviewflowError(f"There is no address of {name}; set {address_variable(name)}.")
    with _mute_logs() as statuses:
        is_sent = services.notify(
            message.body,
            title=message.title,
            notify_type=NotifyType.FAILURE if message.is_failure else NotifyType.WARNING,
            body_format=NotifyFormat.TEXT,  # names from data are never taken for markup
        )
    if not is_sent:
        why = f"it answered {' and '.join(statuses)}" if statuses else "there was no answer"
        raise ReviewflowError(f"The alert did not reach {name} ({why}).")


def _address(name: str) -> str | None:
    """Return a person's address, None if there is none."""
    if given := os.environ.get(address_variable(name)):
        return given
    try:
        secret = Secret.load(name).get()  # type: ignore[union-attr]
    except Exception:  # no such block, one of another kind, or no answer: there is no address
        return None
    return str(secret) or None


def _services(address: str) -> "Apprise | None":
    """Return the services of an address, None if one of them is not known."""
    from apprise import Apprise  # takes a third of a second

    with _mute_logs():
        services = Apprise()
        return services if services.add(address) else None


class _Statuses(logging.Handler):
    """Keeps the HTTP statuses in what is logged, and nothing else."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the status of a message that was refused."""
        self.found += STATUS.findall(record.getMessage())


@contextmanager
def _mute_logs() -> Iterator[list[str]]:
    """Keep what is logged about addresses from every handler.

    Yields
    ------
    list of str
        The HTTP statuses of messages that were refused.
    """
    statuses = _Statuses()
    loggers = [logging.getLogger(name) for name in LOGGERS]
    before = [(each.handlers, each.propagate) for each in loggers]
    for each in loggers:
        each.handlers, each.propagate = [statuses], False
    try:
        yield statuses.found
    finally:
        for each, (handlers, propagate) in zip(loggers, before, strict=True):
            each.handlers, each.propagate = handlers, propagate
