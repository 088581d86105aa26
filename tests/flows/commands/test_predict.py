"""``reviewflow predict`` as a person and a script see it."""

from math import exp, sqrt
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import save_file

from reviewflow import load_model
from reviewflow.models.bundle import seal_bundle
from reviewflow.models.registry import Registry
from tests.flows.commands.invoke import asked, assert_plain, call

WORDS = sorted(f"{letter}{number}" for letter in "ab" for number in range(9))


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """Artifacts with the champion of a linear model of 18 words: a pulls up, b down."""
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    pq.write_table(pa.table({"term": WORDS, "idf": [1.0] * 18}), bundle / "vocabulary.parquet")
    weights = np.array([[5.0] * 9 + [-6.0] * 9], np.float32)
    layer = {"layers.0.weight": weights, "layers.0.bias": np.float32([0.25])}
    save_file(layer, bundle / "model.safetensors")
    (bundle / "README.md").write_text("# A model\n")
    content = {
        "class_names": ["bad", "good"],
        "normalize": {"reduce": "none"},
        "vectorize": {"ngram_range": [1, 1], "sublinear_tf": False},
        "network": {"hidden": [], "activation": "tanh"},
        "threshold": 0.5,
        "text_column": "text",
        "metrics": {},
        "profile": {},
    }
    seal_bundle(bundle, content)
    model, registry = load_model(bundle), Registry(tmp_path / "models")
    registry.add("words", model.bundle.files, model.bundle.digest, {})
    registry.promote("words", model.version, "by hand")
    return tmp_path


def test_each_text_has_a_label_and_its_probability(published: Path) -> None:
    lines = call(published, "predict", "a0 a1", "b1 " * 40).stdout.splitlines()
    assert lines[0].split() == ["label", "probability", "text"]
    assert lines[1].split() == ["good", f"{1 / (1 + exp(-(10 / sqrt(2) + 0.25))):.4f}", "a0", "a1"]
    assert lines[2].split()[:2] == ["bad", f"{1 / (1 + exp(-5.75)):.4f}"]
    assert lines[2].endswith("…")


def test_explained_words_add_up_to_the_log_odds(published: Path) -> None:
    text = "unknown b0 b0 " + " ".join(WORDS)
    (answer,) = asked(published, "predict", text, "--explain", "--model", "words")
    pulls = [each["pull"] for each in answer["words"]]
    norm = sqrt(17 + 9)  # one word thrice
    assert (answer["label"], answer["against"], answer["exact"]) == ("bad", "good", True)
    assert answer["words"][0] == {"term": "b0", "pull": pytest.approx(18 / norm)}
    assert answer["bias"] == -0.25
    assert answer["log_odds"] == pytest.approx((18 + 48 - 45) / norm - 0.25)
    assert answer["bias"] + sum(pulls) == pytest.approx(answer["log_odds"])
    assert sum(answer["probabilities"].values()) == pytest.approx(1)
    shown = call(published, "predict", text, "--explain").stdout.splitlines()
    assert "(8 other terms)" in "\n".join(shown)
    assert shown[-1].split() == ["bad", "against", "good", f"{answer['log_odds']:+.3f}"]


def test_without_texts_or_models(tmp_path: Path) -> None:
    assert call(tmp_path, "predict").exit_code == 2
    assert "No model is published in" in assert_plain(call(tmp_path, "predict", "good"), 2)
    lost = call(tmp_path, "predict", "good", "--model", "imdb")
    assert "No model called imdb" in assert_plain(lost, 2)
