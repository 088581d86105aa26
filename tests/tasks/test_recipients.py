"""Messages to people over real connections, and the secrecy of their addresses."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from reviewflow.errors import ReviewflowError
from reviewflow.runs.alert_message import AlertMessage
from tasks import recipients
from tasks.recipients import address_problems, send_message
from tests.flows.conftest import TOKEN, Webhook, listening
from tests.tasks.mail_server import mail_server

MESSAGE = AlertMessage("imdb: run failed in train", "What broke:\n- variant <b>ü</b> & 5 %", True)
OPS = "REVIEWFLOW_NOTIFY_OPS"


@pytest.fixture(scope="module")
def receiver() -> Iterator[Webhook]:
    """A server that takes messages."""
    with listening() as hook:
        yield hook


@pytest.fixture
def host(receiver: Webhook) -> str:
    """The server's address without its scheme, with the secret in it, before any message."""
    receiver.requests.clear()
    receiver.statuses.clear()
    return receiver.url.removeprefix("http://")


@pytest.fixture(autouse=True)
def _no_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave Prefect's server alone; tests/tasks/test_notify.py asks a real one."""

    def load(name: str) -> None:
        raise ValueError(f"no block {name}")

    monkeypatch.setattr(recipients.Secret, "load", load)


@pytest.mark.parametrize("scheme", ["json", "ntfy"])
def test_a_message_arrives_as_it_is(
    scheme: str, host: str, receiver: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(OPS, f"{scheme}://{host}")
    send_message("ops", MESSAGE)
    ((_, _, body),) = receiver.requests
    assert (body["title"], body["message"]) == (MESSAGE.title, MESSAGE.body)


def test_a_mail_arrives_with_its_text_escaped_in_html(monkeypatch: pytest.MonkeyPatch) -> None:
    with mail_server() as (port, mails):
        sender = "from=flow@example.org&to=ops@example.org&mode=insecure"
        monkeypatch.setenv(OPS, f"mailto://127.0.0.1:{port}?{sender}")
        send_message("ops", MESSAGE)
    (mail,) = mails
    assert (mail["Subject"], mail["To"]) == (MESSAGE.title, "ops@example.org")
    plain, html = (part.get_content() for part in mail.iter_parts())
    assert plain.splitlines() == MESSAGE.body.splitlines()
    assert "&lt;b&gt;ü&lt;/b&gt;" in html


def test_an_address_may_be_several(
    host: str, receiver: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REVIEWFLOW_NOTIFY_NIGHT_SHIFT", f"json://{host}, json://{host}")
    send_message("night-shift", MESSAGE)
    assert len(receiver.requests) == 2


@pytest.mark.parametrize("gone", [False, True])
def test_a_refused_message_is_a_sentence_without_the_address(
    gone: bool,
    host: str,
    receiver: Webhook,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    receiver.statuses[:] = [503]
    monkeypatch.setenv(OPS, f"json://127.0.0.1:9/{TOKEN}" if gone else f"json://{host}")
    with pytest.raises(ReviewflowError) as raised:
        send_message("ops", MESSAGE)
    why = "there was no answer" if gone else "it answered 503"
    assert str(raised.value) == f"The alert did not reach ops ({why})."
    assert TOKEN not in caplog.text
    assert logging.getLogger("apprise").propagate


def test_a_name_without_a_good_address_is_reported(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, host: str
) -> None:
    monkeypatch.delenv(OPS, raising=False)
    monkeypatch.setenv("REVIEWFLOW_NOTIFY_BOSS", f"fax://{host}")
    monkeypatch.setenv("REVIEWFLOW_NOTIFY_TEAM", f"json://{host}")
    without, wrong = address_problems(["ops", "boss", "team"])
    assert without == (
        "notify.to names ops, which has no address; set REVIEWFLOW_NOTIFY_OPS, or save a Prefect "
        "Secret block called ops."
    )
    assert wrong.startswith("notify.to names boss, whose address is not one that Apprise knows")
    assert TOKEN not in wrong + caplog.text
    with pytest.raises(ReviewflowError, match="no address of ops"):
        send_message("ops", MESSAGE)


def test_no_message_is_written_to_the_disk(
    host: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(OPS, f"ntfy://{host}")
    send_message("ops", MESSAGE)
    assert list(tmp_path.rglob("*")) == []
