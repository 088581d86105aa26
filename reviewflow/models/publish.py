"""Write the best model of a run as a bundle: the stage ``publish``.

models, evaluations ─ choose ─▶ the best model ─┐
vocabulary, settings of its variant ────────────┼─▶ bundle ─▶ scored again: equal probabilities?
training and validation rows ─ profiles ────────┘
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewflow.config.sections import Normalize, Select
from reviewflow.context import Context
from reviewflow.errors import LearningError, StoreError
from reviewflow.evaluation.comparisons import score_variants, variant_figures
from reviewflow.evaluation.metrics import THRESHOLD
from reviewflow.evaluation.predictions import read_labelled_rows
from reviewflow.evaluation.reliability import calibration_curve
from reviewflow.evaluation.selection import choose_model
from reviewflow.models.bundle import CARD, VOCABULARY, WEIGHTS, read_bundle, seal_bundle
from reviewflow.models.card import model_card
from reviewflow.models.model_source import ModelSource
from reviewflow.models.predictor import Model
from reviewflow.models.profile import Profile, profile_of
from reviewflow.store.parquet import read_parquet

HELD_OUT, TRAINING = "validation", "train"


def write_bundle(
    *,
    models: tuple[Path, ...],
    evaluations: tuple[Path, ...],
    vocabularies: tuple[Path, ...],
    reviews: tuple[Path, ...],
    splits: tuple[Path, ...],
    sources: tuple[ModelSource, ...],
    class_names: tuple[str, ...],
    labels: Mapping[str, int],
    text_column: str,
    split_identity: Mapping[str, str | int | float | bool | None],
    select: Select,
    folder: Path,
    context: Context,
) -> dict[str, Any]:
    """Write the bundle of the best model.

    Its bytes depend on the inputs alone: no time, no run, no name.

    Parameters
    ----------
    models, evaluations : one folder a trained model.
    vocabularies : one folder a vocabulary.
    reviews, splits : one folder a part.
    sources : of each model what it was made from.
    class_names : what people call each of the K classes.
    labels : the class of each label word.
    text_column : name of the column that holds the text.
    split_identity : what decides which rows are validation rows.
    select : how the best variant is chosen.

    Returns
    -------
    dict
        ``rows``: the number of validation rows.

    Raises
    ------
    LearningError
        If no model gave probabilities.
    StoreError
        If the bundle does not give the probabilities that the training stored.
    """
    best = choose_model(models, evaluations, tuple(each.variant for each in sources), select).model
    if best is None:
        raise LearningError(
            "There is no model to publish: none gave probabilities; look at the report, or remove "
            "publish.name."
        )
    source = sources[best]
    shutil.copyfile(models[best] / WEIGHTS, folder / WEIGHTS)
    shutil.copyfile(vocabularies[source.vocabulary] / VOCABULARY, folder / VOCABULARY)
    content = {
        "class_names": list(class_names),
        "labels": dict(labels),
        "text_column": text_column,
        "split": dict(split_identity),
        "normalize": source.normalize.model_dump(mode="json"),
        "vectorize": source.vectorize.model_dump(mode="json"),
        **_training(models[best]),
        **_figures(evaluations[best], select, context),
        "licenses": licenses(source.normalize),
    }
    _seal(folder, {**content, "profile": {}})
    model = Model(read_bundle(folder))
    profiles = profile_splits(model, evaluations[best], reviews, splits, context)
    described = {name: {"rows_of": name, **each.to_json()} for name, each in profiles.items()}
    _seal(
        folder,
        {**content, "profile": described[HELD_OUT], "training_profile": described[TRAINING]},
    )
    return {"rows": profiles[HELD_OUT].rows}


def profile_splits(
    model: Model,
    evaluation: Path,
    reviews: tuple[Path, ...],
    splits: tuple[Path, ...],
    context: Context,
) -> dict[str, Profile]:
    """Return the profiles of the validation and the training rows.

    Raises
    ------
    StoreError
        If the model gives a row another probability than the evaluation stored.
    """
    predictions = read_parquet(evaluation / "predictions.parquet")
    classes, first = len(model.class_names), 0
    total = {name: Profile.empty(classes) for name in (HELD_OUT, TRAINING)}
    for part, split in zip(reviews, splits, strict=True):
        context.check_stop()
        texts = read_parquet(part / "reviews.parquet", columns=["text"])["text"].combine_chunks()
        words = read_parquet(split / "split.parquet", columns=["split"])["split"]
        stored = predictions["probability"].slice(first, len(texts))
        first += len(texts)
        for name in total:
            chosen = pc.equal(words.cast(pa.string()), name).combine_chunks()
            analysis = model.analyze(texts.filter(chosen))
            _check_equal(analysis.probabilities, stored.filter(chosen), model)
            total[name] += profile_of(analysis, model.threshold, classes)
    return total


def held_out_rows(
    reviews: Sequence[Path], splits: Sequence[Path]
) -> tuple[list[pa.StringArray], NDArray[np.int8]]:
    """Return texts, part by part, and labels of the labelled validation rows.

    Parameters
    ----------
    reviews, splits : one folder a part.
    """
    texts, labels = [], [np.zeros(0, np.int8)]
    for part, split in zip(reviews, splits, strict=True):
        rows = read_parquet(part / "reviews.parquet", columns=["text", "label"])
        words = read_parquet(split / "split.parquet", columns=["split"])["split"]
        chosen = pc.and_(pc.equal(words.cast(pa.string()), HELD_OUT), pc.is_valid(rows["label"]))
        rows = rows.filter(chosen)
        texts.append(rows["text"].combine_chunks())
        labels.append(rows["label"].to_numpy().astype(np.int8))
    return texts, np.concatenate(labels)


def _check_equal(given: NDArray[np.float32], stored: pa.ChunkedArray, model: Model) -> None:
    """Raise StoreError unless two ways to the same probabilities agree."""
    lists = pa.types.is_list(stored.type)
    known = (pc.list_flatten(stored) if lists else stored).to_numpy()
    if known.tobytes() != given.ravel().tobytes():
        raise StoreError(
            f"The model {model.version} gives other probabilities than its training stored, so it "
            "is not published; make both again with --refresh evaluate --refresh publish."
        )


def licenses(normalize: Normalize) -> list[dict[str, str]]:
    """Return the licence of what shaped the words of a model."""
    found = [{"what": "reviewflow, which made this model and reads it", "license": "MIT"}]
    if normalize.reduce == "lemma":
        found.append({"what": "WordNet 3.0, which gives the lemmas", "license": "WordNet 3.0"})
    if normalize.reduce == "stem":
        found.append({"what": "NLTK's Snowball, which gives the stems", "license": "Apache-2.0"})
    return found


def _seal(folder: Path, content: Mapping[str, Any]) -> None:
    (folder / CARD).write_text(model_card(content), encoding="utf-8")
    seal_bundle(folder, content)


def _training(model: Path) -> dict[str, Any]:
    """Return architecture and hyper-parameters of a trained model."""
    described = json.loads((model / "model.json").read_text(encoding="utf-8"))
    network = {name: described[name] for name in ("terms", "hidden", "activation", "classes")}
    return {"network": network, "train": described["train"]}


def _figures(evaluation: Path, select: Select, context: Context) -> dict[str, Any]:
    """Return metrics, intervals, threshold and calibration of a model."""
    metrics = json.loads((evaluation / "metrics.json").read_text(encoding="utf-8"))
    intervals = {
        split: variant_figures(score)
        for split in (HELD_OUT, "test")
        for score in score_variants((evaluation,), (0,), split, context)
    }
    rows = read_labelled_rows(evaluation, HELD_OUT)
    calibration = {
        str(label): calibration_curve(rows.labels == label, odds).to_json()
        for label, odds in _class_probabilities(rows.probabilities).items()
        if len(rows.labels)
    }
    threshold = (metrics.get("test") or {}).get("threshold") or THRESHOLD
    return {
        "metrics": metrics,
        "intervals": intervals,
        "chosen_on": select.on,
        "threshold": threshold,
        "calibration": {"rows_of": HELD_OUT, "classes": calibration},
    }


def _class_probabilities(odds: NDArray[np.float32]) -> dict[int, NDArray[np.float32]]:
    """Return the probabilities of class 1, or of each of more classes."""
    if odds.ndim == 1:
        return {1: odds}
    return {label: odds[:, label] for label in range(odds.shape[1])}
