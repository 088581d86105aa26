"""The variants in run.json: a training that failed, and one that was never reached."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reviewflow.config.sentiment import read_config
from reviewflow.jobs.open_sentiment import open_sentiment
from reviewflow.jobs.sentiment_variants import variant_entries
from reviewflow.pipeline.last_run import LastRun
from reviewflow.pipeline.runner import Listener, Run
from tests.conftest import small_config, write_config


def test_a_training_that_failed_is_not_one_that_was_not_reached(
    tmp_path: Path, reviews_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = small_config(reviews_file)
    content["variants"]["sigmoid"] = {"train.activation": "sigmoid"}
    config = read_config(write_config(tmp_path / "small.yaml", content))
    with ThreadPoolExecutor(2) as pool:
        run = Run(open_sentiment(config, tmp_path / "artifacts", LastRun({}, {})), Listener(), pool)
        for name in ("ingest", "normalize", "vectorize"):
            for group in run.task_groups(name):
                run.perform(group)
        first, second, _ = run.task_groups("train")
        run.perform(first)
        run.perform(run.task_groups("evaluate")[0])
        monkeypatch.setattr("reviewflow.networks.train.load_dataset", None)
        with pytest.raises(TypeError):
            run.perform(second)
    entries = variant_entries(run, config)
    assert [(entry["name"], entry["state"]) for entry in entries] == [
        ("relu", "ran"),
        ("tanh", "failed"),
        ("sigmoid", "skipped"),
    ]
    assert [entry["seconds"] > 0 for entry in entries] == [True, True, False]
    assert [o.seconds > 0 for o in run.all_outcomes() if o.state == "failed"] == [True]
    assert [entry["metrics"] is None for entry in entries] == [False, True, True]
    assert [entry["trained"] for entry in entries] == [True, False, False]
    assert [entry["error"] for entry in entries] == [
        None,
        "'NoneType' object is not callable",
        None,
    ]
