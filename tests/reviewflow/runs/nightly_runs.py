"""Runs of many nights, made from the record of a real one: seconds for a thousand."""

import json
import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

FIRST_NIGHT = datetime(2024, 1, 1, 4, 30, 0, 123456, tzinfo=UTC)
TRAITS = ("tokens", "unknown", "scores", "labels")
MODEL = "reviews"
RECORD = Path(__file__).with_name("nightly_record.json")  # of a real run of 600 reviews


def write_nightly_runs(
    runs: Path, nights: int = 1000, scored_every: int = 0, seed: int = 7
) -> list[dict[str, Any]]:
    """Write a run for each night, and return what was put into run.json.

    Rows grow, metrics and label shares wander, some nights fail or are cancelled, and in the
    middle the rows are split in another way.

    Parameters
    ----------
    runs : the folder to write into.
    scored_every : nights from one scoring with the published model to the next; 0 for none.
    """
    drawn, record = random.Random(seed), RECORD.read_text(encoding="utf-8")
    made = []
    rows, share, auc = 20_000, 0.5, 0.95
    for night in range(nights):
        rows += drawn.randrange(0, 60)
        share = min(0.7, max(0.3, share + drawn.gauss(0, 0.004)))
        auc = min(0.99, max(0.9, auc + drawn.gauss(0, 0.0015)))
        state = drawn.choices(("completed", "failed", "cancelled"), (95, 4, 1))[0]
        content = nightly_run(record, night, state, rows, share, auc, later=night >= nights // 2)
        content["seconds"] = round(drawn.uniform(20, 60) + rows / 1000, 2)
        _write(runs, content)
        made.append(content)
        if scored_every and night % scored_every == 0:
            scored = scoring_run(night, drawn, drift=0.02 + 0.3 * (night >= 0.8 * nights))
            _write(runs, scored)
            made.append(scored)
    return made


def nightly_run(
    record: str,
    night: int,
    state: str,
    rows: int,
    share: float,
    auc: float,
    later: bool,
) -> dict[str, Any]:
    """run.json of one night."""
    started = FIRST_NIGHT + timedelta(days=night)
    content: dict[str, Any] = json.loads(record)
    content |= {
        "run_id": f"{started:%Y-%m-%dT%H-%M-%S-%f}-{night:06x}",
        "started": started.isoformat(timespec="milliseconds"),
        "state": state,
        "error": None if state == "completed" else f"Night {night} did not end well.",
    }
    content["config"]["publish"] = {"name": MODEL}
    if later:
        content["config"]["split"]["seed"] += 1
    if state != "completed":
        content |= {"variants": [], "best": None, "conclusions": []}
        return content
    content["data"]["rows"] = rows
    positive = round(share * rows)
    for entry, count in zip(content["data"]["classes"], (rows - positive, positive), strict=False):
        entry |= {"train": count - 200, "validation": 100, "test": 100}
    winner = content["best"]["variant"]
    for variant in content["variants"]:
        lower = 0.0 if variant["name"] == winner else 0.01
        for figures in variant["metrics"].values():
            figures |= {"roc_auc": auc - lower, "accuracy": auc - 0.06, "log_loss": 1.2 - auc}
    return content


def scoring_run(night: int, drawn: random.Random, drift: float) -> dict[str, Any]:
    """run.json of a scoring of two files, a few hours after the run of that night."""
    started = FIRST_NIGHT + timedelta(days=night, hours=3)
    files = [
        {
            "input": f"{night}-{number}.csv",
            "state": "scored",
            "error": None,
            "rows_out": 500 + number,
            "drift": {
                trait: {"psi": abs(drawn.gauss(drift, 0.02)), "chance": 0.05} for trait in TRAITS
            },
        }
        for number in range(2)
    ]
    kept = {"input": "old.csv", "state": "kept", "rows_out": 9, "drift": {"tokens": {"psi": 9.0}}}
    return {
        "run_id": f"{started:%Y-%m-%dT%H-%M-%S-%f}-{night:06x}",
        "job": "score",
        "name": MODEL,
        "config_file": None,
        "state": "completed",
        "error": None,
        "started": started.isoformat(timespec="milliseconds"),
        "seconds": 2.5,
        "config": {"input": "inbox", "model": MODEL},
        "files": [*files, kept],
    }


def _write(runs: Path, content: Mapping[str, Any]) -> None:
    folder = runs / content["run_id"]
    folder.mkdir(parents=True)
    text = json.dumps(content, ensure_ascii=False)
    (folder / "run.json").write_text(text, encoding="utf-8")
