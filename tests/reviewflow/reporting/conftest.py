"""The browser that the tests of the pages share."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.reviewflow.reporting.in_browser import launch_browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    yield from launch_browser()
