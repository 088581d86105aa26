"""Measure a run and a plan with nothing changed, up to a million rows.

The configuration is the default one with eight variants. A run before has trained them for one
epoch, since the length of the training makes no difference. The rows are the real reviews over and
over, with words dropped and swapped. One run starts a Prefect server of its own, another one finds
a server. The other side is what Prefect takes for itself: a script that starts and ends a server
and does nothing else, and a flow that does nothing on a server that is up, with Prefect's own
settings.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measuring import command_figures, in_turn, of, python_figures, report_progress
from benchmarks.table import Row
from benchmarks.varied import varied_reviews, write_reviews
from benchmarks.whole_run import run_arguments, write_config
from benchmarks.workspace import Workspace
from flows.prefect_server.lifecycle import prefect_server

SIZES = (25_000, 1_000_000)
QUICK_SIZES = (1_200,)
OWN_SERVER, SERVER_UP, PLAN = "own server", "server up", "plan"
SERVER_ALONE, IDLE_FLOW = "a server alone, started and ended", "a flow that does nothing"
SERVER = """
import sys
from pathlib import Path
from flows.prefect_server.lifecycle import prefect_server
with prefect_server(Path(sys.argv[1])):
    pass
"""
FLOW = """
from prefect import flow
@flow
def idle():
    pass
idle()
"""


def rows(space: Workspace) -> list[Row]:
    """Measure each command beside what Prefect takes for itself."""
    found: list[Row] = []
    for size in QUICK_SIZES if space.quick else SIZES:
        folder = space.folder / f"unchanged-{size}"
        folder.mkdir()
        report_progress(f"writing {size:,} rows")
        write_reviews(folder / "reviews.csv", varied_reviews(space.reviews_path, size))
        found += rows_of(space, folder, f"{size:,} rows, nothing changed")
        shutil.rmtree(folder)
    return found


def rows_of(space: Workspace, folder: Path, name: str) -> Iterator[Row]:
    """Measure the reviews in one folder."""
    config = write_config(space, folder, epochs=1)
    job = run_arguments(config, folder / "artifacts")[1:]
    job += ["--set", f"ingest.path={folder / 'reviews.csv'}"]
    home = folder / "artifacts" / "prefect"
    idle = folder / "idle.py"
    idle.write_text(FLOW, encoding="utf-8")
    report_progress("the run before")
    command_figures(["run", *job])
    alone = in_turn(
        space.runs,
        {
            PLAN: lambda: command_figures(["plan", *job]),
            OWN_SERVER: lambda: command_figures(["run", *job]),
            SERVER_ALONE: lambda: python_figures(["-c", SERVER, str(home)]),
        },
    )
    with prefect_server(home) as url:
        python_figures([str(idle)], PREFECT_API_URL=url)  # registers the flow
        beside = in_turn(
            space.runs,
            {
                SERVER_UP: lambda: command_figures(["run", *job], PREFECT_API_URL=url),
                IDLE_FLOW: lambda: python_figures([str(idle)], PREFECT_API_URL=url),
            },
        )
    seconds = {side: of("seconds", runs) for side, runs in (alone | beside).items()}
    yield Row(f"{name}: plan", "s", seconds[PLAN])
    yield Row(f"{name}: run", "s", seconds[OWN_SERVER], SERVER_ALONE, seconds[SERVER_ALONE])
    yield Row(f"{name}: run, server up", "s", seconds[SERVER_UP], IDLE_FLOW, seconds[IDLE_FLOW])
    yield Row(f"{name}: peak memory of the run", "MB", of("megabytes", alone[OWN_SERVER]))
