"""What a report says of single words and reviews, and the stage that works it out."""

from pathlib import Path

import pytest

from reviewflow.context import Context
from reviewflow.reporting.stage import write_report_data
from tests.reviewflow.reporting.example import Example, example


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Example:
    return example(tmp_path_factory.mktemp("run"), {"relu": "a", "tanh": "b"}, rows=900)


def test_a_step_repeated_writes_the_same_bytes(made: Example, tmp_path: Path) -> None:
    write_report_data(**made.inputs, folder=tmp_path, context=Context())
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == sorted(path.name for path in made.charts.iterdir())
    for name in files:
        assert (tmp_path / name).read_bytes() == (made.charts / name).read_bytes(), name
