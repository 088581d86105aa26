"""A published model beside scikit-learn's pipeline of the same weights."""

import multiprocessing
import pickle
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewflow import load_model
from reviewflow.errors import InputError, UsageError
from reviewflow.models.bundle import Bundle, read_bundle
from reviewflow.models.predictor import FEW_TEXTS, Model
from reviewflow.models.registry import Registry
from tests.conftest import PlannedRun, Reviews


def test_gives_the_probabilities_that_training_stored(
    published_run: PlannedRun, model: Model
) -> None:
    stored = [
        pq.read_table(artifact.folder / "predictions.parquet")["probability"].to_numpy()
        for step, artifact in published_run.run.artifacts.items()
        if step.node.stage.name == "evaluate"
    ]
    texts = pq.read_table(published_run.folder("ingest", 0) / "reviews.parquet")["text"]
    given_now = model.probabilities(texts.combine_chunks())
    assert sum(given_now.tobytes() == each.tobytes() for each in stored) == 1


def test_a_champion_that_is_removed_while_it_is_read_is_not_missed(
    bundle: Path, three_classes: PlannedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry, versions = Registry(tmp_path / "models"), []
    for each in (read_bundle(bundle), read_bundle(three_classes.folder("publish"))):
        registry.add("imdb", each.files, each.digest, {})
        versions.append(each.version)
    registry.promote("imdb", versions[0], "by hand")

    def read_removed(folder: Path) -> Bundle:
        if folder.name == versions[0]:
            registry.promote("imdb", versions[1], "by hand")
            registry.remove("imdb", versions[0])
        return read_bundle(folder)

    monkeypatch.setattr("reviewflow.models.bundle.read_bundle", read_removed)
    assert load_model("imdb", tmp_path).version == versions[1]
    (tmp_path / "models" / "imdb" / versions[1] / "README.md").unlink()
    with pytest.raises(InputError, match=r"README\.md is missing"):
        load_model("imdb", tmp_path)


def test_a_model_of_three_classes(three_classes: PlannedRun, reviews: Reviews) -> None:
    model = Model(read_bundle(three_classes.folder("publish")))
    texts = [text for text, _ in reviews[:40]]
    odds = model.predict_proba(texts)
    assert list(model.classes_) == ["bad", "fair", "good"]
    assert odds.shape == (40, 3)
    assert odds.sum(axis=1) == pytest.approx(1, abs=1e-6)
    assert (model.predict(texts) == model.classes_[odds.argmax(axis=1)]).all()


def test_the_threshold_decides_between_two_classes(model: Model, reviews: Reviews) -> None:
    texts = [text for text, _ in reviews[:60]]
    assert len(texts) > FEW_TEXTS
    odds = model.predict_proba(texts)
    assert odds.shape == (60, 2)
    assert odds.dtype == np.float64
    expected = np.where(odds[:, 1] > model.threshold, "positive", "negative")
    assert (model.predict(texts) == expected).all()
    few = model.predict_proba(texts[:FEW_TEXTS])
    assert few == pytest.approx(odds[:FEW_TEXTS], abs=1e-6)
    assert (model.predict(texts[:FEW_TEXTS]) == expected[:FEW_TEXTS]).all()


@given(st.lists(st.text(max_size=60), max_size=5))
def test_any_text_has_the_same_probability_alone(model: Model, texts: list[str]) -> None:
    texts = [text.encode("utf-8", "ignore").decode() for text in texts]
    together = model.predict_proba(texts)
    assert np.isfinite(together).all()
    for text, odds in zip(texts, together, strict=True):
        assert (model.predict_proba([text])[0] == odds).all()


def test_counts_unknown_words(model: Model) -> None:
    known = model.bundle.vocabulary["term"].to_pylist()
    word = next(term for term in known if term.isalpha() and len(term) > 6 and term[-1] != "s")
    found = model.analyze(pa.array([f"{word} qxzqxz zzqqzz {word}", "", None]))
    assert found.tokens.tolist() == [4, 0, 0]
    assert found.unknown.tolist() == [2, 0, 0]


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ("one text", r"write predict\(\[text\]\)"),
        (["a", None], "Text 1 is NoneType and not a text"),
        ([b"bytes"], "Text 0 is bytes"),
    ],
)
def test_what_is_not_a_list_of_texts_is_refused(model: Model, texts: list[str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        model.predict(texts)


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (pd.DataFrame({"text": ["good", "bad"]}), "DataFrame"),
        (pa.table({"text": ["good", "bad"]}), "Table"),
        ({"good": 1, "bad": 2}, "dict"),
        ({"good", "bad"}, "set"),
        (None, "NoneType"),
        (5, "int"),
        (b"good", "bytes"),
        (np.array("good"), "ndarray"),
        (np.array([["good"], ["bad"]]), "ndarray"),
    ],
)
def test_what_is_no_column_is_refused(model: Model, texts: Any, kind: str) -> None:
    for ask in (model.predict, model.predict_proba):
        with pytest.raises(UsageError, match=rf"not as {kind}: pass .*df\[\"text\"\]"):
            ask(texts)


@pytest.mark.parametrize("column", [tuple, pd.Series, np.array, pa.array, iter])
def test_any_column_of_texts_is_taken(model: Model, column: Callable[[list[str]], Any]) -> None:
    texts = ["A wonderful film.", "Dull and boring."]
    assert (model.predict_proba(column(texts)) == model.predict_proba(texts)).all()


def test_the_classes_cannot_be_overwritten(model: Model) -> None:
    with pytest.raises(ValueError, match="read-only"):
        model.classes_[0] = "other"


def test_a_model_is_pickled_whatever_it_did_before(model: Model, reviews: Reviews) -> None:
    texts = [text for text, _ in reviews[: FEW_TEXTS + 1]]
    many, few = model.predict_proba(texts), model.predict_proba(texts[:2])
    copy = pickle.loads(pickle.dumps(model))
    assert copy.version == model.version
    assert (copy.predict_proba(texts) == many).all()
    assert (copy.predict_proba(texts[:2]) == few).all()


@pytest.mark.slow
def test_a_worker_process_predicts(model: Model) -> None:
    texts = ["A wonderful film.", "Dull and boring."]
    expected = model.predict(texts)
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        assert (pool.submit(model.predict, texts).result() == expected).all()


def test_a_text_that_is_not_unicode_is_refused(model: Model) -> None:
    with pytest.raises(InputError, match="not valid Unicode"):
        model.predict(["\ud800"])


def test_load_model_takes_a_folder_or_a_name(bundle: Path, model: Model, tmp_path: Path) -> None:
    assert load_model(bundle).version == model.version
    with pytest.raises(UsageError, match="No model called imdb was published"):
        load_model("imdb", tmp_path)


def test_load_model_takes_a_version(bundle: Path, model: Model, tmp_path: Path) -> None:
    registry = Registry(tmp_path / "models")
    registry.add("imdb", model.bundle.files, model.bundle.digest, {})
    for version in (model.version, model.version[:4]):
        assert load_model(f"imdb/{version}", tmp_path).version == model.version
    with pytest.raises(UsageError, match=r"zz begins none .*models ls` lists them"):
        load_model("imdb/zz", tmp_path)
    with pytest.raises(UsageError, match=r"version .* is empty"):
        load_model("imdb/", tmp_path)


def test_load_model_says_what_is_no_model(bundle: Path, model: Model, tmp_path: Path) -> None:
    for other in (None, 5):
        with pytest.raises(UsageError, match=r"and not by (NoneType|int): write"):
            load_model(other, tmp_path)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="name of a model is empty"):
        load_model("", tmp_path)
    registry = Registry(tmp_path / "models")
    registry.add("imdb", model.bundle.files, model.bundle.digest, {})
    folder = registry.folder / "imdb"
    with pytest.raises(UsageError, match=r"not a bundle, .*; name a folder that has"):
        load_model(folder, tmp_path)
    registry.promote("imdb", model.version, "by hand")
    with pytest.raises(UsageError, match=rf"not a bundle, .*; name {folder}/current"):
        load_model(folder, tmp_path)


def test_a_few_texts_import_nothing_heavy(bundle: Path) -> None:
    heavy = ("prefect", "great_expectations", "torch", "numba", "pandas", "scipy", "sklearn")
    code = (
        "import sys; from reviewflow import load_model; "
        f"load_model({str(bundle)!r}).predict(['good', 'bad']); "
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert answer.stdout == "[]\n", answer.stderr
