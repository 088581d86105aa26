"""A configuration for the commands that read one, and artifacts for those that list them."""

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import small_config, write_config
from tests.reviewflow.small_store import key_of, make_artifact, write_run

FIRST, SECOND = "2024-01-01T00-00-00-aaaaaa", "2024-01-02T00-00-00-bbbbbb"
HOSTILE = "evil\x1b[31m[red]\nname\u202e"


@pytest.fixture
def config(reviews_file: Path, tmp_path: Path) -> Path:
    """The small configuration in a folder of its own."""
    return write_config(tmp_path / "small.yaml", small_config(reviews_file))


def variant(name: str, roc_auc: float | None) -> dict[str, Any]:
    metrics = {"accuracy": 0.8, "roc_auc": roc_auc, "log_loss": 0.4}
    return {
        "name": name,
        "state": "ran",
        "seconds": 1.5,
        "diagnosis": "Learned.",
        "metrics": {"train": metrics, "test": metrics},
    }


@pytest.fixture
def artifacts(tmp_path: Path) -> Path:
    """Three artifacts, and two runs that use two of them."""
    for number in range(3):
        make_artifact(tmp_path, "train", number)
    for run_id, number, score in ((FIRST, 0, 0.9), (SECOND, 1, 0.95)):
        write_run(
            tmp_path,
            run_id,
            [("train", key_of(number))],
            seconds=2.0,
            data={"rows": 600},
            best={"variant": "relu"},
            config={"train": {"learning_rate": score}},
            variants=[variant("relu", score), variant(HOSTILE, None)],
            quality=[{"success": False, "asked": HOSTILE, "suite": "reviews", "observed": "3"}],
        )
    (tmp_path / "runs" / "latest").symlink_to(SECOND)
    return tmp_path
