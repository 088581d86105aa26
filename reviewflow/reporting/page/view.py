"""Make the view of a report from run.json, for page and Markdown.

run.json ─────────────────────▶ ReportView ─┬─▶ report.html
files of the stage report ────▶             └─▶ report.md
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from reviewflow.formatting import LONGEST, amount, duration, moment, plain, setting, visible
from reviewflow.reporting.page.best_view import BestVariant, best_view
from reviewflow.reporting.page.check_table import CheckRow, quality_rows
from reviewflow.reporting.page.conclusions_view import (
    Conclusion,
    LastRunChanges,
    conclusion_rows,
    last_run_changes,
)
from reviewflow.reporting.page.errors_view import ErrorsView, errors_view
from reviewflow.reporting.page.examples_view import SampledReview, sampled_reviews
from reviewflow.reporting.page.files_view import FileLink, file_links
from reviewflow.reporting.page.headline import (
    headline_sentence,
    notices,
    selection_note,
    summary_tiles,
)
from reviewflow.reporting.page.interval_chart import IntervalChart, interval_chart
from reviewflow.reporting.page.learning_curve_view import CurveView, curve_views
from reviewflow.reporting.page.metric_notes import metric_note
from reviewflow.reporting.page.published_view import PublishedTable, published_table
from reviewflow.reporting.page.stage_table import StageRow, stage_rows
from reviewflow.reporting.page.tiles import Notice, Tile
from reviewflow.reporting.page.variant_table import (
    BaselineRow,
    SeedRow,
    VariantRow,
    baseline_rows,
    chosen_metric,
    folded_splits,
    ranked_rows,
    seed_rows,
    shown_split,
    variant_rows,
)

SHOWN_VARIANTS = 10  # the others are folded
OPEN_CHANGES = 4  # variants; of more the settings are folded, since names repeat them
SHOWN_MISTAKES = 2
SHOWN_WORDS = 10  # towards each class


@dataclass(frozen=True)
class ClassTable:
    """The rows of each class: a line a split, and in it a count a class.

    The last count is of the rows without a label.
    """

    names: tuple[str, ...]
    rows: tuple[tuple[str, tuple[int, ...]], ...]


@dataclass(frozen=True)
class ReportView:
    """Everything that a report shows, as plain texts before escaping.

    Attributes
    ----------
    variants : from the best to the worst.
    intervals, more_intervals : of the first variants, and of the folded ones, the figures by which
        the best was chosen.
    """

    job: str
    run_id: str
    state: str
    started: str
    duration: str
    headline: str
    selection_note: str
    tiles: tuple[Tile, ...]
    notices: tuple[Notice, ...]
    since: LastRunChanges | None
    conclusions: tuple[Conclusion, ...]
    subject: tuple[tuple[str, str], ...]
    settings: tuple[tuple[str, str], ...]
    classes: ClassTable
    checks: tuple[CheckRow, ...]
    reviews: tuple[SampledReview, ...]
    variants: tuple[VariantRow, ...]
    seeds: tuple[SeedRow, ...]
    intervals: IntervalChart | None
    more_intervals: IntervalChart | None
    baselines: tuple[BaselineRow, ...]
    shown_split: str
    folded_splits: tuple[str, ...]
    metric_note: str
    published: PublishedTable | None
    best: BestVariant | None
    errors: ErrorsView
    curves: tuple[CurveView, ...]
    stages: tuple[StageRow, ...]
    environment: tuple[tuple[str, str], ...]
    config: str
    files: tuple[FileLink, ...]


def report_view(run: dict[str, Any], data: Mapping[str, Any]) -> ReportView:
    """Return the view of a run.

    Parameters
    ----------
    run : the content of run.json; what is missing is left out of the report
    data : what ``report_data.read_report_data`` returns; empty without charts
    """
    checks, stages, variants = quality_rows(run), stage_rows(run), variant_rows(run, data)
    best = next((variant for variant in variants if variant.best), None)
    metric, split = chosen_metric(run), shown_split(run)
    ranked = ranked_rows(run, variants, metric) if variants else ()
    return ReportView(
        job=visible(run.get("job") or "run", LONGEST),
        run_id=visible(run.get("run_id") or "", LONGEST),
        state=visible(run.get("state") or "", LONGEST),
        started=moment(run.get("started")),
        duration=duration(run.get("seconds")),
        headline=headline_sentence(run, best, variants, checks, stages),
        selection_note=selection_note(run, best, variants),
        tiles=summary_tiles(run, data, best, variants, checks, stages),
        notices=notices(run, checks, variants, stages),
        since=last_run_changes(run),
        conclusions=conclusion_rows(run),
        subject=_subject(run, data),
        settings=_settings(run),
        classes=_classes(data),
        checks=checks,
        reviews=sampled_reviews(data),
        variants=ranked,
        seeds=seed_rows(run),
        intervals=interval_chart(ranked[:SHOWN_VARIANTS], metric, split),
        more_intervals=interval_chart(ranked[SHOWN_VARIANTS:], metric, split),
        baselines=baseline_rows(run),
        shown_split=split,
        folded_splits=folded_splits(run),
        metric_note=metric_note(run, data, variants),
        published=published_table(run, variants),
        best=None if best is None else best_view(run, data, best),
        errors=errors_view(run, data),
        curves=curve_views(run),
        stages=stages,
        environment=environment_pairs(run.get("environment") or {}),
        config=config_text(run.get("config") or {}),
        files=file_links(run),
    )


def _files(named: Any) -> str:
    """Return the files that a setting names, one or a list, on one line."""
    return visible(", ".join(named) if isinstance(named, (list, tuple)) else named or "", LONGEST)


def _subject(run: dict[str, Any], data: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return which rows were read, split and left out, a line each."""
    config = run.get("config") or {}
    ingest = config.get("ingest") or {}
    lines = [("Reviews", _files(ingest.get("path")))]
    if ingest.get("test_path"):
        lines.append(("Test file", _files(ingest["test_path"])))
    if ingest.get("text_column"):
        text, label = ingest["text_column"], ingest.get("label_column")
        columns = f"{visible(text, 80)} → {visible(label, 80)}"
        lines.append(("Columns", columns))
    lines.append(("Split", _section_words(config.get("split"))))
    digest = (run.get("data") or {}).get("digest")
    if digest:
        lines.append(("Digest of the rows", visible(digest, LONGEST)))
    missing = sum((data.get("missing") or {}).values())
    if missing:
        lines.append(("Without a label", amount(missing, "row")))
    left_out = (run.get("data") or {}).get("left_out") or ()
    if left_out:
        lines.append(("Left out", ", ".join(_left_out_words(rows) for rows in left_out)))
    return tuple((title, text) for title, text in lines if text)


def _settings(run: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return the settings of text, features and training, a line each."""
    config = run.get("config") or {}
    named = {"Text": "normalize", "Features": "vectorize", "Training": "train"}
    lines = [(title, _section_words(config.get(name))) for title, name in named.items()]
    return tuple((title, words) for title, words in lines if words)


def _section_words(section: Any) -> str:
    """Return the settings of a section of the configuration on one line."""
    settings = (section or {}).items()
    return " · ".join(
        f"{visible(key)} {setting(value)}" for key, value in settings if value is not None
    )


def _left_out_words(rows: Mapping[str, Any]) -> str:
    """Return ``2 rows labelled neutral``, or ``2 rows with a blank text``."""
    word = rows["word"]
    what = "with a blank text" if word is None else f"labelled {visible(word, 80)}"
    return f"{amount(rows['rows'], 'row')} {what}"


def _classes(data: Mapping[str, Any]) -> ClassTable:
    """Return the rows of each class and of missing labels, a line a split."""
    counts, missing = data.get("classes") or {}, data.get("missing") or {}
    names = [] if not counts else next(iter(counts.values()))
    return ClassTable(
        tuple(visible(name, 80) for name in names),
        tuple((split, (*own.values(), missing.get(split, 0))) for split, own in counts.items()),
    )


def environment_pairs(environment: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return what a run ran on, as names and texts."""
    return tuple((visible(name, 80), _inline(value)) for name, value in environment.items())


def _inline(value: Any) -> str:
    """Return versions and the like in one line: ``numpy 2.3, torch 2.13``."""
    if isinstance(value, dict):
        return ", ".join(f"{visible(name, 80)} {plain(inner)}" for name, inner in value.items())
    return plain(value)


def config_text(config: Mapping[str, Any]) -> str:
    """Return a configuration as YAML."""
    # JSON turns tuples and the like into what YAML knows.
    simple = json.loads(json.dumps(config, default=str))
    return visible(yaml.safe_dump(simple, sort_keys=False, allow_unicode=True, width=88))
