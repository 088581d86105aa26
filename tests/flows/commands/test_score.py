"""What ``reviewflow score`` prints after a run, from its run.json."""

import json
from pathlib import Path
from typing import Any

import pytest

from flows.commands.output import say_table
from flows.commands.score import DRIFT_COLUMNS, DRIFT_NOTE, drift_rows
from tests.reviewflow.reporting.scoring_page.scored_run import scored_file, scored_run


def write_run(folder: Path, run: dict[str, Any]) -> Path:
    (folder / "run.json").write_text(json.dumps(run), encoding="utf-8")
    return folder


def test_the_table_of_drift_fits_a_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = scored_run(scored_file("a.csv", shift=6))
    rows = drift_rows(write_run(tmp_path, run))
    say_table("Drift", DRIFT_COLUMNS, rows)
    lines = [*capsys.readouterr().out.splitlines(), DRIFT_NOTE]
    assert max(map(len, lines)) <= 80
    lengths = run["files"][0]["drift"]["tokens"]
    figures = f"{lengths['psi']:.3f} {lengths['chance']:.3f}"
    assert " ".join(lines[3].split()) == f"lengths {figures} large change"


@pytest.mark.parametrize(
    "file",
    [
        scored_file("a.csv"),
        scored_file("a.csv", rows=0),
        scored_file("a.csv", drift=None),
        scored_file("a.csv", shift=6, state="kept"),
    ],
)
def test_there_is_no_table_where_nothing_new_differs(file: dict[str, Any], tmp_path: Path) -> None:
    assert drift_rows(write_run(tmp_path, scored_run(file))) == []
