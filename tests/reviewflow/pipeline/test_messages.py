"""A message carries a step to another process, which refuses it where it differs from the run."""

import pickle
from pathlib import Path

import pytest

from reviewflow.context import Context
from reviewflow.errors import InputError, WorkerError
from reviewflow.pipeline import messages
from reviewflow.pipeline.messages import pack, perform_message, unpack
from reviewflow.pipeline.runner import Run
from tests.conftest import Reviews
from tests.reviewflow.pipeline.spread_job import requests_of


def test_a_message_performs_its_step(ingested: Run) -> None:
    store = ingested.planner.store
    for request in requests_of(ingested, "split"):
        message = pack(request, store, any_processor=False)
        reply = perform_message(message, Context(), "This process")
        performed = unpack(reply, request.step, store)
        assert not performed.ran
        assert performed.artifact.manifest["key"] == request.step.key


def test_a_message_holds_no_data(ingested: Run, reviews: Reviews) -> None:
    for request in requests_of(ingested, "normalize"):
        message = pack(request, ingested.planner.store, any_processor=False)
        assert len(message) < 20_000
        assert not any(text.encode()[:40] in message for text, _ in reviews)


def changed(message: bytes, **fields: object) -> bytes:
    """Return a message from a run that has something else than this process."""
    check, body = pickle.loads(message)
    return pickle.dumps(({**check, **fields}, body))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"code": {"reviewflow.text.normalize.x": "0"}}, "its code differs from the run's"),
        ({"functions": ("reviewflow.gone.away",)}, "its code differs from the run's"),
        ({"packages": {"numpy": "0.1"}}, "it has other versions of numpy than the run"),
        ({"packages": {"python": "2.7"}}, "it has other versions of python than the run"),
        ({"packages": {"nowhere": "1"}}, "it has other versions of nowhere than the run"),
        ({"processor": ("x86_64", "sse9")}, "its processor differs from the run's"),
    ],
)
def test_a_worker_that_differs_refuses(
    ingested: Run, fields: dict[str, object], words: str
) -> None:
    request, store = requests_of(ingested, "normalize")[1], ingested.planner.store
    message = changed(pack(request, store, any_processor=False), **fields)
    reply = perform_message(message, Context(), "Worker 7")
    with pytest.raises(WorkerError, match=r"^Worker 7 cannot perform normalize, part 2: ") as e:
        unpack(reply, request.step, store)
    assert words in str(e.value)
    assert str(e.value).count(". ") == 0
    assert not list(store.folder.glob("normalize/*"))


def test_any_processor_will_do_where_allowed(
    ingested: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    request, store = requests_of(ingested, "split")[0], ingested.planner.store
    message = pack(request, store, any_processor=True)
    monkeypatch.setattr(messages, "processor_features", lambda: ("other",))
    assert unpack(perform_message(message, Context(), ""), request.step, store)


@pytest.mark.parametrize("error", [InputError("No such file."), ValueError("bad", 3)])
def test_an_error_comes_back_as_it_is(
    ingested: Run, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> None:
        raise error

    monkeypatch.setattr(messages, "perform_step", fail)
    request, store = requests_of(ingested, "split")[0], ingested.planner.store
    reply = perform_message(pack(request, store, False), Context(), "")
    with pytest.raises(type(error)) as raised:
        unpack(reply, request.step, store)
    assert raised.value.args == error.args


def test_an_artifact_that_is_not_there_is_reported(ingested: Run, tmp_path: Path) -> None:
    request, store = requests_of(ingested, "split")[0], ingested.planner.store
    reply = perform_message(pack(request, store, False), Context(), "")
    other = type(store)(tmp_path)
    with pytest.raises(WorkerError, match="the same folder"):
        unpack(reply, request.step, other)
