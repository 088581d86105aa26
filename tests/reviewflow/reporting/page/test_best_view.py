"""The section on the best variant: classes by name, and no words of a model that knows nothing."""

from typing import Any

import pytest

from reviewflow.reporting.page.best_view import best_view
from reviewflow.reporting.page.variant_table import variant_rows

BINS = [
    {"rows": 50, "predicted": 0.0007, "observed": 0.010, "low": 0.004, "high": 0.023},
    {"rows": 50, "predicted": 0.9, "observed": 0.88, "low": 0.8, "high": 0.95},
]
WORD = {"term": "fine", "pull": 0.4, "rows": 9}
MISTAKE = {
    "label": "bad", "predicted": "good", "of": "good", "probability": 0.93, "terms": [],
    "pieces": [["fine", 0.4]],
}  # fmt: skip


def data(*names: str, **more: Any) -> dict[str, Any]:
    words = {"rows": 99, "classes": [{"name": name, "words": [WORD] * 15} for name in names]}
    calibration = [{"name": name, "error": 0.02, "bins": BINS} for name in names[-1:]]
    return {
        "class_names": list(names),
        "words": words,
        "mistakes": [MISTAKE],
        "calibration": calibration,
        **more,
    }


def run(kind: str = "learned", learned: bool = True, **test: Any) -> dict[str, Any]:
    variant = {"name": "relu", "kind": kind, "metrics": {"test": test}}
    return {"variants": [variant], "best": {"variant": "relu"}, "learned": learned}


def view(content: dict[str, Any], own: dict[str, Any]) -> Any:
    (row,) = variant_rows(content, own)
    return best_view(content, own, row)


def test_two_classes_have_a_threshold_and_tenths() -> None:
    best = view(run(threshold=0.375), data("bad", "good"))
    assert (best.positive, best.threshold, best.classes) == ("good", "0.375", ())
    assert best.calibration_error == "0.0200"
    assert [tenth.apart for tenth in best.tenths] == [True, False]
    assert best.tenths[0].interval == "0.0040 to 0.0230"
    assert view(run(), data("bad", "good")).threshold == "0.5"


def test_several_classes_have_a_row_each() -> None:
    figures = {"precision": 0.8, "recall": 0.7, "f1": 0.75, "roc_auc": 0.9, "rows": 12}
    one = {"labelled": "b", "predicted": "a", "rows": 1200, "share": 0.244}
    best = view(run(classes=[figures] * 3), data("a", "b", "c", confusions=[one] * 9))
    assert [row.name for row in best.classes] == ["a", "b", "c"]
    assert best.class_titles == (
        "Rows", "Precision", "Recall", "F1", "ROC AUC", "Calibration error",
    )  # fmt: skip
    assert best.classes[2].cells == ("0.8000", "0.7000", "0.7500", "0.9000", "0.0200")
    assert best.classes[0].cells[-1] == "–"
    assert best.confusions == ("b is taken for a in 1,200 rows, 24 % of them",) * 5
    assert (best.positive, best.threshold, best.tenths) == ("", "", ())


@pytest.mark.parametrize(
    ("kind", "learned", "shown"),
    [
        ("learned", True, True),
        ("overfits", True, True),
        ("learned", False, False),
        ("did not learn", True, False),
        ("predicts one class", True, False),
        ("diverged", False, False),
    ],
)
def test_a_model_that_learned_nothing_has_no_words(kind: str, learned: bool, shown: bool) -> None:
    best = view(run(kind, learned), data("bad", "good"))
    assert bool(best.words) == bool(best.mistakes) == shown


def test_lemmas_are_explained_where_the_best_variant_has_them() -> None:
    lemmas = run() | {"config": {"normalize": {"reduce": "lemma"}}}
    assert "does becomes doe" in view(lemmas, data("bad", "good")).lemma_note
    lemmas["variants"][0]["changes"] = {"normalize.reduce": "none"}
    assert view(lemmas, data("bad", "good")).lemma_note == ""
