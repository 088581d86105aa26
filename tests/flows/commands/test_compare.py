"""``reviewflow compare`` as a person and a script see it."""

from pathlib import Path
from typing import Any

from tests.flows.commands.conftest import FIRST, SECOND
from tests.flows.commands.invoke import asked, call
from tests.reviewflow.small_store import edit_json


def edit_runs(artifacts: Path, edit: Any) -> None:
    """Change both runs: ``edit(content, whether it is the second)``."""
    for run_id in (FIRST, SECOND):
        path = artifacts / "runs" / run_id / "run.json"
        edit_json(path, lambda content, run_id=run_id: edit(content, run_id == SECOND))


def test_compare_shows_what_differs(artifacts: Path) -> None:
    text = call(artifacts, "compare", "2024-01-01", "latest").stdout
    assert text.startswith("Whether both runs have the same rows is not recorded.")
    assert "train.learning_rate  0.9  0.95" in text
    assert "0.9000 → 0.9500" in text
    assert "Data: no difference." in text
    assert "\x1b" not in text
    differences = asked(artifacts, "compare", FIRST, SECOND)
    assert differences["parameters"] == [{"name": "train.learning_rate", "a": 0.9, "b": 0.95}]
    assert differences["rows"]["kind"] == "unknown"


def test_the_rows_of_the_choice_are_shown(artifacts: Path) -> None:
    def add_validation(content: dict[str, Any], is_second: bool) -> None:
        content["best"] |= {"chosen_on": "validation", "metric": "f1"}
        figures = {"f1": 0.72 if is_second else 0.71, "roc_auc": 0.5}
        content["variants"][0]["metrics"]["validation"] = figures

    edit_runs(artifacts, add_validation)
    text = call(artifacts, "compare", FIRST, SECOND).stdout
    assert "validation F1" in text
    assert "0.7100 → 0.7200" in text


def test_many_pairs_are_short_and_the_best_comes_first(artifacts: Path) -> None:
    """As if both runs had the same rows and the predictions were gone."""
    steps = [{"stage": stage, "part": 0, "key": "0"} for stage in ("ingest", "split")]
    confusion = {"tn": 80, "fp": 20, "fn": 20, "tp": 80}

    def multiply(content: dict[str, Any], is_second: bool) -> None:
        content["stages"] = steps
        content["config"]["ingest"] = {}
        content["best"]["variant"] = "v3"
        figures = {"accuracy": 0.8, "confusion": confusion}
        content["variants"] = [
            {
                "name": f"v{n}",
                "params": {"epochs": n},
                "metrics": {"test": figures | {"roc_auc": 0.5 + n / 100 + is_second / 4}},
            }
            for n in range(12)
        ]

    edit_runs(artifacts, multiply)
    lines = call(artifacts, "compare", FIRST, SECOND).stdout.splitlines()
    names = [line.split()[0].rstrip(":") for line in lines if line.startswith("v")]
    assert names == ["v3", *(f"v{n}" for n in range(11, -1, -1) if n != 3)]
    assert "v3 (best of B): better by more than chance (ROC AUC, unpaired)" in lines
    assert len([line for line in lines if line.startswith("  ROC AUC")]) == 12
    assert len([line for line in lines if line.startswith("  accuracy")]) == 1
    assert "With one seed an interval counts the rows, not the luck of a training." in lines
    assert any("one is beyond chance on average" in line for line in lines)


def test_long_names_and_values_fit_80_columns(artifacts: Path) -> None:
    def lengthen(content: dict[str, Any], is_second: bool) -> None:
        content["name"] = "a name " * 20
        content["config"]["train"]["hidden"] = [512] * (30 + is_second)
        variants = [
            {**content["variants"][0], "name": f"{'b' if is_second else 'a'}{n} " + "long " * 20}
            for n in range(40)
        ]
        content["variants"] = variants

    edit_runs(artifacts, lengthen)
    text = call(artifacts, "compare", FIRST, SECOND).stdout
    shown = text.partition("\nParameters")[0].splitlines()
    assert len(shown) > 40
    assert max(map(len, shown)) <= 80


def test_runs_that_cannot_be_read_are_refused(artifacts: Path) -> None:
    (artifacts / "runs" / FIRST / "run.json").write_text('{"half')
    refused = call(artifacts, "compare", FIRST, SECOND)
    assert refused.exit_code == 1
    assert "cannot be compared" in refused.stderr


def test_runs_without_variants_are_compared(artifacts: Path) -> None:
    edit_runs(artifacts, lambda content, _: content.update(job="moons", variants=[]))
    text = call(artifacts, "compare", FIRST, SECOND).stdout
    assert text.startswith(f"A  {FIRST}")
    assert "Variants" not in text
