"""Tables for the Prefect UI: figures are rounded, and text from data stays text."""

from typing import Any

from tasks.report import metrics_rows
from tasks.validate import table_row


def entry(**changes: Any) -> dict[str, Any]:
    return {
        "success": False,
        "severity": "error",
        "asked": "blank is false",
        "observed": "2 of 9 values fail",
        "examples": [{"record": 6, "blank": True}],
        **changes,
    }


def test_an_expectation_is_a_row() -> None:
    row = table_row(entry())
    assert row["passed"] == "error"
    assert "record" in row["examples"]
    assert table_row(entry(severity="warning"))["passed"] == "warning"
    passed = table_row(entry(success=True, examples=[]))
    assert (passed["passed"], passed["examples"]) == ("yes", "")


def test_text_from_data_is_no_markup() -> None:
    row = table_row(entry(observed="<img src=x> [link](http://x.y)", examples=[{"t": "a\n# b|c"}]))
    assert "<img" not in row["seen"]
    assert "[link](" not in row["seen"]
    assert "\n" not in row["examples"]


def test_a_variant_is_a_row_of_rounded_figures() -> None:
    figures = {"accuracy": 0.87654321, "roc_auc": None, "log_loss": 0.3}
    trained: dict[str, Any] = {
        "name": "a|b",
        "metrics": {"train": figures, "test": figures},
        "diagnosis": "Overfits.",
    }
    trained["metrics"]["validation"] = {"accuracy": 0.9}
    skipped = {"name": "later", "metrics": None, "diagnosis": None}
    first, second = metrics_rows([trained, skipped])
    assert first["test accuracy"] == first["train accuracy"] == "0.8765"
    assert first["validation accuracy"] == "0.9000"
    assert first["test roc_auc"] == ""
    assert first["test log_loss"] == "0.3000"
    assert first["variant"] == r"a\|b"
    assert first["diagnosis"] == r"Overfits\." or first["diagnosis"] == "Overfits."
    assert second == {"variant": "later", "diagnosis": ""}
