"""The device to train on: found, or refused before anything runs."""

import pytest

from reviewflow.errors import ConfigError
from reviewflow.jobs import sentiment_facts
from reviewflow.jobs.sentiment_facts import resolved_device


@pytest.mark.parametrize(
    ("build", "why"), [("2.13.0+cpu", "was built without CUDA"), ("2.13.0", "finds no CUDA device")]
)
def test_cuda_that_is_not_there_is_a_mistake_in_the_configuration(
    build: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sentiment_facts, "version", lambda name: build)
    monkeypatch.setattr(sentiment_facts, "_finds_cuda", lambda: False)
    with pytest.raises(ConfigError, match=f"train.device is cuda, but PyTorch {why}") as refused:
        resolved_device("cuda")
    assert refused.value.exit_code == 2
    assert resolved_device("cpu") == "cpu"


def test_cuda_that_is_there_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sentiment_facts, "version", lambda name: "2.13.0")
    monkeypatch.setattr(sentiment_facts, "_finds_cuda", lambda: True)
    assert resolved_device("cuda") == "cuda"
