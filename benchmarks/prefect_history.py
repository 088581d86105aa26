"""Measure Prefect's UI in Chromium with a long and a pruned history.

A run with nothing changed leaves its rows in the database of the server that reviewflow starts:
flow run, task runs, their states, logs, artifacts and events. They are copied, with new ids and
times, as if one had run every two hours: 1,000 runs are the 83 days before now. Of events the last
seven days are kept, as Prefect does itself. A page is open when its newest content is visible: the
newest run on the page of runs (of the last seven days, and of a year), a line of the log on the
page of a run, the link to a report on the page of artifacts. Each is opened once before it is
measured, so that the browser has the UI's code. The other side is the same page after ten runs. A
history of 3,000 runs is pruned first as ``reviewflow ui`` does it, which leaves 1,000.
"""

import json
import os
import re
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from benchmarks.measuring import Figures, command_figures, fresh, in_turn, of, report_progress
from benchmarks.stages import new_folder
from benchmarks.table import Row
from benchmarks.workspace import Workspace, evenly_spaced

SIZES = (10, 100, 1_000, 3_000)
QUICK_SIZES = (3, 5, 10, 30)
BETWEEN = timedelta(hours=2)  # from one run to the next
EVENTS_KEPT = timedelta(days=7)
CHROMIUM = "chromium"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PAGES = ("runs", "a run", "artifacts", "runs of a year")
WAIT_MILLISECONDS = 120_000
YEAR_SECONDS = 31_536_000
IDENTITY_OR_MOMENT = re.compile(
    r'([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|"2\d{3}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?")'
)
OF_TASKS = "task_run_id IN (SELECT id FROM task_run WHERE flow_run_id = :run)"
OF_EVENTS = "event_id IN (SELECT event_id FROM event_resources WHERE resource_id = :resource)"
ROWS_OF_A_RUN: Mapping[str, str] = {
    "flow_run": "id = :run",
    "flow_run_state": "flow_run_id = :run",
    "task_run": "flow_run_id = :run",
    "task_run_state": OF_TASKS,
    "log": "flow_run_id = :run",
    "artifact": "flow_run_id = :run",
    "events": OF_EVENTS.replace("event_id IN", "id IN"),
    "event_resources": OF_EVENTS,
}
EVENTS = ("events", "event_resources")
ID_COLUMNS: Mapping[str, int] = {"events": 10, "event_resources": 5}  # of others the first

Line = Sequence[Any]  # a row of a table


def rows(space: Workspace) -> list[Row]:
    """Measure each page after some runs, and after more of them."""
    if shutil.which(CHROMIUM) is None:
        report_progress("Chromium is not installed: nothing is measured")
        return []
    source = real_history(space)
    sizes = QUICK_SIZES if space.quick else SIZES
    few, *more = (str(size) for size in sizes)
    homes = {f"{n}": history(source, space.folder / f"history-{n}", n) for n in sizes}
    report_progress("pruning")
    pruned = fresh(prune, home=homes[more[-1]], keep=sizes[-2])
    sides = {name: partial(fresh, open_pages, home=home) for name, home in homes.items()}
    figures = in_turn(space.runs, sides)
    what = f"{sizes[-1]:,} runs, pruned to {sizes[-2]:,}"
    found = [Row(f"{what}: pruning", "s", (pruned["seconds"],))]
    for page in PAGES:
        beside = (f"after {few} runs", of(page, figures[few]))
        for name in more:
            title = what if name == more[-1] else f"{int(name):,} runs"
            found.append(Row(f"{title}: {page}", "s", of(page, figures[name]), *beside))
    return found


def real_history(space: Workspace) -> Path:
    """Return the Prefect home of two runs, the second with nothing changed."""
    artifacts = new_folder(space.folder / "prefect-history") / "artifacts"
    reviews = evenly_spaced(space.reviews_path, 600)
    config = artifacts.parent / "nightly.yaml"
    content = {
        "ingest": {
            "path": str(reviews),
            "text_column": "review",
            "label_column": "sentiment",
            "labels": {"negative": 0, "positive": 1},
        }
    }
    config.write_text(json.dumps(content), encoding="utf-8")  # which is YAML too
    for _ in range(2):
        command_figures(["run", "--config", str(config), "--artifacts", str(artifacts)])
    return artifacts / "prefect"


def history(source: Path, home: Path, size: int) -> Path:
    """Return a copy of a Prefect home with so many runs, most of them copies."""
    report_progress(f"writing a history of {size:,} runs")
    shutil.copytree(source, home)
    with closing(sqlite3.connect(home / "prefect.db")) as database:
        (run,) = database.execute("SELECT id FROM flow_run ORDER BY start_time DESC").fetchone()
        found = {table: read_rows(database, table, run) for table in ROWS_OF_A_RUN}
        young, old = (
            RunCopier(found),
            RunCopier({n: r for n, r in found.items() if n not in EVENTS}),
        )
        for number in range(1, size - 1):  # the real one and the one before it are there
            shift = number * BETWEEN
            copied = (young if shift < EVENTS_KEPT else old).copy(shift)
            for table, lines in copied.items():
                marks = ", ".join("?" * len(found[table][0]))
                database.executemany(f"INSERT INTO {table} VALUES ({marks})", lines)
        database.commit()
    return home


def read_rows(database: sqlite3.Connection, table: str, run: str) -> list[Line]:
    """Return the rows of a run in one table."""
    wanted = {"run": run, "resource": f"prefect.flow-run.{run}"}
    query = f"SELECT * FROM {table} WHERE {ROWS_OF_A_RUN[table]}"
    return database.execute(query, wanted).fetchall()


class RunCopier:
    """Copies the rows of a run, with new ids and earlier times.

    The ids of the run's own rows become new ones wherever they occur. Others, such as that of the
    flow, stay.

    Parameters
    ----------
    found : rows by table.
    """

    def __init__(self, found: Mapping[str, list[Line]]) -> None:
        self._own = {row[ID_COLUMNS.get(name, 0)] for name in found for row in found[name]}
        self._pieces = IDENTITY_OR_MOMENT.split(json.dumps(found))  # every other one matched

    def copy(self, shift: timedelta) -> dict[str, list[Line]]:
        """Return the rows with times that are earlier by a shift."""
        new = {identity: str(uuid4()) for identity in self._own}
        pieces = list(self._pieces)
        for place in range(1, len(pieces), 2):
            piece = pieces[place]
            if piece.startswith('"'):
                pieces[place] = f'"{datetime.fromisoformat(piece[1:-1]) - shift}"'
            else:
                pieces[place] = new.get(piece, piece)
        copied: dict[str, list[Line]] = json.loads("".join(pieces))
        return copied


def prune(home: str, keep: int) -> Figures:
    """Remove old runs as ``reviewflow ui`` does, and return the time."""
    from flows.prefect_server.lifecycle import prefect_server
    from flows.prefect_server.prune import KEEP_VARIABLE, Pruner

    os.environ[KEEP_VARIABLE] = str(keep)
    pruner = Pruner(Path(home), at_once=True)
    with prefect_server(Path(home)):
        started = time.perf_counter()
        while pruner.remove_batch():
            pass
        return {"seconds": time.perf_counter() - started, "removed": pruner.removed}


def open_pages(home: str) -> Figures:
    """Return the seconds until each page of the UI shows its content."""
    from playwright.sync_api import sync_playwright

    from flows.prefect_server.lifecycle import prefect_server

    with prefect_server(Path(home)) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which(CHROMIUM), args=FLAGS)
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.set_default_timeout(WAIT_MILLISECONDS)
        visits = dict(zip(PAGES, page_visits(page, url.removesuffix("/api"), home), strict=True))
        for visit in visits.values():  # the browser keeps the UI's code
            visit()
        found = {name: measure_seconds(visit) for name, visit in visits.items()}
        browser.close()
    return found


def page_visits(page: Any, url: str, home: str) -> Iterator[Callable[[], None]]:
    """Yield functions that open a page and return when its content is there."""
    with closing(sqlite3.connect(Path(home, "prefect.db"))) as database:
        query = "SELECT id, name FROM flow_run ORDER BY start_time {} LIMIT 1"
        newest, _ = database.execute(query.format("DESC")).fetchone()
        (line,) = database.execute(
            "SELECT message FROM log WHERE flow_run_id = ? ORDER BY timestamp LIMIT 1", (newest,)
        ).fetchone()

    def visit(path: str, selector: str) -> None:
        page.goto("about:blank")
        page.goto(f"{url}{path}", wait_until="commit")
        page.locator(selector).first.wait_for(state="visible")

    link = f"a[href*='/runs/flow-run/{newest}']"
    yield partial(visit, "/runs", link)
    yield partial(visit, f"/runs/flow-run/{newest}", f"text={line[:40]}")
    yield partial(visit, "/artifacts", "text=link-report")
    yield partial(visit, f"/runs?seconds=-{YEAR_SECONDS}&type=span", link)


def measure_seconds(visit: Callable[[], None]) -> float:
    """Return how long a visit takes, in seconds."""
    started = time.perf_counter()
    visit()
    return time.perf_counter() - started
