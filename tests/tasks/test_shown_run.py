"""How a run is named, tagged and described in Prefect."""

from typing import Any

import pytest

from tasks import shown_run
from tasks.shown_run import SHOWN_RUN, ShownRun, description, name_flow_run, tag_failure


def test_an_artifact_says_of_which_run_it_is() -> None:
    assert description("Metrics") == "Metrics"
    token = SHOWN_RUN.set(ShownRun("imdb", "7"))
    try:
        assert description("Metrics") == "imdb · Metrics · run 7"
    finally:
        SHOWN_RUN.reset(token)


@pytest.fixture
def updates(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The updates that Prefect receives of a flow run whose deployment has a tag."""
    sent: list[dict[str, Any]] = []

    class Client:
        def __enter__(self) -> "Client":
            return self

        def __exit__(self, *_: object) -> None:
            return None

        def update_flow_run(self, identity: object, **fields: Any) -> None:
            sent.append(fields)

    runtime = "tasks.shown_run.flow_run"
    monkeypatch.setattr(f"{runtime}.get_id", lambda: "8a0f5f0e-0a46-4f5d-9c5e-0d4f3d1d6f10")
    monkeypatch.setattr(f"{runtime}.get_tags", lambda: ["scheduled"])
    monkeypatch.setattr(f"{runtime}.get_flow_name", lambda: "sentiment")
    monkeypatch.setattr(shown_run, "get_client", lambda sync_client: Client())
    return sent


def test_tags_add_to_those_of_the_deployment(updates: list[dict[str, Any]]) -> None:
    token = SHOWN_RUN.set(shown := ShownRun("imdb", "7"))
    try:
        name_flow_run("imdb · 9 rows", ["sentiment", "scheduled", "config:imdb"])
        shown.failed = ["train"]
        tag_failure(shown)
    finally:
        SHOWN_RUN.reset(token)
    tags = ["scheduled", "sentiment", "config:imdb"]
    assert updates[0] == {"name": "imdb · 9 rows", "tags": tags}
    assert updates[1] == {"name": None, "tags": [*tags, "failed:train"]}


@pytest.mark.parametrize(("name", "wanted"), [("imdb", "imdb"), ("", "sentiment")])
def test_a_run_that_fails_before_it_has_a_name_gets_one(
    name: str, wanted: str, updates: list[dict[str, Any]]
) -> None:
    tag_failure(ShownRun(name))
    assert updates == [{"name": f"{wanted} · did not begin", "tags": ["scheduled"]}]
