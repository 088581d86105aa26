"""A run as the report gets it: real Parquet and JSON files, and a run.json that agrees."""

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from safetensors.numpy import save_file
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    f1_score,
    log_loss,
    precision_score,
    recall_score,
    roc_auc_score,
)

from reviewflow.config.sections import Config, Select
from reviewflow.context import Context
from reviewflow.evaluation.conclusions import VariantOutcome, draw_conclusions
from reviewflow.evaluation.selection import best_variant, choose_model
from reviewflow.reporting.lineage import Lineage
from reviewflow.reporting.stage import write_report_data
from reviewflow.reviews.parts import Index, PartInfo
from tests.conftest import SMALL_NETWORK

NASTY = "<script>alert(1)</script> | **x** \x1b[31mred\x1b[0m \u202eevil {{ 7 * 7 }}"
GOOD, BAD = ("great", "fine", "lovely", "superb"), ("awful", "dull", "poor", "bad")
NEUTRAL, MIXED = ("plain", "usual", "middling", "fair"), ("uneven", "patchy", "odd", "mixed")
TERMS = [*GOOD, *BAD, *NEUTRAL, *MIXED]
TWO, FOUR = ("negative", "positive"), ("negative", "neutral", "positive", "mixed feelings")
WORDS = {2: (BAD, GOOD), 4: (BAD, NEUTRAL, GOOD, MIXED)}  # of each class
CHANGES: dict[str, dict[str, Any]] = {
    "relu": {},
    "relu rate 0.1": {"train.learning_rate": 0.1},
    "relu rate 0.001": {"train.learning_rate": 0.001},
    "sigmoid": {"train.activation": "sigmoid"},
    "tanh": {"train.activation": "tanh"},
    "leaky relu": {"train.activation": "leaky_relu"},
    "batch 256": {"train.batch_size": 256},
    "zero weights": {"train.init": "zeros"},
}
# How many standard deviations apart the classes stand, and when the loss starts to fall.
LEARNED = {
    "relu": (2.45, 7.0),
    "relu rate 0.1": (2.5, 1.0),
    "relu rate 0.001": (0.05, None),
    "sigmoid": (0.0, None),
    "tanh": (2.55, 3.0),
    "leaky relu": (2.44, 7.5),
    "batch 256": (0.3, None),
    "zero weights": (0.0, None),
}


@dataclass(frozen=True)
class Example:
    """The inputs of the stage report, its folder, and the run that they belong to."""

    inputs: dict[str, Any]
    charts: Path
    run: dict[str, Any]

    @property
    def drawing(self) -> dict[str, Any]:
        """The inputs that the charts are drawn from."""
        names = ("models", "evaluations", "reviews", "splits", "class_names")
        variants = tuple(model.variant for model in self.inputs["lineage"])
        trained = [self.inputs[name] for name in ("models", "evaluations")]
        best = choose_model(*trained, variants, self.inputs["select"])
        own = {name: self.inputs[name] for name in names}
        return own | {"variants": variants, "best": best}


def example(
    folder: Path,
    names: dict[str, str] | None = None,
    rows: int = 4000,
    classes: tuple[str, ...] = TWO,
    on: str = "test",
) -> Example:
    """Write a run of all variants (or of those in ``names``, a new name each) into ``folder``.

    Parameters
    ----------
    classes : names of two or four classes.
    on : the rows on which the best variant is chosen; ``validation`` makes some.
    """
    new_names = names if names is not None else {name: name for name in CHANGES}
    changes = {new_names[name]: CHANGES[name] for name in new_names}
    config = Config.model_validate(
        {
            "variants": changes,
            "train": {**SMALL_NETWORK, "learning_rate": 0.01, "epochs": 20},
            "split": {"validation_size": 0.1 if on == "validation" else 0},
            "select": {"on": on},
        }
    )
    drawn = np.random.default_rng(7).random(rows)
    split = np.where(drawn < 0.2, "test", "train").astype("<U10")
    if on == "validation":
        split[drawn > 0.9] = "validation"
    labels = np.random.default_rng(8).integers(0, len(classes), rows).astype(np.int8)
    if len(classes) > 2:  # not of one size
        shares = [0.4, 0.25, 0.2, 0.15]
        labels = np.random.default_rng(8).choice(4, rows, p=shares).astype(np.int8)
    models, evaluations, metrics = [], [], []
    for number, name in enumerate(new_names):
        models.append(_folder(folder / "train" / str(number)))
        evaluations.append(_folder(folder / "evaluate" / str(number)))
        pq.write_table(_history(name, math.log(len(classes))), models[-1] / "history.parquet")
        metrics.append(_evaluation(name, evaluations[-1], split, labels))
    inputs = {
        "models": tuple(models),
        "evaluations": tuple(evaluations),
        **_parts(folder, split, labels),
        "lineage": tuple(Lineage(number, 0, 0, 0) for number in range(len(models))),
        "class_names": classes,
        "select": Select(on=on),
    }
    inputs |= _network(folder, inputs)
    charts = _folder(folder / "charts")
    write_report_data(**inputs, folder=charts, context=Context())
    return Example(inputs, charts, _run(config, changes, metrics, rows, charts))


def nasty(folder: Path) -> Example:
    """A failed run of two variants whose every text is hostile."""
    made = example(folder, {"relu": NASTY, "tanh": f"{NASTY}2"}, rows=600)
    run = made.run | {"job": NASTY, "run_id": NASTY, "state": "failed", "error": NASTY}
    run["config"]["ingest"]["path"] = NASTY
    run["environment"] = {NASTY: NASTY, "packages": {NASTY: NASTY}}
    run["conclusions"] = [NASTY, *({**one, "sentence": NASTY} for one in run["conclusions"])]
    run["since"] = {"run_id": NASTY, "started": NASTY, "changes": [NASTY]}
    run["reference"]["source"] = NASTY
    run["artifacts"] = {"report": NASTY, "data_docs": [NASTY]}
    for check in run["quality"]:
        check |= {
            "asked": NASTY,
            "observed": NASTY,
            "suite": NASTY,
            "column": NASTY,
            "notes": NASTY,
        }
        check["examples"] = [NASTY, {NASTY: NASTY}]
    for variant in run["variants"]:
        variant |= {"diagnosis": NASTY, "changes": {NASTY: NASTY}}
    for step in run["stages"]:
        step |= {"reason": NASTY, "variant": NASTY}
    return Example(made.inputs, made.charts, run)


def _folder(path: Path) -> Path:
    path.mkdir(parents=True)
    return path


def _history(name: str, guessing: float) -> pa.Table:
    epochs = np.arange(1, 21)
    start = LEARNED[name][1]
    loss = np.full(20, guessing) + 0.0004 * np.cos(epochs)
    if start is not None:
        loss = 0.24 + (guessing - 0.24) / (1 + np.exp((epochs - start) * 0.9)) - 0.002 * epochs
    return pa.table(
        {
            "epoch": pa.array(epochs, pa.int32()),
            "step": pa.array(epochs * 1250, pa.int64()),
            "kind": ["epoch"] * 20,
            "loss": loss,
            "gradient_norms": [[0.0 if name == "zero weights" else 0.1, 0.2, 0.3]] * 20,
            "dead_shares": [[0.1, 0.4] if "relu" in name else [0.0, 0.0]] * 20,
            "saturated_shares": [[0.0, 0.0]] * 20,
            "distinct_units": [[1, 1] if name == "zero weights" else [4, 3]] * 20,
        }
    )


def _evaluation(
    name: str, folder: Path, split: NDArray[np.str_], labels: NDArray[np.int8]
) -> dict[str, Any]:
    apart, classes = LEARNED[name][0], 4 if labels.max() > 1 else 2
    probability = (_two if classes == 2 else _four)(apart, split == "train", labels)
    column = pa.array(probability) if classes == 2 else pa.array(list(probability))
    table = pa.table({"split": split, "label": labels, "probability": column})
    pq.write_table(table, folder / "predictions.parquet")
    metrics = {
        side: _metrics(labels[split == side], probability[split == side])
        for side in ("train", "validation", "test")
        if (split == side).any()
    }
    (folder / "metrics.json").write_text(json.dumps(metrics))
    return metrics


def _two(apart: float, train: NDArray[np.bool_], labels: NDArray[np.int8]) -> NDArray[np.float32]:
    """The probabilities of class 1 of two, shape (N,)."""
    score = apart * (labels - 0.5) * (1 + 0.12 * train)
    noise = np.random.default_rng(9).normal(size=len(labels))
    if apart == 0:
        return np.full(len(labels), 0.5004, np.float32)
    return (1 / (1 + np.exp(-apart * (score + noise)))).astype(np.float32)


def _four(apart: float, train: NDArray[np.bool_], labels: NDArray[np.int8]) -> NDArray[np.float32]:
    """The probabilities of four classes, shape (N, 4). The second is often taken for the third."""
    means = np.eye(4) + np.array([[0] * 4, [0, 0, 0.6, 0], [0] * 4, [0] * 4])
    scores = apart * means[labels] * (1 + 0.12 * train[:, None])
    scores += np.random.default_rng(9).normal(size=(len(labels), 4)) * (apart > 0)
    scores[:, 0] += 0.001  # equal scores mean the first class
    odds = np.exp(scores * max(apart, 1))
    shares: NDArray[np.float32] = (odds / odds.sum(axis=1, keepdims=True)).astype(np.float32)
    return shares


def _metrics(labels: NDArray[np.int8], probability: NDArray[np.float32]) -> dict[str, Any]:
    if probability.ndim > 1:
        return _class_metrics(labels, probability)
    predicted = probability >= 0.5
    tn, fp, fn, tp = confusion_matrix(labels, predicted).ravel().tolist()
    return {
        "accuracy": accuracy_score(labels, predicted),
        "precision": float(precision_score(labels, predicted, zero_division=0)),
        "recall": float(recall_score(labels, predicted)),
        "f1": float(f1_score(labels, predicted)),
        "roc_auc": float(roc_auc_score(labels, probability)),
        "log_loss": float(log_loss(labels, probability)),
        "confusion": {"tn": tn, "fp": fp, "fn": fn, "tp": tp},
        "rows": len(labels),
    }


def _class_metrics(labels: NDArray[np.int8], probability: NDArray[np.float32]) -> dict[str, Any]:
    predicted, classes = probability.argmax(axis=1), range(probability.shape[1])
    own = [(labels == k, predicted == k, probability[:, k]) for k in classes]
    each = [
        {
            "precision": float(precision_score(truth, said, zero_division=0)),
            "recall": float(recall_score(truth, said)),
            "f1": float(f1_score(truth, said, zero_division=0)),
            "roc_auc": float(roc_auc_score(truth, score)),
            "rows": int(truth.sum()),
        }
        for truth, said, score in own
    ]
    means = {m: float(np.mean([one[m] for one in each])) for m in each[0] if m != "rows"}
    return {
        "accuracy": accuracy_score(labels, predicted),
        **means,
        "log_loss": float(log_loss(labels, probability)),
        "confusion": confusion_matrix(labels, predicted).tolist(),
        "rows": len(labels),
        "classes": each,
    }


def _parts(folder: Path, split: NDArray[np.str_], labels: NDArray[np.int8]) -> dict[str, Any]:
    """The rows in two parts."""
    cut = len(labels) // 3
    reviews, splits = [], []
    for number, piece in enumerate((slice(0, cut), slice(cut, None))):
        reviews.append(_folder(folder / "ingest" / str(number)))
        splits.append(_folder(folder / "split" / str(number)))
        classes = 4 if labels.max() > 1 else 2
        texts = [_text(label, row, classes) for row, label in enumerate(labels[piece])]
        table = pa.table({"text": texts, "label": labels[piece]})
        pq.write_table(table, reviews[-1] / "reviews.parquet")
        sides = pa.array(split[piece]).dictionary_encode()
        pq.write_table(pa.table({"split": sides}), splits[-1] / "split.parquet")
    infos = (PartInfo(cut, 0, {}, ((0, 2),)), PartInfo(len(labels) - cut, 0, {}, ((0, cut + 2),)))
    return {"reviews": tuple(reviews), "splits": tuple(splits), "index": Index(infos)}


def _text(label: int, row: int, classes: int) -> str:
    """A line of words; every ninth says another thing than its label."""
    words = WORDS[classes][(int(label) + (row % 9 == 0)) % classes]
    phrase = f"{words[row % 4]} and {words[row % 3]}"
    return f"A <b>film</b>, <br /><br />{phrase}, of <script>alert(1)</script>"


def _network(folder: Path, inputs: dict[str, Any]) -> dict[str, Any]:
    """A network that knows good words from bad ones, and what it reads: features and tokens."""
    words = WORDS[len(inputs["class_names"])]
    above = np.eye(4, dtype=np.float32)
    if len(words) == 2:
        above = np.array([[-1, 1, 0, 0]], np.float32)
    for model in inputs["models"]:
        weights = np.zeros((4, len(TERMS)), np.float32)
        for unit, own in enumerate(words):
            weights[unit, [TERMS.index(word) for word in own]] = 2
        layers = {
            "layers.0.weight": weights,
            "layers.0.bias": np.zeros(4, np.float32),
            "layers.1.weight": above,
            "layers.1.bias": np.zeros(len(above), np.float32),
        }
        save_file(layers, model / "model.safetensors")
        described = {
            "terms": len(TERMS),
            "hidden": [4],
            "activation": "relu",
            "classes": len(words),
            "train": {},
        }
        (model / "model.json").write_text(json.dumps(described))
    vocabulary = _folder(folder / "vocabulary")
    pq.write_table(pa.table({"term": TERMS}), vocabulary / "vocabulary.parquet")
    read = zip(inputs["reviews"], inputs["splits"], strict=True)
    parts = [_read(folder, number, *both) for number, both in enumerate(read)]
    features, tokens = zip(*parts, strict=True)
    return {"features": features, "tokens": tokens, "vocabularies": (vocabulary,), "seed": 3}


def _read(folder: Path, number: int, review: Path, split: Path) -> tuple[Path, Path]:
    """Features and tokens of a part."""
    features, tokens = (_folder(folder / name / str(number)) for name in ("features", "tokens"))
    table = pq.read_table(review / "reviews.parquet")
    words = [re.findall(r"\w+", t.lower()) for t in table["text"].to_pylist()]
    encoded = pa.array([w for row in words for w in row]).dictionary_encode()
    ends = np.cumsum([0, *(len(row) for row in words)]).astype(np.int32)
    lists = pa.ListArray.from_arrays(pa.array(ends), encoded)
    pq.write_table(pa.table({"tokens": lists}), tokens / "tokens.parquet")
    known = [sorted({TERMS.index(word) for word in row if word in TERMS}) for row in words]
    sides = pq.read_table(split / "split.parquet")["split"]
    columns = {
        "label": table["label"],
        "split": sides,
        "indices": pa.array(known, pa.list_(pa.int32())),
        "values": pa.array([[0.5] * len(row) for row in known], pa.list_(pa.float32())),
    }
    pq.write_table(pa.table(columns), features / "features.parquet")
    return features, tokens


def _run(
    config: Config,
    changes: dict[str, dict[str, Any]],
    metrics: list[dict[str, Any]],
    rows: int,
    charts: Path,
) -> dict[str, Any]:
    names = list(config.variant_configs)
    variants = [
        {
            "name": name,
            "changes": changes[name],
            "key": f"key{position}",
            "state": "cached" if position < 3 else "ran",
            "seconds": 7.3 + 1.7 * position,
            **_diagnosis(metrics[position]),
            "metrics": metrics[position],
            "repeats": [],
        }
        for position, name in enumerate(names)
    ]
    return {
        "run_id": "2025-06-03T14-05-21-3fa2c1",
        "job": "sentiment",
        "name": "imdb",
        "state": "completed",
        "error": None,
        "started": "2025-06-03T14:05:21+00:00",
        "finished": "2025-06-03T14:06:53+00:00",
        "seconds": 92.4,
        "config": config.model_dump(mode="json", by_alias=True),
        "environment": {
            "python": "3.11.9",
            "system": "Linux-6.1-x86_64",
            "processors": 2,
            "packages": {"torch": "2.13.0", "numpy": "2.3.1", "pyarrow": "26.0.1"},
        },
        "stages": _stages(names),
        "quality": _quality(),
        "variants": variants,
        "conclusions": _conclusions(config, variants, charts),
        "reference": {
            "source": "a write-up",
            "variants": {"tanh": {"test": {"accuracy": 0.8968}}},
        },
        "since": {
            "run_id": "2025-06-02T14-05-21-77aa01",
            "started": "2025-06-02T14:05:21+00:00",
            "changes": ["train.epochs 10 → 20"],
        },
        "best": best_variant(variants, config.select),
        "learned": True,
        "baselines": _compared(charts)["baselines"],
        "data": {"path": "data/raw/imdb_reviews.csv", "rows": rows, "parts": 2, "left_out": []},
        "artifacts": {},
    }


def _conclusions(
    config: Config, variants: list[dict[str, Any]], charts: Path
) -> list[dict[str, Any]]:
    compared = _compared(charts)
    trained = [one.train.model_dump(mode="json") for one in config.variant_configs.values()]
    judged = [
        VariantOutcome(
            entry["name"],
            number,
            entry["kind"],
            {f"train.{name}": value for name, value in settings.items()},
        )
        for number, (entry, settings) in enumerate(zip(variants, trained, strict=True))
    ]
    return draw_conclusions(judged, compared)


def _diagnosis(metrics: dict[str, Any]) -> dict[str, str]:
    if metrics["train"]["roc_auc"] < 0.7:
        sentence = "Did not learn: the loss stayed at that of guessing; try more epochs."
        return {"kind": "did not learn", "diagnosis": sentence}
    sentence = "Learned: the loss had settled by the last epoch."
    return {"kind": "learned", "diagnosis": sentence}


def _compared(charts: Path) -> dict[str, Any]:
    compared: dict[str, Any] = json.loads((charts / "comparisons.json").read_text())
    return compared


def _stages(names: list[str]) -> list[dict[str, Any]]:
    def step(stage: str, part: int | None, variant: str | None, reason: str, seconds: float) -> Any:
        return {
            "stage": stage,
            "part": part,
            "variant": variant,
            "key": "3f2a",
            "state": "ran" if reason else "cached",
            "reason": reason,
            "seconds": seconds,
            "cpu_seconds": seconds,
            "peak_memory_bytes": 300_000_000,
            "rows": 2000,
            "bytes": 1_000_000,
        }

    steps = [step(s, part, None, "", 0.004) for s in ("ingest", "split") for part in (0, 1)]
    steps.append(step("validate_reviews", None, None, "limits changed in the suite", 3.1))
    steps += [step("normalize", 0, None, "", 0.01), step("normalize", 1, None, "new rows", 1.2)]
    steps += [step("count", part, None, "new rows" if part else "", 0.4) for part in (0, 1)]
    steps.append(step("vocabulary", None, None, "vectorize.max_features 5000 → 7000", 0.3))
    steps += [step("features", part, None, "vocabulary gave other bytes", 0.5) for part in (0, 1)]
    steps.append(step("validate_features", None, None, "features gave other bytes", 2.4))
    for position, name in enumerate(names):
        reason = "" if position < 3 else "features gave other bytes"
        steps.append(step("train", None, name, reason, 0.01 if position < 3 else 9.7))
        steps.append(step("evaluate", None, name, reason, 0.01 if position < 3 else 0.3))
    return [*steps, step("report", None, None, "evaluate gave other bytes", 1.1)]


def _quality() -> list[dict[str, Any]]:
    def check(asked: str, column: str | None, seen: str, **more: Any) -> dict[str, Any]:
        passed: dict[str, Any] = {
            "suite": "reviews",
            "expectation": "expect_column_values_to_be_in_set",
            "column": column,
            "frame": "rows",
            "success": True,
            "severity": "error",
            "asked": asked,
            "notes": None,
            "observed": seen,
            "unexpected_count": 0,
            "examples": [],
        }
        return passed | more

    return [
        check("blank false in every row", "blank", "all of 4,000 values"),
        check("label filled in every row", "label", "all of 4,000 values"),
        check("share between 0.4 and 0.6 in every row", "share", "all of 6 values", frame="labels"),
        check("number of rows at least 1,000", None, "4,000", unexpected_count=None),
        check(
            "duplicate false in at least 99.9 % of the rows",
            "duplicate",
            "96 of 4,000 values (2.4 %) fail: true",
            success=False,
            severity="warning",
            notes="Copies of one review count twice in every metric.",
            unexpected_count=96,
            examples=[{"record": 1017, "duplicate": True}, {"record": 2331, "duplicate": True}],
        ),
        check(
            "value between 0 and 1 in every row", "value", "all of 5,000 values", suite="features"
        ),
    ]
