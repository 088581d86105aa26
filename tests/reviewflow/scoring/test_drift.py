"""Drift is small between halves of one population, and named where there is some."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import entropy

from reviewflow.config.sections import Ingest
from reviewflow.context import Context
from reviewflow.models.predictor import Analysis, Model
from reviewflow.models.profile import SMOOTHING, Profile, profile_of
from reviewflow.scoring.drift import TRAITS, drift_between, notice
from reviewflow.scoring.score_checks import check_scored, scored_row
from reviewflow.scoring.score_file import BLOCK_ROWS
from reviewflow.scoring.score_files import ScoringTarget, score_once
from reviewflow.scoring.scoring_options import ScoringOptions
from tests.conftest import Reviews
from tests.reviewflow.scoring import SCORING_SUITE


def random_profile(seed: int, longer: float = 1.0) -> Profile:
    random = np.random.default_rng(seed)
    odds = random.random(4_000, np.float32)
    tokens = (random.integers(1, 600, 4_000) * longer).astype(np.int64)
    return profile_of(Analysis(odds, tokens, np.zeros_like(tokens)), 0.5, 2)


def told(drift: dict[str, Any] | None) -> str:
    """Return what the shipped suite warns of."""
    rows = drift["rows"] if drift else 100
    checks = check_scored(SCORING_SUITE, {}, Path("in.csv"), scored_row(rows, 0, drift, None))
    return notice(checks, drift)


def test_the_index_is_the_sum_of_both_relative_entropies() -> None:
    before, now = random_profile(1), random_profile(2, 1.5)
    pooled = before.tokens + now.tokens
    filled = pooled > 0
    added = SMOOTHING * filled.sum() * pooled[filled] / pooled.sum()
    p, q = before.tokens[filled] + added, now.tokens[filled] + added
    assert drift_between(before, now)["tokens"]["psi"] == pytest.approx(
        entropy(p, q) + entropy(q, p)
    )


def test_halves_of_one_population_have_not_drifted() -> None:
    drift = drift_between(random_profile(1), random_profile(2))
    assert drift["rows_before"] == drift["rows"] == 4_000
    assert told(drift) == ""


def test_the_trait_that_changed_is_named() -> None:
    drift = drift_between(random_profile(1), random_profile(2, 4.0))
    index = drift["tokens"]["psi"]
    assert told(drift) == (
        f"Differs from the validation rows in lengths (stability index {index:.2f})."
    )


def test_other_checks_are_told_and_a_fall_of_the_accuracy_once() -> None:
    row = scored_row(100, 10, None, {"fall": 0.1})
    checks = check_scored(SCORING_SUITE, {}, Path("in.csv"), row)
    assert notice(checks, None).startswith("Check of blank_share: 0.1, asked ")
    assert "accuracy" not in notice(checks, None)


def test_no_rows_have_not_drifted() -> None:
    drift = drift_between(random_profile(1), Profile.empty(2))
    assert [drift[trait]["psi"] for trait in TRAITS] == [0.0] * len(TRAITS)
    assert told(drift) == told(None) == ""


def record_of(model: Model, texts: list[str], folder: Path) -> dict[str, Any]:
    """Score texts, and return the record as it was written."""
    path = folder / "in.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["review"], *([text] for text in texts)])
    target = ScoringTarget(path, folder / "out.parquet")
    options = ScoringOptions(Ingest(path=str(path), text_column="review"))
    outcome = score_once(model, target, options, Context())
    assert outcome.state == "scored"
    content: dict[str, Any] = json.loads(target.record.read_text(encoding="utf-8"))
    return content


def test_a_record_counts_the_rows_of_every_block(
    model: Model, reviews: Reviews, tmp_path: Path
) -> None:
    rows = BLOCK_ROWS + 50
    texts = [reviews[row % 600][0][:200] for row in range(rows)]
    record = record_of(model, [" ", *texts], tmp_path)
    drift = record["drift"]
    assert (drift["rows"], record["rejects"]) == (rows, 1)
    assert [sum(drift[trait]["now"]) for trait in TRAITS] == [rows] * len(TRAITS)
    assert drift["labels"]["now"] == list(record["labels"].values())
    before = model.bundle.content["profile"]
    assert [drift[trait]["before"] for trait in TRAITS] == [before[trait] for trait in TRAITS]


def test_words_that_the_model_does_not_know_are_drift(model: Model, tmp_path: Path) -> None:
    record = record_of(model, ["zqx wvk qqj"] * 200, tmp_path)
    assert record["drift"]["unknown_share"] == 1.0
    assert "shares of unknown words" in told(record["drift"])
