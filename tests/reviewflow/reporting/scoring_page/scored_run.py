"""run.json files of the score flow, with drift of drawn rows."""

from typing import Any

import numpy as np

from reviewflow.models.profile import LENGTHS, SCORES, SHARES, Profile
from reviewflow.scoring.drift import drift_between

TWO = ("negative", "positive")
HOSTILE = "<script>alert(1)</script> | **x** \x1b[31mred\x1b[0m \u202eevil {{ 7 * 7 }}"


def profile(rows: int, seed: int, shift: int = 0, classes: int = 2) -> Profile:
    """Return the profile of drawn rows, the further to the right the larger the shift."""
    rng = np.random.default_rng(seed)

    def drawn(bins: int, centre: float) -> Any:
        places = np.clip(rng.normal(centre + shift, 1.5, rows), 0, bins - 1).astype(np.int64)
        return np.bincount(places, minlength=bins)

    tokens, unknown = drawn(len(LENGTHS), 5), drawn(len(SHARES), 3)
    scores = drawn(len(SCORES), 10)
    labels = np.bincount(rng.integers(0, classes, rows), minlength=classes)
    return Profile(rows, tokens, unknown, scores, labels, rows * (3 + shift), rows * 100)


BEFORE = profile(2_000, 0)


def scored_file(
    name: str, rows: int = 1_000, shift: int = 0, classes: tuple[str, ...] = TWO, **more: Any
) -> dict[str, Any]:
    """Return what run.json says of a file."""
    before = BEFORE if classes == TWO else profile(2_000, 0, classes=len(classes))
    now = profile(rows, sum(map(ord, name)), shift, len(classes))
    return {
        "input": f"inbox/{name}",
        "output": f"scores/{name}.parquet",
        "state": "scored",
        "error": None,
        "rows_in": rows + 2,
        "rows_out": rows,
        "rejects": 2,
        "labels": dict(zip(classes, now.labels.tolist(), strict=True)),
        "model_version": "0123456789ab",
        "seconds": 0.5,
        "drift": drift_between(before, now),
        **more,
    }


def failed_file(
    name: str, error: str = "record 2 opens a quote that is never closed; close it."
) -> dict[str, Any]:
    """Return what run.json says of a file that failed."""
    return {"input": f"inbox/{name}", "output": "x", "state": "failed", "error": error}


def scored_run(*files: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a run.json of the score flow."""
    failed = any(file["state"] == "failed" for file in files)
    return {
        "run_id": "2026-11-27T19-18-03-129457-c31f97",
        "job": "score",
        "name": "imdb",
        "state": "failed" if failed else "completed",
        "error": None,
        "started": "2026-11-27T19:18:03.129+00:00",
        "seconds": 1.5,
        "config": {"input": "inbox", "output": "scores", "model": "imdb", "encoding": "utf-8"},
        "environment": {"python": "3.11.7", "packages": {"numpy": "2.4.6"}},
        "model": {"name": "imdb", "version": "0123456789ab"},
        "files": list(files),
        **more,
    }
