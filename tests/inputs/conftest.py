"""Share a small job between the tests of the checks."""

import pytest

from tests.conftest import plan_and_run, small_config, write_config
from tests.inputs.attempt import csv_text, made_up
from tests.inputs.tampering import SUITES, TEST_ROWS, WORKS, Base
from tests.reviewflow.quality.conftest import all_warnings


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    """160 reviews: a part of 120 training rows, a part of 40 test rows."""
    folder = tmp_path_factory.mktemp("base")
    content = small_config(folder / "reviews.csv")
    del content["variants"]
    content["ingest"]["test_path"] = str(folder / "test.csv")
    for name, rows in (("reviews", made_up(120)), ("test", made_up(TEST_ROWS, first=1000))):
        (folder / f"{name}.csv").write_text(csv_text(rows), encoding="utf-8", newline="")
    strict = write_config(folder / "strict.yaml", content)
    content["validate"] = {
        name: str(all_warnings(SUITES / f"{name}.yaml", folder)) for name in ("reviews", "features")
    }
    lenient = write_config(folder / "lenient.yaml", content)
    for config in (strict, lenient):
        plan_and_run(config, folder / "artifacts", WORKS[:-1])
    return Base(folder, strict, lenient)
