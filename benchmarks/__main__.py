"""Run the benchmarks: ``python -m benchmarks [NAME]...``.

Prints a table. A run of all benchmarks writes the table to ``docs/benchmarks.md``.
"""

import tempfile
from inspect import cleandoc
from pathlib import Path
from types import ModuleType

import click

from benchmarks import (
    checks,
    defaults,
    frontier,
    growth,
    larger,
    ngrams,
    numpy_net,
    plan,
    prefect_history,
    scale,
    scoring,
    steps,
    text_to_features,
    train_step,
    unchanged,
    whole_run,
    workers,
    write_up_table,
)
from benchmarks.machine import machine
from benchmarks.measuring import ROOT, report_progress
from benchmarks.table import Row, table
from benchmarks.workspace import QUICK_REVIEWS, Workspace

PAGE = ROOT / "docs" / "benchmarks.md"
BENCHMARKS: dict[str, ModuleType] = {
    "text_to_features": text_to_features,
    "ngrams": ngrams,
    "train_step": train_step,
    "write_up_table": write_up_table,
    "frontier": frontier,
    "whole_run": whole_run,
    "unchanged": unchanged,
    "steps": steps,
    "plan": plan,
    "growth": growth,
    "scale": scale,
    "larger": larger,
    "workers": workers,
    "checks": checks,
    "scoring": scoring,
    "numpy_net": numpy_net,
    "defaults": defaults,
    "prefect_history": prefect_history,
}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("names", nargs=-1, metavar="[NAME]...", type=click.Choice(list(BENCHMARKS)))
@click.option("--runs", default=3, show_default=True, type=click.IntRange(1), help="Runs of each.")
@click.option("--quick", is_flag=True, help=f"Take {QUICK_REVIEWS} reviews and a few steps only.")
@click.option("--write", is_flag=True, help="Write docs/benchmarks.md in any case.")
def main(names: tuple[str, ...], runs: int, quick: bool, write: bool) -> None:
    """Measure the pipeline beside what one would use instead.

    NAME is text_to_features, ngrams, train_step, write_up_table, frontier, whole_run, unchanged,
    steps, plan, growth, scale, larger, workers, checks, scoring, numpy_net, defaults or
    prefect_history. Without a name all of them run, and their table is written to
    docs/benchmarks.md unless --quick is given.
    """
    chosen = {name: BENCHMARKS[name] for name in BENCHMARKS if name in names or not names}
    described = machine()  # before the benchmarks themselves are the load
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="reviewflow-benchmarks-") as folder:
        space = Workspace(Path(folder), runs, quick)
        for name, benchmark in chosen.items():
            report_progress(name)
            rows += benchmark.rows(space)
    tables = [table(rows), *space.tables]
    print("", described, *tables, sep="\n\n")
    if write or (len(chosen) == len(BENCHMARKS) and not quick):
        PAGE.write_text(page(chosen, tables, described, runs, quick), encoding="utf-8")
        print(f"\nWritten to {PAGE.relative_to(ROOT)}.")


def page(
    chosen: dict[str, ModuleType], tables: list[str], described: str, runs: int, quick: bool
) -> str:
    """Return the page for docs/: tables, and what each benchmark measures."""
    reviews = f"{QUICK_REVIEWS} of the reviews (abridged)" if quick else "25,000 real IMDB reviews"
    times = "once" if runs == 1 else f"{runs} times"
    opening = (
        f"# Benchmarks\n\n`make bench` measures this page on {reviews}. Everything is measured "
        f"{times}, in fresh processes,\nwith both sides of a ratio in turn. A figure is the "
        "median. The smallest and the largest follow in parentheses."
    )
    return "\n\n".join([opening, described, *tables, *notes(chosen)]) + "\n"


def notes(chosen: dict[str, ModuleType]) -> list[str]:
    """Return a paragraph on each benchmark: the docstring of its module."""
    return [f"## {name}\n\n{cleandoc(module.__doc__ or '')}" for name, module in chosen.items()]


if __name__ == "__main__":
    main()
