"""The table of variants: which ones are warned of for having learned nothing."""

from typing import Any

import pytest

from reviewflow.reporting.page.html import html_page
from reviewflow.reporting.page.variant_table import variant_rows


def run(loss: float, negative: int, positive: int, **variant: Any) -> dict[str, Any]:
    """A completed run of one variant with this log loss on training rows that it calls negative."""
    confusion = {"tn": negative, "fp": 0, "fn": positive, "tp": 0}
    train = {"log_loss": loss, "confusion": confusion, "rows": negative + positive}
    metrics = {"train": train, "test": {"roc_auc": 0.69, "accuracy": 0.7}}
    entry = {"name": "relu", "key": "k", "state": "ran", "metrics": metrics, **variant}
    return {
        "state": "completed",
        "variants": [entry],
        "best": {"variant": "relu", "chosen_on": "test"},
    }


@pytest.mark.parametrize(
    ("loss", "negative", "positive", "guesses"),
    [
        (0.690, 50, 50, True),
        (0.680, 50, 50, False),
        (0.611, 70, 30, True),  # below ln 2, but what the shares of the classes cost
        (0.602, 30, 70, True),
        (0.600, 70, 30, False),
        (0.690, 0, 0, True),
    ],
)
def test_no_better_than_guessing_follows_the_share_of_the_classes(
    loss: float, negative: int, positive: int, guesses: bool
) -> None:
    (row,) = variant_rows(run(loss, negative, positive))
    assert row.no_better_than_guessing == guesses


def test_a_variant_that_learned_nothing_from_unbalanced_rows_is_warned_of() -> None:
    assert "1 variant did not get past the loss of guessing" in html_page(run(0.61, 70, 30), None)
    assert "the loss of guessing" not in html_page(run(0.40, 70, 30), None)


def test_the_diagnosis_is_believed() -> None:
    """It looks at the last epoch's mean loss, which may lie above that of the last weights."""
    (row,) = variant_rows(run(0.595, 70, 30, kind="did not learn"))
    assert row.no_better_than_guessing
    (row,) = variant_rows(run(0.595, 70, 30, kind="learned"))
    assert not row.no_better_than_guessing
