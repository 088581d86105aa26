"""A run's bundle goes into the registry, and the gate moves the champion."""

import json
import shutil
from pathlib import Path
from typing import Any

from reviewflow import load_model
from reviewflow.config.sections import Config
from reviewflow.jobs.promotion import gate_sentence, publish_model
from reviewflow.models.registry import Registry
from reviewflow.runs.gc import collect_garbage
from tests.conftest import ROOT, PlannedRun

HEAD = {"run_id": "run-1", "config_file": str(ROOT / "configs" / "imdb.yaml")}
CONFIG = Config.model_validate({"publish": {"name": "imdb"}})


def publish(
    run: PlannedRun, artifacts: Path, learned: bool = True, config: Config = CONFIG
) -> dict[str, Any]:
    published = publish_model(run.run, config, artifacts, learned, HEAD)
    assert published is not None
    return published


def test_the_first_model_that_learned_is_the_champion(
    published_run: PlannedRun, tmp_path: Path
) -> None:
    published = publish(published_run, tmp_path)
    assert published["gate"]["promoted"]
    assert load_model("imdb", tmp_path).version == published["version"]
    (version,) = Registry(tmp_path / "models").versions("imdb")
    assert version.published["run_id"] == "run-1"
    assert version.published["gate"] == published["gate"]
    assert gate_sentence(published).startswith(f"Model imdb {version.version} is the champion now.")
    assert not (version.folder / "manifest.json").exists()
    again = publish(published_run, tmp_path)
    assert "the champion already" in again["gate"]["reason"]


def test_a_model_that_did_not_learn_is_not_published(
    published_run: PlannedRun, tmp_path: Path
) -> None:
    published = publish(published_run, tmp_path, learned=False)
    assert not published["gate"]["promoted"]
    assert published["folder"] is None
    assert Registry(tmp_path / "models").names() == []


def test_a_later_model_is_compared_on_the_same_rows(
    published_run: PlannedRun, tmp_path: Path
) -> None:
    publish(published_run, tmp_path)
    registry = Registry(tmp_path / "models")
    champion = registry.find("imdb", "current")
    # the same model under another version: equal on every row, so its loss is excluded
    other = tmp_path / "models" / "imdb" / ("0" * 12)
    shutil.copytree(champion.folder, other)
    registry.promote("imdb", other.name, "by hand")
    published = publish(published_run, tmp_path)
    gate = published["gate"]
    assert gate["promoted"]
    assert gate["champion"] == other.name
    assert gate["figures"]["difference"] == 0
    assert registry.current("imdb") == champion.version


def test_what_was_rolled_back_is_not_promoted_by_the_next_run(
    published_run: PlannedRun, tmp_path: Path
) -> None:
    registry = Registry(tmp_path / "models")
    version = publish(published_run, tmp_path)["version"]
    other = tmp_path / "models" / "imdb" / ("0" * 12)
    shutil.copytree(registry.folder / "imdb" / version, other)
    registry.promote("imdb", other.name, "by hand")
    registry.promote("imdb", version, "by hand")
    assert registry.rollback("imdb").version == other.name
    gate = publish(published_run, tmp_path)["gate"]
    assert not gate["promoted"]
    assert "A person rolled back from it" in gate["reason"]
    assert registry.current("imdb") == other.name
    registry.promote("imdb", version, "promoted by hand")
    assert "the champion already" in publish(published_run, tmp_path)["gate"]["reason"]


def test_other_classes_are_refused_and_kept_as_a_version(
    published_run: PlannedRun, three_classes: PlannedRun, tmp_path: Path
) -> None:
    publish(published_run, tmp_path)
    published = publish(three_classes, tmp_path)
    assert not published["gate"]["promoted"]
    assert "The classes are bad, fair, good" in published["gate"]["reason"]
    assert len(Registry(tmp_path / "models").versions("imdb")) == 2


def test_a_damaged_champion_is_told_and_stays(published_run: PlannedRun, tmp_path: Path) -> None:
    publish(published_run, tmp_path)
    registry = Registry(tmp_path / "models")
    champion = registry.find("imdb", "current")
    damaged = tmp_path / "models" / "imdb" / ("0" * 12)
    shutil.copytree(champion.folder, damaged)
    (damaged / "model.safetensors").write_bytes(b"")
    registry.promote("imdb", damaged.name, "by hand")
    published = publish(published_run, tmp_path)
    assert "cannot be compared" in published["gate"]["reason"]
    assert registry.current("imdb") == damaged.name


def test_cleaning_the_store_leaves_models_alone(published_run: PlannedRun, tmp_path: Path) -> None:
    published = publish(published_run, tmp_path)
    (tmp_path / "store" / "publish").mkdir(parents=True)
    shutil.copytree(published_run.folder("publish"), tmp_path / "store" / "publish" / ("ab" * 16))
    collect_garbage(tmp_path, 1, False, True, ["publish"])
    assert load_model("imdb", tmp_path).version == published["version"]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "! -name models -exec rm" in makefile


def test_the_decision_is_json(published_run: PlannedRun, tmp_path: Path) -> None:
    assert json.loads(json.dumps(publish(published_run, tmp_path)))["name"] == "imdb"
