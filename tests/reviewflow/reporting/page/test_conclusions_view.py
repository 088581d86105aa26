"""The numbers behind the conclusions: with one seed and with several."""

from typing import Any

import pytest

from reviewflow.reporting.page.conclusions_view import (
    CONCLUSION_TITLES,
    SUMMARY_TITLES,
    conclusion_rows,
    last_run_changes,
)


def item(**changes: Any) -> dict[str, Any]:
    level = {"value": 0.1, "variant": "a", "roc_auc": 0.958, "accuracy": 0.89}
    return {
        "factor": "train.learning_rate",
        "sentence": "0.1 is best.",
        "best": level,
        "runner_up": level | {"value": 0.01, "variant": "b", "roc_auc": 0.95},
        "difference": 0.008,
        "interval": [0.002, 0.014],
        "p_adjusted": 0.00001,
        "accuracy": {"difference": -0.01, "low": None, "high": None},
        "mcnemar": {"only_best": 3, "only_runner_up": 9, "p": 0.146},
        "seeds": 1,
        "beyond_chance": None,
        **changes,
    }


def cells_of(**changes: Any) -> dict[str, str]:
    (row,) = conclusion_rows({"conclusions": [item(**changes)]})
    assert row.sentence == "0.1 is best."
    return dict(zip(reversed(CONCLUSION_TITLES), reversed(row.cells), strict=True))


def test_a_conclusion_has_a_cell_a_title() -> None:
    cells = cells_of()
    assert cells["Best"] == "0.1 (a)"
    assert cells["ROC AUC"] == "0.9580 against 0.9500"
    assert cells["Difference, 95 %"] == "+0.0080 (+0.0020 to +0.0140)", "the first such column"
    assert (cells["p by Holm"], cells["McNemar p"]) == ("< 0.0001", "0.1460")


@pytest.mark.parametrize(
    ("verdict", "text"), [(True, "yes"), (False, "no"), (None, "one seed cannot tell")]
)
def test_several_seeds_have_no_mcnemar(verdict: bool | None, text: str) -> None:
    cells = cells_of(seeds=3, mcnemar=None, beyond_chance=verdict)
    assert (cells["McNemar p"], cells["Seeds"], cells["Told apart"]) == ("–", "3", text)


def test_a_text_is_a_sentence_without_numbers() -> None:
    (row,) = conclusion_rows({"conclusions": ["a and b have equal settings."]})
    assert (row.sentence, row.cells) == ("a and b have equal settings.", ())


def test_a_conclusion_in_short_says_what_is_ahead_and_by_how_much() -> None:
    (row,) = conclusion_rows({"conclusions": [item(beyond_chance=False)]})
    assert dict(zip(SUMMARY_TITLES, row.summary, strict=True)) == {
        "Setting": "Learning rate",
        "Best": "0.1",
        "Next": "0.01",
        "Difference in ROC AUC": "+0.0080",
        "95 %": "+0.0020 to +0.0140",
        "More than chance": "no",
    }
    none = [{"learned": False}, {"learned": False}]
    (row,) = conclusion_rows({"conclusions": [item(values=none)]})
    assert row.summary[:3] == ("Learning rate", "no value learned", "–")


def test_changed_code_is_named_by_its_modules() -> None:
    code = "code: reviewflow.evaluation.diagnosis._gap, reviewflow.a.b.Class.run and 2 more"
    changes = last_run_changes({"since": {"changes": [code, "new rows"]}})
    assert changes is not None
    assert changes.changes == ("code of reviewflow (diagnosis and b)", "new rows")
