"""Make the table of published figures beside ours from run.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reviewflow.evaluation.metrics import METRICS, Metric
from reviewflow.formatting import LONGEST, amount, figure, join_names, visible
from reviewflow.reporting.page.variant_table import SPLIT_TITLES, VariantRow

SPLITS = ("test", "train")  # in the order of their columns

Published = Mapping[str, Mapping[str, float]]  # the figures of one run, by split and metric


@dataclass(frozen=True)
class PublishedColumn:
    """One metric of one split."""

    split: str
    metric: Metric


@dataclass(frozen=True)
class PublishedLine:
    """The figures of ours, or of a published run, a text a column.

    Attributes
    ----------
    spreads : standard deviations over seeds, a text a column, empty where there is none.
    """

    whose: str
    figures: tuple[str, ...]
    spreads: tuple[str, ...]


@dataclass(frozen=True)
class PublishedVariant:
    """A variant, with our line first and one for each published run."""

    name: str
    lines: tuple[PublishedLine, ...]


@dataclass(frozen=True)
class PublishedTable:
    """Published figures beside ours.

    Attributes
    ----------
    groups : number of columns of each split that has any, by the split's title.
    """

    note: str
    groups: tuple[tuple[str, int], ...]
    columns: tuple[PublishedColumn, ...]
    variants: tuple[PublishedVariant, ...]


def published_table(
    run: Mapping[str, Any], variants: Sequence[VariantRow]
) -> PublishedTable | None:
    """Return the table, or None where nothing is published about the variants.

    Parameters
    ----------
    run : the content of run.json.
    variants : the rows of its variants, in their order.
    """
    entries = run.get("variants") or ()
    runs = {
        row.number: (row, found)
        for row, entry in zip(variants, entries, strict=True)
        if (found := _published_runs(run.get("reference") or {}, entry.get("name")))
    }
    columns = _columns([one for _, found in runs.values() for one in found])
    if not columns:
        return None
    return PublishedTable(
        note=_note(run, [row for row, _ in runs.values()]),
        groups=tuple(
            (SPLIT_TITLES[split], count)
            for split in SPLITS
            if (count := sum(column.split == split for column in columns))
        ),
        columns=columns,
        variants=tuple(
            PublishedVariant(row.name, (_our_line(row, columns), *_published_lines(found, columns)))
            for row, found in runs.values()
        ),
    )


def _published_runs(reference: Mapping[str, Any], name: Any) -> list[Published]:
    """Return the published runs of a variant.

    A record of before has one at most.
    """
    several = (reference.get("repeats") or {}).get(name)
    first = (reference.get("variants") or {}).get(name)
    return list(several) if several else [first] if first else []


def _columns(runs: Sequence[Published]) -> tuple[PublishedColumn, ...]:
    """Return the metrics of which a figure is published."""
    return tuple(
        PublishedColumn(split, metric)
        for split in SPLITS
        for metric in METRICS
        if any(metric.name in (one.get(split) or {}) for one in runs)
    )


def _our_line(row: VariantRow, columns: Sequence[PublishedColumn]) -> PublishedLine:
    cells = [row.cells[column.split][column.metric.name] for column in columns]
    return PublishedLine(
        f"ours, mean of {amount(row.seeds, 'seed')}" if row.seeds > 1 else "ours",
        tuple(cell.text for cell in cells),
        tuple(cell.spread for cell in cells),
    )


def _published_lines(
    runs: Sequence[Published], columns: Sequence[PublishedColumn]
) -> list[PublishedLine]:
    return [
        PublishedLine(
            "published" if number == 1 else "published, again",
            tuple(
                figure((one.get(column.split) or {}).get(column.metric.name), column.metric.digits)
                for column in columns
            ),
            ("",) * len(columns),
        )
        for number, one in enumerate(runs, start=1)
    ]


def _note(run: Mapping[str, Any], rows: Sequence[VariantRow]) -> str:
    """Return where the figures are from, and on how many rows ours are."""
    sentences = []
    source = (run.get("reference") or {}).get("source")
    if source:
        sentences.append(f"Published: {visible(source, LONGEST)}.")
    counts = next((row.rows for row in rows if row.rows), {})
    ours = [
        f"{counts[split]:,} {SPLIT_TITLES[split]} rows"
        for split in reversed(SPLITS)
        if split in counts
    ]
    if ours:
        sentences.append(f"Ours: {join_names(ours)}.")
    return " ".join(sentences)
