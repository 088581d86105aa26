"""The stage that writes the best model's bundle."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from reviewflow.config.sections import Config
from reviewflow.context import Context
from reviewflow.errors import StoreError
from reviewflow.models.predictor import Model
from reviewflow.models.publish import held_out_rows, profile_splits
from tests.conftest import PlannedRun, plan_and_run, small_config, write_config
from tests.reviewflow.conftest import STAGES


def folders(run: PlannedRun, stage: str) -> tuple[Path, ...]:
    return tuple(run.run.part_folders(stage))


def test_the_bundle_describes_its_validation_and_training_rows(
    published_run: PlannedRun, bundle: Path
) -> None:
    content = json.loads((bundle / "bundle.json").read_text())
    splits = pq.read_table(published_run.folder("split", 0) / "split.parquet")["split"].to_pylist()
    assert content["profile"]["rows"] == splits.count("validation")
    assert sum(content["profile"]["scores"]) == splits.count("validation")
    assert content["metrics"]["validation"]["rows"] == splits.count("validation")
    training = content["training_profile"]
    assert training["rows"] == sum(training["labels"]) == splits.count("train")
    low, high = (content["intervals"]["test"]["roc_auc"][end] for end in ("low", "high"))
    assert low <= content["metrics"]["test"]["roc_auc"] <= high
    assert content["split"]["method"] == "hash"


def test_the_card_can_be_read(bundle: Path) -> None:
    card = (bundle / "README.md").read_text()
    content = json.loads((bundle / "bundle.json").read_text())
    assert card.startswith("# A classifier of reviews: negative or positive\n")
    assert f"{content['metrics']['test']['accuracy']:.4f}" in card
    assert "None" not in card
    assert "{" not in card.replace("{.", "")


def test_equal_inputs_give_equal_bytes(
    published_run: PlannedRun, reviews_file: Path, tmp_path: Path
) -> None:
    content = small_config(reviews_file)
    content["variants"] = {"stems": {"normalize.reduce": "stem"}, "linear": {"train.hidden": []}}
    content["publish"] = {"name": "other", "max_loss": 0.1}
    content["vectorize"] = {**content["vectorize"], "ngram_range": [1, 2], "max_features": 800}
    again = plan_and_run(
        write_config(tmp_path / "job.yaml", content), tmp_path / "artifacts", STAGES
    )
    for path in published_run.folder("publish").iterdir():
        if path.name != "manifest.json":
            assert (again.folder("publish") / path.name).read_bytes() == path.read_bytes()


def test_a_model_that_scores_otherwise_is_not_published(
    published_run: PlannedRun, model: Model
) -> None:
    evaluations = [
        artifact.folder
        for step, artifact in published_run.run.artifacts.items()
        if step.node.stage.name == "evaluate"
    ]
    parts = folders(published_run, "ingest"), folders(published_run, "split")
    (other,) = [each for each in evaluations if not is_own(model, each, published_run)]
    with pytest.raises(StoreError, match="gives other probabilities than its training stored"):
        profile_splits(model, other, *parts, Context())


def is_own(model: Model, evaluation: Path, run: PlannedRun) -> bool:
    texts = pq.read_table(run.folder("ingest", 0) / "reviews.parquet")["text"].combine_chunks()
    stored = pq.read_table(evaluation / "predictions.parquet")["probability"].to_numpy()
    return model.probabilities(texts).tobytes() == stored.tobytes()


def test_held_out_rows_are_the_labelled_validation_rows(published_run: PlannedRun) -> None:
    texts, labels = held_out_rows(folders(published_run, "ingest"), folders(published_run, "split"))
    splits = pq.read_table(published_run.folder("split", 0) / "split.parquet")["split"].to_pylist()
    rows = pq.read_table(published_run.folder("ingest", 0) / "reviews.parquet").to_pylist()
    expected = [row for row, split in zip(rows, splits, strict=True) if split == "validation"]
    assert [text for part in texts for text in part.to_pylist()] == [r["text"] for r in expected]
    assert labels.tolist() == [row["label"] for row in expected]
    assert labels.dtype == np.int8


def test_publishing_needs_validation_rows() -> None:
    with pytest.raises(ValueError, match=r"publish\.name compares a model with the champion"):
        Config.model_validate(
            {"publish": {"name": "imdb"}, "split": {"validation_size": 0}, "select": {"on": "test"}}
        )
