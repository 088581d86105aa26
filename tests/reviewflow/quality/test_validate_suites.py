"""Both suites are dry-run before any work."""

import json
from pathlib import Path

import pytest

from reviewflow.context import Context
from reviewflow.errors import ConfigError
from reviewflow.quality.validate_suites import validate_suites
from tests.reviewflow.quality.conftest import SUITES
from tests.reviewflow.quality.test_suites import BETWEEN, one, suite_file


@pytest.mark.parametrize(
    "entry",
    [
        f"{BETWEEN}, kwargs: {{column: split, min_value: 1}}",
        "type: unexpected_rows_expectation, kwargs: {unexpected_rows_query: select 1}",
    ],
)
def test_an_expectation_that_cannot_be_evaluated_is_refused(tmp_path: Path, entry: str) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(ConfigError, match="cannot be evaluated"):
        validate_suites(
            reviews_suite=suite_file(tmp_path, one(entry)),
            features_suite=SUITES / "features.yaml",
            limits={},
            folder=tmp_path / "out",
            context=Context(),
        )
    assert not list((tmp_path / "out").iterdir())


def test_the_shipped_suites_are_valid_and_make_no_noise(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    given = {"reviews_suite": SUITES / "reviews.yaml", "features_suite": SUITES / "features.yaml"}
    figures = validate_suites(**given, limits={}, folder=folder, context=Context())
    types = json.loads((folder / "suites.json").read_text())
    assert figures["rows"] == len(types["reviews"]) + len(types["features"])
    assert types["reviews"][0] == "expect_table_row_count_to_be_between"
    assert list(tmp_path.iterdir()) == [folder]
    assert capfd.readouterr() == ("", "")
