"""Published figures: read, or refused with a sentence."""

from pathlib import Path

import pytest
import yaml

from reviewflow.errors import ConfigError
from reviewflow.reporting.reference import read_reference
from tests.conftest import ROOT


def test_the_write_ups_figures_belong_to_its_variants() -> None:
    published = read_reference(str(ROOT / "configs/reference/write_up.yaml"))
    config = yaml.safe_load((ROOT / "configs/write_up.yaml").read_text())
    assert set(published["variants"]) <= set(config["variants"])
    assert published["variants"]["tanh"]["test"]["accuracy"] == 0.8968
    assert [run["test"]["accuracy"] for run in published["repeats"]["relu"]] == [0.8925, 0.8924]
    assert published["repeats"].keys() == {"relu"}
    assert published["variants"]["relu"] == published["repeats"]["relu"][0]
    assert read_reference(None) == {"source": "", "variants": {}, "repeats": {}}


def test_the_write_ups_eight_figures_of_a_run_are_those_of_one_confusion_matrix() -> None:
    published = read_reference(str(ROOT / "configs/reference/write_up.yaml"))
    rows = {"train": (40_000, 19_961), "test": (10_000, 5_039)}
    runs = [*published["variants"].values(), published["repeats"]["relu"][1]]
    assert len(runs) == 8
    for run in runs:
        for split, (all_rows, positives) in rows.items():
            figures = run[split]
            hits = round(figures["recall"] * positives)
            called = round(hits / figures["precision"])
            right = hits + (all_rows - positives) - (called - hits)
            assert figures["recall"] == pytest.approx(hits / positives, abs=1e-12)
            assert figures["precision"] == pytest.approx(hits / called, abs=1e-12)
            assert figures["accuracy"] == pytest.approx(right / all_rows, abs=1e-12)
            assert figures["f1"] == pytest.approx(2 * hits / (called + positives), abs=1e-12)


def test_a_file_of_one_run_a_variant_is_read_as_before(tmp_path: Path) -> None:
    path = tmp_path / "published.yaml"
    path.write_text("variants: {relu: {test: {accuracy: 0.8925}}, tanh: [{test: {f1: 0.9}}]}")
    assert read_reference(str(path)) == {
        "source": "",
        "variants": {"relu": {"test": {"accuracy": 0.8925}}, "tanh": {"test": {"f1": 0.9}}},
        "repeats": {},
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("variants: 3", "must hold `variants`"),
        ("variants: {}\nmore: 1", "must hold `variants`"),
        ("variants: {relu: {valid: {}}}", "relu must hold train, test or both"),
        ("variants: {relu: []}", "relu is an empty list; it must hold a run or more"),
        ("variants: {relu: [{test: {f1: 1}}, 3]}", "relu, run 2 must hold train, test or both"),
        ("variants: {relu: {test: {auc: 1}}}", "may hold accuracy"),
        ("variants: {relu: {test: {f1: high}}}", "f1 must be a number (given: 'high')"),
        ("variants: {relu: {test: {f1: .nan}}}", "f1 must be a number"),
    ],
)
def test_a_mistake_in_published_figures_is_named(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "published.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as error:
        read_reference(str(path))
    assert words in str(error.value)
    with pytest.raises(ConfigError, match="There is no configuration file"):
        read_reference(str(tmp_path / "none.yaml"))
