"""Make the section on the best variant: classes, calibration, examples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reviewflow.evaluation.diagnosis import FAILURES
from reviewflow.evaluation.metrics import METRICS, THRESHOLD
from reviewflow.formatting import amount, figure, finite, visible
from reviewflow.reporting.page.examples_view import (
    ClassWords,
    MistakeExample,
    class_words,
    lemma_note,
    mistake_examples,
)
from reviewflow.reporting.page.variant_table import VariantRow

LONGEST_NAME = 80  # characters of a class name
MOST_CONFUSIONS = 5


@dataclass(frozen=True)
class ClassRow:
    """One class against all others on the test rows.

    ``cells`` are the metrics in the order of ``BestVariant.class_titles``.
    """

    name: str
    rows: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Tenth:
    """A tenth of the test rows by predicted probability.

    ``apart`` says whether the interval of what was seen leaves the prediction out.
    """

    predicted: str
    observed: str
    interval: str
    rows: str
    apart: bool


@dataclass(frozen=True)
class BestVariant:
    """What the page shows of the best variant beside its row in the table.

    Attributes
    ----------
    classes, class_titles : of more than two classes, a row each and what its cells are.
    confusions : pairs of classes that are often confused, in words.
    calibration_error : of two classes, the mean distance of prediction and share.
    tenths : of two classes, what the calibration chart shows.
    positive : the class whose probability a model of two classes gives.
    threshold : above which that class is predicted; empty for more classes.
    words, mistakes : nothing of a model that learned nothing.
    """

    name: str
    seeds: int
    classes: tuple[ClassRow, ...]
    class_titles: tuple[str, ...]
    confusions: tuple[str, ...]
    calibration_error: str
    tenths: tuple[Tenth, ...]
    positive: str
    threshold: str
    words: tuple[ClassWords, ...]
    lemma_note: str
    mistakes: tuple[MistakeExample, ...]


def best_view(run: Mapping[str, Any], data: Mapping[str, Any], best: VariantRow) -> BestVariant:
    """Return the section on the best variant.

    Parameters
    ----------
    run : the content of run.json.
    data : what ``report_data.read_report_data`` returns.
    best : the variant's row in the table.
    """
    figures = _test_figures(run)
    names = [visible(name, LONGEST_NAME) for name in data.get("class_names") or ()]
    curves, confusions = data.get("calibration") or (), data.get("confusions") or ()
    two = len(names) == 2
    learned = run.get("learned") is not False and best.kind not in FAILURES
    words = class_words(data) if learned else ()
    return BestVariant(
        name=best.name,
        seeds=best.seeds,
        classes=() if two else _class_rows(figures, names, curves),
        class_titles=("Rows", *_class_titles(), "Calibration error"),
        confusions=tuple(_confusion_text(one) for one in confusions[:MOST_CONFUSIONS]),
        calibration_error=figure(curves[0]["error"]) if two and curves else "",
        tenths=tuple(_tenth(one) for one in curves[0]["bins"]) if two and curves else (),
        positive=names[1] if two else "",
        threshold=f"{finite(figures.get('threshold')) or THRESHOLD:.3g}" if two else "",
        words=words,
        lemma_note=lemma_note(run) if words else "",
        mistakes=mistake_examples(data) if learned else (),
    )


def _class_titles() -> list[str]:
    return [metric.heading for metric in METRICS if metric.per_class]


def _test_figures(run: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the best variant's metrics on the test rows."""
    name = (run.get("best") or {}).get("variant")
    for variant in run.get("variants") or ():
        if variant.get("name") == name:
            return (variant.get("metrics") or {}).get("test") or {}
    return {}


def _class_rows(figures: Mapping[str, Any], names: list[str], curves: Any) -> tuple[ClassRow, ...]:
    """Return a row a class, with the calibration error where it is known."""
    errors = {visible(curve["name"], LONGEST_NAME): curve["error"] for curve in curves}
    shown = [metric for metric in METRICS if metric.per_class]
    return tuple(
        ClassRow(
            name,
            f"{round(finite(own.get('rows')) or 0):,}",
            (*(figure(own.get(m.name), m.digits) for m in shown), figure(errors.get(name))),
        )
        for name, own in zip(names, figures.get("classes") or (), strict=False)
    )


def _confusion_text(one: Mapping[str, Any]) -> str:
    """Return ``neutral is taken for positive in 120 rows, 24 % of them``."""
    labelled, predicted = (visible(one[name], LONGEST_NAME) for name in ("labelled", "predicted"))
    rows, share = amount(one["rows"], "row"), f"{one['share']:.0%}".replace("%", " %")
    return f"{labelled} is taken for {predicted} in {rows}, {share} of them"


def _tenth(one: Mapping[str, Any]) -> Tenth:
    low, high = one["low"], one["high"]
    return Tenth(
        figure(one["predicted"]),
        figure(one["observed"]),
        f"{figure(low)} to {figure(high)}",
        f"{one['rows']:,}",
        not low <= one["predicted"] <= high,
    )
