"""What a report tells, worked out once from run.json for the page and the Markdown alike.

run.json ─────────────────────▶ Facts ─┬─▶ report.html
files of the stage report ────▶        └─▶ report.md
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from reviewflow.formatting import LONGEST, amount, duration, moment, plain, setting, visible
from reviewflow.reporting.page.conclusions_view import Conclusion, Since, conclusions, since
from reviewflow.reporting.page.examples_view import Drawn, Mistake, Word, drawn, mistakes, words
from reviewflow.reporting.page.headline import Notice, Tile, best_note, headline, notices, tiles
from reviewflow.reporting.page.stage_table import Stage, stages
from reviewflow.reporting.page.variant_table import Check, Variant, checks, variants


@dataclass(frozen=True)
class Facts:
    """Everything that a report shows; all texts are plain, nothing is escaped yet."""

    job: str
    run_id: str
    state: str
    started: str
    took: str
    headline: str
    best: Variant | None
    best_note: str
    tiles: tuple[Tile, ...]
    notices: tuple[Notice, ...]
    since: Since | None
    conclusions: tuple[Conclusion, ...]
    subject: tuple[tuple[str, str], ...]
    classes: tuple[tuple[str, tuple[int, ...]], ...]
    checks: tuple[Check, ...]
    reviews: tuple[Drawn, ...]
    variants: tuple[Variant, ...]
    published: str
    words: dict[str, tuple[Word, ...]]
    mistakes: tuple[Mistake, ...]
    stages: tuple[Stage, ...]
    environment: tuple[tuple[str, str], ...]
    config: str
    data_docs: tuple[str, ...]


def facts(run: dict[str, Any], numbers: Mapping[str, Any]) -> Facts:
    """The facts of a run.

    Parameters
    ----------
    run : the content of run.json; what is missing is left out of the report
    numbers : what ``examples_view.material_of`` reads; empty without charts
    """
    found_checks, found_stages = checks(run), stages(run)
    found_variants = variants(run, numbers)
    best = next((variant for variant in found_variants if variant.best), None)
    return Facts(
        job=visible(run.get("job") or "run", LONGEST),
        run_id=visible(run.get("run_id") or "", LONGEST),
        state=visible(run.get("state") or "", LONGEST),
        started=moment(run.get("started")),
        took=duration(run.get("seconds")),
        headline=headline(run, best, found_variants),
        best=best,
        best_note=best_note(run, best),
        tiles=tiles(run, numbers, best, found_checks, found_stages),
        notices=notices(run, found_checks, found_variants, found_stages),
        since=since(run),
        conclusions=conclusions(run),
        subject=_subject(run, numbers),
        classes=_classes(numbers),
        checks=found_checks,
        reviews=drawn(numbers),
        variants=found_variants,
        published=visible((run.get("reference") or {}).get("source") or "", LONGEST),
        words=words(numbers),
        mistakes=mistakes(numbers),
        stages=found_stages,
        environment=_pairs(run.get("environment") or {}),
        config=_config(run.get("config") or {}),
        data_docs=_paths((run.get("artifacts") or {}).get("data_docs")),
    )


def _subject(run: dict[str, Any], numbers: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """What was run on what, a line a section of the configuration."""
    config = run.get("config") or {}
    reads = config.get("ingest") or {}
    lines = [("Reviews", visible(reads.get("path") or "", LONGEST))]
    if reads.get("test_path"):
        lines.append(("Test file", visible(reads["test_path"], LONGEST)))
    if reads.get("text_column"):
        columns = f"{visible(reads['text_column'], 80)} → {visible(reads.get('label_column'), 80)}"
        lines.append(("Columns", columns))
    for title, name in (
        ("Split", "split"),
        ("Text", "normalize"),
        ("Features", "vectorize"),
        ("Training", "train"),
    ):
        settings = (config.get(name) or {}).items()
        told = [f"{visible(key)} {setting(value)}" for key, value in settings if value is not None]
        lines.append((title, " · ".join(told)))
    missing = sum(counts.get("missing", 0) for counts in (numbers.get("classes") or {}).values())
    if missing:
        lines.append(("Without a label", amount(missing, "row")))
    left_out = (run.get("data") or {}).get("left_out") or ()
    if left_out:
        told = [
            f"{amount(one['rows'], 'row')} labelled {visible(one['word'], 80)}" for one in left_out
        ]
        lines.append(("Left out", ", ".join(told)))
    return tuple((title, text) for title, text in lines if text)


def _classes(numbers: Mapping[str, Any]) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Rows of negative, positive and missing label, a line a split."""
    return tuple(
        (split, (counts["negative"], counts["positive"], counts["missing"]))
        for split, counts in (numbers.get("classes") or {}).items()
    )


def _pairs(environment: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((visible(name, 80), _inline(value)) for name, value in environment.items())


def _inline(value: Any) -> str:
    """Package versions and the like in one line: ``numpy 2.3, torch 2.13``."""
    if isinstance(value, dict):
        return ", ".join(f"{visible(name, 80)} {plain(inner)}" for name, inner in value.items())
    return plain(value)


def _config(config: dict[str, Any]) -> str:
    # Through JSON, so that tuples and the like become what YAML knows.
    simple = json.loads(json.dumps(config, default=str))
    return visible(yaml.safe_dump(simple, sort_keys=False, allow_unicode=True, width=88))


def _paths(value: Any) -> tuple[str, ...]:
    paths = (
        value.values() if isinstance(value, dict) else [value] if isinstance(value, str) else value
    )
    return tuple(visible(path, LONGEST) for path in paths or ())
