"""The line in the log of a run that waits says how to find the run it waits for."""

from typing import Any
from uuid import uuid4

import pytest
from prefect.client.schemas.objects import FlowRun

from flows.prefect_server.waiting import log_line

UI = "http://127.0.0.1:4200"


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"tags": ["sentiment", "config:films"]}, "configuration films, "),
        ({"parameters": {"config": "configs/imdb.yaml"}}, "configuration imdb, "),
        ({"parameters": {"config": None}}, ""),
        ({}, ""),
    ],
)
@pytest.mark.parametrize("address", [UI, f"{UI}/", f"{UI}/api", f"{UI}/api/"])
def test_the_run_is_named_by_configuration_and_address(
    fields: dict[str, Any], shown: str, address: str
) -> None:
    waiting, going = FlowRun(flow_id=uuid4()), FlowRun(flow_id=uuid4(), name="blue-cat", **fields)
    line = log_line(waiting, [going], address)
    assert line.flow_run_id == waiting.id
    assert line.message == (
        f"Waits for the end of “blue-cat” ({shown}{UI}/runs/flow-run/{going.id}): "
        "this deployment has one run at a time."
    )


def test_a_run_that_has_just_ended_is_another_run() -> None:
    line = log_line(FlowRun(flow_id=uuid4()), [], UI)
    assert line.message.startswith("Waits for the end of another run: ")
