"""python -m benchmarks [NAME …]: measure, print the table, and keep it in docs/benchmarks.md."""

import tempfile
from inspect import cleandoc
from pathlib import Path
from types import ModuleType

import click

from benchmarks import (
    checks,
    growth,
    ngrams,
    numpy_net,
    plan,
    scale,
    text_to_features,
    train_step,
    unchanged,
    whole_run,
    write_up_table,
)
from benchmarks.machine import machine
from benchmarks.measuring import ROOT, tell
from benchmarks.table import Row, table
from benchmarks.workspace import QUICK_REVIEWS, Workspace

PAGE = ROOT / "docs" / "benchmarks.md"
BENCHMARKS: dict[str, ModuleType] = {
    "text_to_features": text_to_features,
    "ngrams": ngrams,
    "train_step": train_step,
    "write_up_table": write_up_table,
    "whole_run": whole_run,
    "unchanged": unchanged,
    "plan": plan,
    "growth": growth,
    "scale": scale,
    "checks": checks,
    "numpy_net": numpy_net,
}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("names", nargs=-1, metavar="[NAME]...", type=click.Choice(list(BENCHMARKS)))
@click.option("--runs", default=3, show_default=True, type=click.IntRange(1), help="Runs of each.")
@click.option("--quick", is_flag=True, help=f"Only {QUICK_REVIEWS} reviews and a few steps.")
@click.option("--write", is_flag=True, help="Write docs/benchmarks.md even of a part.")
def main(names: tuple[str, ...], runs: int, quick: bool, write: bool) -> None:
    """Measure the pipeline beside what one would use instead.

    NAME: text_to_features, ngrams, train_step, write_up_table, whole_run, unchanged, plan,
    growth, scale, checks, numpy_net; all of them if none is named.
    All of them, not --quick, are written to docs/benchmarks.md.
    """
    chosen = {name: BENCHMARKS[name] for name in BENCHMARKS if name in names or not names}
    described = machine()  # before the benchmarks themselves are the load
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="reviewflow-benchmarks-") as folder:
        space = Workspace(Path(folder), runs, quick)
        for name, benchmark in chosen.items():
            tell(name)
            rows += benchmark.rows(space)
    print(f"\n{described}\n\n{table(rows)}")
    if write or (len(chosen) == len(BENCHMARKS) and not quick):
        PAGE.write_text(page(chosen, rows, described, runs, quick), encoding="utf-8")
        print(f"\nWritten to {PAGE.relative_to(ROOT)}.")


def page(
    chosen: dict[str, ModuleType], rows: list[Row], described: str, runs: int, quick: bool
) -> str:
    """The page for docs/: the table, and what each benchmark measures, in its own words."""
    reviews = f"{QUICK_REVIEWS} of the reviews (abridged)" if quick else "25,000 real IMDB reviews"
    times = "once" if runs == 1 else f"{runs} times"
    notes = [
        f"## {name}\n\n{cleandoc(benchmark.__doc__ or '')}" for name, benchmark in chosen.items()
    ]
    opening = (
        f"# Benchmarks\n\n`make bench` measures this page on {reviews}. Everything is measured "
        f"{times}, in fresh processes,\nboth sides of a ratio in turn; a figure is the median, "
        "behind it the smallest and the largest."
    )
    return "\n\n".join([opening, described, table(rows), *notes]) + "\n"


if __name__ == "__main__":
    main()
