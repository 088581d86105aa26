"""Run a suite on frames with Great Expectations, and return plain results.

suite ─┐
       ├─ one validation a frame ─▶ results in the suite's order, a page of Data Docs a frame
frames ┘
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from reviewflow.errors import ConfigError, escape
from reviewflow.quality.conditions import gallery_arguments
from reviewflow.quality.describe import expectation_words, result_words
from reviewflow.quality.frames import Frame
from reviewflow.quality.library import (
    ephemeral_context,
    expectation_class,
    great_expectations,
    gx_lock,
)
from reviewflow.quality.suites import Expectation, Suite

MOST_EXAMPLES = 5
GALLERY_SEVERITY = {"error": "critical", "warning": "warning"}


def run_suite(suite: Suite, frames: Mapping[str, Frame]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the results of a suite as plain values and as the library's own.

    Returns
    -------
    results : ``suite``, ``success`` (no expectation of severity error failed) and ``results``,
        one dict an expectation in the suite's order: ``suite, expectation, column, frame,
        success, severity, asked, notes, limit, observed, unexpected_count, examples``. ``limit``
        is the name and the value of the number that ``validate.limits`` may change, or None.
        ``unexpected_count`` is None where an expectation does not check single values.
    outcomes : Great Expectations' ``ExpectationSuiteValidationResult`` by frame, for Data Docs.

    Raises
    ------
    ConfigError
        If Great Expectations cannot evaluate an expectation on its frame.
    """
    by_position: dict[int, dict[str, Any]] = {}
    outcomes: dict[str, Any] = {}
    for name, frame in frames.items():
        chosen = {
            position: expectation
            for position, expectation in enumerate(suite.expectations)
            if expectation.frame == name
        }
        if not chosen:
            continue
        with gx_lock():
            outcomes[name] = _outcome(suite.name, chosen, frame)
        for one in outcomes[name].to_json_dict()["results"]:
            position = one["expectation_config"]["meta"]["position"]
            by_position[position] = _result(suite, chosen[position], one, frame)
    results = [by_position[position] for position in range(len(suite.expectations))]
    return {
        "suite": suite.name,
        "success": all(one["success"] or one["severity"] != "error" for one in results),
        "results": results,
    }, outcomes


def _outcome(name: str, chosen: Mapping[int, Expectation], frame: Frame) -> Any:
    """Return Great Expectations' own result of expectations on one frame."""
    expectations = [
        expectation_class(expectation.type)(
            **gallery_arguments(expectation.kwargs),
            severity=GALLERY_SEVERITY[expectation.severity],
            meta={"position": position},  # results come back in another order
        )
        for position, expectation in chosen.items()
    ]
    suite = great_expectations().ExpectationSuite(name=name, expectations=expectations)
    asset = ephemeral_context().data_sources.add_pandas("frames").add_dataframe_asset("frame")
    batch = asset.add_batch_definition_whole_dataframe("whole").get_batch(
        {"dataframe": frame.table}
    )
    # SUMMARY without index columns gives positions and stays fast on long frames.
    return batch.validate(
        suite,
        result_format={
            "result_format": "SUMMARY",
            "partial_unexpected_count": 4 * MOST_EXAMPLES,
        },
    )


def _result(
    suite: Suite, expectation: Expectation, one: Mapping[str, Any], frame: Frame
) -> dict[str, Any]:
    raised = _exception(one["exception_info"])
    columns, limit = ", ".join(expectation.columns), expectation.limit
    if raised:
        raise ConfigError(
            f"{suite.path}: {expectation.type}{f' on {columns}' if columns else ''} cannot be "
            f"evaluated on frame {expectation.frame}: {raised}."
        )
    rows = one["result"].get("partial_unexpected_index_list") or []
    return {
        "suite": suite.name,
        "expectation": expectation.type,
        "column": columns or None,
        "frame": expectation.frame,
        "success": bool(one["success"]),
        "severity": expectation.severity,
        "asked": expectation_words(expectation.type, expectation.kwargs),
        "notes": expectation.notes,
        "limit": limit and {"name": limit.name, "value": json_value(limit.value)},
        "observed": result_words(one["result"]),
        "unexpected_count": one["result"].get("unexpected_count"),
        "examples": [_example(expectation, frame, int(row)) for row in rows[:MOST_EXAMPLES]],
    }


def _example(expectation: Expectation, frame: Frame, row: int) -> dict[str, Any]:
    """Return the name of a row and its cells in the expectation's columns."""
    cells = {name: json_value(frame.table[name].iloc[row]) for name in expectation.columns}
    row_name = {name: json_value(value) for name, value in frame.row_name(row).items()}
    return {**row_name, **cells}


def json_value(value: Any) -> Any:
    """Return a cell for JSON: no NumPy, None for missing, 2 for 2.0."""
    native = value.item() if hasattr(value, "item") else value
    if isinstance(native, float):
        if math.isnan(native):
            return None
        if math.isinf(native):
            return str(native)
        return int(native) if native.is_integer() else native
    return native


def _exception(information: Mapping[str, Any]) -> str:
    """Return what an evaluation raised, or an empty text.

    The library reports it in one of two shapes.
    """
    shapes = [information] if "raised_exception" in information else information.values()
    for shape in shapes:
        if shape.get("raised_exception"):
            message = " ".join(str(shape.get("exception_message") or "unknown reason").split())
            return escape(message)[:300].rstrip(".")
    return ""
