"""Put a metric in front of the table and walk it through every place that lists metrics.

``python -m tests.reviewflow.evaluation.added_metric FOLDER``, in a process of its own: the table
must have the new entry before anything else is imported, as if it stood in the source.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import balanced_accuracy_score

from reviewflow.evaluation import metrics

NAME, TITLE = "balanced_accuracy", "balanced accuracy"


def balanced_accuracy(predictions: metrics.Predictions) -> float | None:
    """Return the mean of both classes' recall."""
    return float(balanced_accuracy_score(predictions.truth, predictions.predicted))


def figures(shift: float) -> dict[str, Any]:
    """Return the metrics of 200 rows, a fifth of them positive, whose scores are ``shift`` off."""
    generator = np.random.default_rng(5)
    labels = (np.arange(200) % 5 == 0).astype(np.int8)
    scores = (0.3 * labels + 0.7 * generator.random(200) + shift).clip(0, 1).astype(np.float32)
    return metrics.split_metrics(labels, scores)


def run(shift: float) -> dict[str, Any]:
    """Return the content of run.json with one variant."""
    both = {"train": figures(shift), "test": figures(shift)}
    variant = {
        "name": "relu",
        "changes": {},
        "state": "ran",
        "seconds": 1.0,
        "diagnosis": "Learned.",
        "metrics": both,
    }
    watched = {"notify": {"metric": f"test.{NAME}", "fall": 0.001}}
    best = {"variant": "relu", "chosen_on": "test"}
    return {"state": "completed", "variants": [variant], "best": best, "config": watched}


def check_report(folder: Path, content: dict[str, Any], test: dict[str, Any]) -> None:
    """Assert that the page and the Markdown have it, and the headline the figures that it names."""
    from reviewflow.reporting.page.html import html_page
    from reviewflow.reporting.page.markdown import markdown_page
    from reviewflow.reporting.reference import read_reference

    path = folder / "reference.yaml"
    path.write_text(f"variants: {{relu: {{test: {{{NAME}: 0.7777}}}}}}")
    content = {**content, "reference": read_reference(str(path))}
    page, text = html_page(content, None), markdown_page(content, None)
    headline = f"ROC AUC {test['roc_auc']:.3f} and accuracy {test['accuracy']:.3f}."
    for words in (headline, "Measured on 200 test rows"):
        assert words in page
        assert words in text
    assert f"accuracy {test['accuracy']:.4f}</dd>" in page, "in the tile of the best ROC AUC"
    assert "Balanced accuracy</th>" in page
    assert "Balanced accuracy, accuracy, precision, recall and F1 are at the threshold 0.5" in page
    assert f"{test[NAME]:.4f}<" in page
    assert ">0.7777<" in page
    table = [line.split(" | ") for line in text.splitlines() if line.startswith("|")]
    titles, row = table[0], table[2]
    place = titles.index("Balanced accuracy, test")
    assert row[place] == f"{test[NAME]:.4f}"
    assert "| relu | published | 0.7777 |" in text
    assert row[titles.index("ROC AUC, test")] == f"{test['roc_auc']:.4f}"


def check_prefect_table(content: dict[str, Any], test: dict[str, Any]) -> None:
    """Assert that Prefect's table has a column for it."""
    from tasks.report import metrics_rows

    (row,) = metrics_rows(content["variants"])
    assert row[f"test {NAME}"] == f"{test[NAME]:.4f}"
    assert row["test roc_auc"] == f"{test['roc_auc']:.4f}"


def check_alert(before: dict[str, Any], now: dict[str, Any], change: str) -> None:
    """Assert that it may be watched, and that its fall is reported."""
    from reviewflow.config.sections import Notify
    from reviewflow.runs.alerts import alerts

    assert Notify.model_validate(now["config"]["notify"]).metric == f"test.{NAME}"
    (alert,) = alerts(now, before, ())
    assert change in alert.text


def check_commands(
    folder: Path, before: dict[str, Any], now: dict[str, Any], words: tuple[str, str]
) -> None:
    """Assert that ``show`` and ``compare`` print it."""
    from click.testing import CliRunner

    from flows.commands.compare import compare
    from flows.commands.runs import show
    from tests.reviewflow.small_store import write_run

    figure, change = words
    for run_id, content in (("2024-01-01T00-00-00-a", before), ("2024-01-02T00-00-00-b", now)):
        write_run(folder, run_id, **content)
    artifacts = ["--artifacts", str(folder)]
    shown = CliRunner().invoke(show, ["2024-01-02", *artifacts]).stdout
    assert TITLE in shown
    assert figure in shown
    differences = CliRunner().invoke(compare, ["2024-01-01", "2024-01-02", *artifacts]).stdout
    assert TITLE in differences
    assert change in differences


def check(folder: Path) -> None:
    """Assert that each place has the new metric, and the old ones still have their figures."""
    before, now = run(0.0), run(0.3)
    old, new = (content["variants"][0]["metrics"]["test"] for content in (before, now))
    assert next(iter(new)) == NAME
    assert old[NAME] - new[NAME] > 0.01
    figure, change = f"{new[NAME]:.4f}", f"{old[NAME]:.4f}{{}}{new[NAME]:.4f}"
    check_report(folder, now, new)
    check_prefect_table(now, new)
    check_alert(before, now, change.format(" to "))
    check_commands(folder, before, now, (figure, change.format(" → ")))


if __name__ == "__main__":
    added = metrics.Metric(NAME, TITLE, True, True, balanced_accuracy)
    metrics.METRICS = (added, *metrics.METRICS)  # type: ignore[assignment]
    check(Path(sys.argv[1]))
