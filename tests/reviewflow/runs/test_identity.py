"""Which runs repeat each other is decided by all that is known of both."""

from pathlib import Path

import pytest

from reviewflow.config.sentiment import Config
from reviewflow.moons.config import MoonsConfig
from reviewflow.runs.identity import RunIdentity, recorded_identity, run_identity

X = RunIdentity("sentiment", "reviews", "/x/reviews.yaml", "a.csv")


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (X, True),
        (RunIdentity("moons", "reviews", "/x/reviews.yaml", "a.csv"), False),
        (RunIdentity("sentiment", "imdb", "/x/reviews.yaml", "a.csv"), False),
        (RunIdentity("sentiment", "reviews", "/y/reviews.yaml", "a.csv"), False),
        (RunIdentity("sentiment", "reviews", "/x/reviews.yaml", "b.csv"), False),
        (RunIdentity("sentiment", "reviews", "/x/reviews.yaml", ["a.csv", "b.csv"]), False),
        (RunIdentity("sentiment", "reviews", None, "a.csv"), True),
        (RunIdentity("sentiment", "reviews", None, "b.csv"), False),
        (RunIdentity("sentiment", "reviews"), True),
    ],
)
def test_runs_match_by_job_name_file_and_data(other: RunIdentity, same: bool) -> None:
    assert X.matches(other) is same
    assert other.matches(X) is same


def test_a_run_that_starts_has_the_identity_that_its_record_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config = Config.model_validate({"ingest": {"path": "reviews.csv"}})
    identity = run_identity("sentiment", "job", config, "job.yaml")
    assert identity == RunIdentity("sentiment", "job", str(tmp_path / "job.yaml"), "reviews.csv")
    content = {
        "job": "sentiment",
        "name": "job",
        "config_file": str(tmp_path / "job.yaml"),
        "config": config.model_dump(mode="json", by_alias=True),
    }
    assert recorded_identity(content) == identity
    assert run_identity("moons", "moons", MoonsConfig()).data is None
    assert recorded_identity({"config": [], "config_file": 3}) == RunIdentity("None", "None")
