"""List runs with their pages, for a reader who may open them.

::

    artifacts/runs ─▶ newest of a configuration ─▶ lines with Δ ─┬─▶ the page of all runs
    artifacts/trends, store ─▶ which pages are there ────────────┘

Only as many runs are read as the page shows, and some before them for the changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from reviewflow.runs.history import RunRecord, run_folders, run_page
from reviewflow.runs.json_values import mapping, text
from reviewflow.runs.trend import SCORING, changed_lines, read_records, trend_path

MOST_RUNS = 100
READ_RUNS = 400  # for changes since runs that are not shown, and for the names of configurations
DOCS = "data_docs"


def run_list(
    artifacts: Path, name: str | None = None, job: str | None = None, before: str | None = None
) -> dict[str, Any]:
    """Return the newest runs as JSON values.

    Parameters
    ----------
    name, job : of the runs to list; None for all.
    before : the id of a run; only runs that started before it are listed.

    Returns
    -------
    dict
        ``runs``: a line each, with addresses relative to `artifacts` in ``pages``. ``total``: the
        number of all runs. ``older``: what to give as `before` for the next ones, or None.
        ``names``: (name, job) of the configurations among the runs that were read.
    """
    runs = artifacts / "runs"
    found = list(islice(_chosen(runs, name, job, before), READ_RUNS))
    lines = changed_lines(found)[:MOST_RUNS]
    records = {record.run_id: record for record in found}
    return {
        "name": name,
        "job": job,
        "before": before,
        "total": len(run_folders(runs)),
        "runs": [line | _more(records[line["run_id"]], artifacts) for line in lines],
        "older": lines[-1]["run_id"] if len(found) > len(lines) else None,
        "names": sorted({(record.identity.name, record.identity.job) for record in found}),
    }


def _chosen(
    runs: Path, name: str | None, job: str | None, before: str | None
) -> Iterator[RunRecord]:
    """Yield the runs to list, the newest first."""
    for record in read_records(runs, None if name is None else {name}, before):
        identity = record.identity
        if name in (None, identity.name) and job in (None, identity.job):
            yield record


def _more(record: RunRecord, artifacts: Path) -> dict[str, Any]:
    """Return what a run's line says beyond the figures."""
    published = mapping(record.content.get("published"))
    config = mapping(record.content.get("config"))
    model = text(mapping(config.get("publish")).get("name"))
    if record.identity.job == SCORING:
        published, model = mapping(record.content.get("model")), ""
    return {
        "version": text(published.get("version")) or None,
        "promoted": mapping(published.get("gate")).get("promoted") is True,
        "scored_as": model or None,
        "pages": dict(_pages(record, artifacts)),
    }


def _pages(record: RunRecord, artifacts: Path) -> Iterator[tuple[str, str]]:
    """Yield title and address of the pages of a run that are there."""
    page, trend = run_page(record.folder), trend_path(artifacts, record.identity)
    if page is not None:
        yield "Report", page.relative_to(artifacts).as_posix()
    if trend.is_file():
        yield "Trend", trend.relative_to(artifacts).as_posix()
    docs = mapping(mapping(record.content.get("artifacts")).get(DOCS))
    for suite, path in docs.items():
        own = Path("store", *Path(text(path)).parts[-4:])  # stage, key, data_docs, index.html
        if own.parent.name == DOCS and ".." not in own.parts and (artifacts / own).is_file():
            yield f"Data Docs, {suite}", own.as_posix()
    if record.trouble is None and (record.folder / "run.json").is_file():
        yield "run.json", f"runs/{record.run_id}/run.json"
