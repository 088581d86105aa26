"""Draw the charts of the best variant from its predictions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reviewflow.evaluation.metrics import confusion_counts
from reviewflow.evaluation.predictions import LabelledRows
from reviewflow.evaluation.reliability import CalibrationCurve, calibration_curve
from reviewflow.reporting.charts.calibration import calibration_chart
from reviewflow.reporting.charts.confusion import MOST_DRAWN, confusion_chart, largest_confusions
from reviewflow.reporting.charts.curves import MOST_CURVES
from reviewflow.reporting.charts.precision_recall import (
    class_precision_recall_chart,
    precision_recall_chart,
    precision_recall_of,
)
from reviewflow.reporting.charts.roc import class_roc_chart, roc_chart, roc_curve_of


def draw_best(
    test: LabelledRows, train: LabelledRows, figures: Mapping[str, Any], names: tuple[str, ...]
) -> tuple[dict[str, str], dict[str, Any]]:
    """Return the charts of a model by name, and the numbers behind them.

    Parameters
    ----------
    test, train : the model's predictions of these rows.
    figures : metrics of the test rows.
    names : of the K classes.

    Returns
    -------
    charts : dict
        ``roc``, ``precision_recall``, ``confusion`` and ``calibration`` as SVG. A chart that
        would show nothing, or more classes than can be told apart, is left out.
    numbers : dict
        ``calibration``: of each class (of two, of the second one alone) its ``name`` and what
        :meth:`CalibrationCurve.to_json` returns. ``confusions``: the pairs of more than two
        classes that are most often confused.
    """
    counts = np.array(confusion_counts(figures), np.int64)
    charts = curve_charts(test, train, names)
    if len(names) <= MOST_DRAWN:
        charts["confusion"] = confusion_chart(counts, names)
    curves = calibration_curves(test, len(names))
    if curves and len(names) <= MOST_CURVES:
        charts["calibration"] = calibration_chart(curves, names)
    confusions = largest_confusions(counts, names) if len(names) > 2 else []
    return charts, {
        "calibration": [{"name": names[k], **curve.to_json()} for k, curve in curves.items()],
        "confusions": [asdict(one) for one in confusions],
    }


def curve_charts(test: LabelledRows, train: LabelledRows, names: tuple[str, ...]) -> dict[str, str]:
    """Return the charts ``roc`` and ``precision_recall``, if there are any."""
    if len(names) == 2:
        first, second = names
        rows = [(each.labels == 1, _probabilities(each, 1)) for each in (test, train)]
        roc, roc_train = (roc_curve_of(*each) for each in rows)
        found, found_train = (precision_recall_of(*each) for each in rows)
        if roc is None or found is None:
            return {}
        return {
            "roc": roc_chart(roc, roc_train, (first, second)),
            "precision_recall": precision_recall_chart(found, found_train, second),
        }
    classes = [k for k in range(len(names)) if 0 < (test.labels == k).sum() < len(test.labels)]
    if not classes or len(names) > MOST_CURVES:
        return {}
    own = {k: (test.labels == k, _probabilities(test, k)) for k in classes}
    areas = {k: curve for k in classes if (curve := roc_curve_of(*own[k])) is not None}
    precisions = {k: curve for k in classes if (curve := precision_recall_of(*own[k])) is not None}
    return {
        "roc": class_roc_chart(areas, names),
        "precision_recall": class_precision_recall_chart(precisions, names),
    }


def calibration_curves(rows: LabelledRows, classes: int) -> dict[int, CalibrationCurve]:
    """Return the curve of each class that some of the rows belong to.

    Of two classes that is the second, since the other one's curve is its reflection. None where
    all rows are of one class.
    """
    if len(np.unique(rows.labels)) < 2:
        return {}
    numbers = [1] if classes == 2 else [k for k in range(classes) if (rows.labels == k).any()]
    return {k: calibration_curve(rows.labels == k, _probabilities(rows, k)) for k in numbers}


def _probabilities(rows: LabelledRows, label: int) -> NDArray[np.float32]:
    """Return the probability of one class, which of two classes is the second."""
    return rows.probabilities if rows.probabilities.ndim == 1 else rows.probabilities[:, label]
