"""The tables of a report as plain rows, taken from run.json: checks and variants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import stdev
from types import MappingProxyType
from typing import Any

from reviewflow.evaluation.diagnosis import LEAST_FALL, guessing_loss
from reviewflow.evaluation.metrics import METRICS, Metric
from reviewflow.formatting import LONGEST, duration, figure, finite, plain, setting, visible

SPLITS = ("test", "train")
NO_NUMBERS: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Check:
    """One expectation: ``state`` is ``failed``, ``warning`` or ``passed``."""

    state: str
    asked: str
    notes: str
    of: str
    seen: str
    unexpected: str
    examples: tuple[str, ...]


@dataclass(frozen=True)
class Cell:
    """A metric as shown, and the number to sort by.

    ``spread`` is the standard deviation over seeds, ``interval`` that of the best known figure and
    ``published`` what the reference says; each is empty where there is none.
    """

    text: str
    spread: str
    value: float | None
    interval: str = ""
    published: str = ""


@dataclass(frozen=True)
class Variant:
    """One row of the table of variants; ``cells`` by split and metric, in the order of METRICS."""

    number: int
    name: str
    changes: tuple[str, ...]
    cells: dict[str, dict[str, Cell]]
    seeds: int
    diagnosis: str
    seconds: float
    took: str
    state: str
    best: bool
    guesses: bool


def checks(run: dict[str, Any]) -> tuple[Check, ...]:
    """The quality results: what failed first, then warnings, then what passed."""
    found = [_check(result) for result in run.get("quality") or []]
    order = ("failed", "warning", "passed")
    return tuple(sorted(found, key=lambda check: order.index(check.state)))


def _check(result: dict[str, Any]) -> Check:
    failed = "warning" if result.get("severity") in ("warning", "info") else "failed"
    asked = result.get("asked") or result.get("expectation") or ""
    of = (result.get("suite"), result.get("frame"), result.get("column"))
    return Check(
        state="passed" if result.get("success") else failed,
        asked=_sentence_case(visible(asked, LONGEST)),
        notes=visible(result.get("notes") or "", LONGEST),
        of=" · ".join(visible(name, LONGEST) for name in of if name),
        seen=plain(result.get("observed")),
        unexpected=plain(result.get("unexpected_count")),
        examples=tuple(_example(example) for example in result.get("examples") or ()),
    )


def _example(example: Any) -> str:
    """A row in words: ``record 1017, characters 0``; record numbers stand without commas."""
    if not isinstance(example, dict):
        return plain(example)
    cells = [
        (
            visible(name, 80),
            str(cell) if name == "record" and isinstance(cell, int) else plain(cell),
        )
        for name, cell in example.items()
    ]
    return ", ".join(f"{name} {cell}" for name, cell in cells)


def _sentence_case(asked: str) -> str:
    """``expect_column_values_to_be_between`` as ``Column values to be between``."""
    words = asked.removeprefix("expect_").replace("_", " ") if asked[:7] == "expect_" else asked
    return words[:1].upper() + words[1:]


def variants(run: dict[str, Any], numbers: Mapping[str, Any] = NO_NUMBERS) -> tuple[Variant, ...]:
    """The variants in the order of the configuration, numbered as in the charts.

    Variants with one key are one trained model, and share the number of its line. ``numbers`` may
    hold the ``comparisons``, which know the intervals.
    """
    compared = (numbers.get("comparisons") or {}).get("variants") or ()
    known = {entry["group"]: entry for entry in compared}
    published = (run.get("reference") or {}).get("variants") or {}
    best = (run.get("best") or {}).get("variant")
    found = run.get("variants") or []
    keys = [variant.get("key") or position for position, variant in enumerate(found)]
    places = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    return tuple(
        _variant(
            places[key],
            variant,
            best,
            known.get(places[key]) or {},
            published.get(variant.get("name")) or {},
        )
        for key, variant in zip(keys, found, strict=True)
    )


def _variant(
    number: int,
    variant: dict[str, Any],
    best: Any,
    compared: Mapping[str, Any],
    published: Mapping[str, Any],
) -> Variant:
    metrics = variant.get("metrics") or {}
    repeats = variant.get("repeats") or []
    return Variant(
        number=number,
        name=visible(variant.get("name", ""), LONGEST),
        changes=tuple(
            f"{visible(key, LONGEST)}: {setting(value)}"
            for key, value in (variant.get("changes") or {}).items()
        ),
        cells={
            split: _cells(
                metrics.get(split) or {},
                repeats,
                split,
                compared if split == "test" else {},
                published.get(split) or {},
            )
            for split in SPLITS
        },
        seeds=len(repeats),
        diagnosis=visible(variant.get("diagnosis") or "", LONGEST),
        seconds=finite(variant.get("seconds")) or 0.0,
        took=duration(variant.get("seconds")),
        state=visible(variant.get("state") or "", LONGEST),
        best=best is not None and variant.get("name") == best,
        guesses=_guesses(variant.get("kind"), metrics.get("train") or {}),
    )


def _guesses(kind: Any, train: Mapping[str, Any]) -> bool:
    """Whether a variant is no better than guessing, by its diagnosis or on its training rows."""
    loss = finite(train.get("log_loss"))
    if loss is None:
        return False
    return kind == "did not learn" or loss >= guessing_loss(train) - LEAST_FALL


def _cells(
    metrics: Mapping[str, Any],
    repeats: list[Any],
    split: str,
    compared: Mapping[str, Any],
    published: Mapping[str, Any],
) -> dict[str, Cell]:
    return {
        metric.name: Cell(
            figure(metrics.get(metric.name), metric.digits),
            _spread(repeats, split, metric),
            finite(metrics.get(metric.name)),
            _interval(compared.get(metric.name) or {}, metric),
            figure(published[metric.name], metric.digits) if metric.name in published else "",
        )
        for metric in METRICS
    }


def _interval(compared: Mapping[str, Any], metric: Metric) -> str:
    """``0.9538 to 0.9632``; empty where it is not known."""
    low, high = finite(compared.get("low")), finite(compared.get("high"))
    if low is None or high is None:
        return ""
    return f"{figure(low, metric.digits)} to {figure(high, metric.digits)}"


def _spread(repeats: list[Any], split: str, metric: Metric) -> str:
    """Standard deviation over the seeds, ``± 0.0040``; empty where it says nothing."""
    values = [
        finite(((repeat.get("metrics") or {}).get(split) or {}).get(metric.name))
        for repeat in repeats
    ]
    known = [value for value in values if value is not None]
    return f"± {figure(stdev(known), metric.digits)}" if len(known) > 1 else ""
