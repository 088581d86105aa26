"""Show a configuration over its runs: ``reviewflow trend``."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import click

from flows.commands.fitted_table import (
    GAP,
    Cell,
    Column,
    delta_title,
    fits_encoding,
    say_fitted_table,
    terminal_width,
)
from flows.commands.options import artifacts_option, json_option
from flows.commands.output import say, say_json
from reviewflow.errors import UsageError
from reviewflow.evaluation.metrics import METRICS
from reviewflow.reporting.charts.sparkline import BLOCKS, runs_per_block, sparkline_text
from reviewflow.reporting.page.trend_page import ALL_RUNS, trend_page
from reviewflow.reporting.page.trend_view import TrendRow, TrendView, trend_view
from reviewflow.runs.trend import find_subject, read_trend, report_addresses, trend_path
from reviewflow.store.files import write_atomically

USUAL_WIDTH = 80  # where the output is not a terminal
SHORTEST_LINE, LONGEST_LINE = 20, 60  # blocks
TONES: Mapping[str, str] = MappingProxyType({"better": "green", "worse": "red"})


@click.command()
@click.argument("configuration", required=False)
@click.option("--output", metavar="PAGE", help="Write the page here.")
@artifacts_option
@json_option
def trend(configuration: str | None, output: str | None, artifacts: str, as_json: bool) -> None:
    """Show how the figures of a configuration went over its runs.

    CONFIGURATION is its file or its name, or the name of a model. By default it is the
    configuration of the last run. The page shows the same with charts.
    """
    runs = Path(artifacts) / "runs"
    subject = find_subject(runs, configuration)
    found = read_trend(runs, subject, [metric.name for metric in METRICS]).to_json()
    kept = trend_path(Path(artifacts), subject.identity)
    page = Path(output) if output else None if as_json else kept
    if page is not None:
        all_runs = ALL_RUNS if page == kept else ""
        _write_page(page, trend_page(found, report_addresses(found, page, runs), all_runs))
    if as_json:
        say_json(found)
        return
    _say_trend(trend_view(found))
    say("", f"Page: {page}")


def _write_page(path: Path, content: str) -> None:
    """Write the page.

    Raises
    ------
    UsageError : if it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)
    except OSError as error:
        raise UsageError(
            f"The page {path} cannot be written ({error.strerror}); name another with --output."
        ) from None


def _say_trend(view: TrendView) -> None:
    say(view.headline)
    say(f"{view.summary}, {view.days}." if view.days else f"{view.summary}.")
    if view.note:
        say(view.note)
    if view.rows:
        say("")
        _say_rows(view.rows)
    if view.scored:
        say("", f"Files scored with {view.model}, and their drift from its validation rows")
        _say_rows(view.scored)
        for row in view.scored:
            if row.note:
                say(f"The {row.title} is {row.note}.")


def _say_rows(rows: Sequence[TrendRow]) -> None:
    """Print a line for each figure, with its course in blocks."""
    width = terminal_width() or USUAL_WIDTH
    with_lines, with_range = fits_encoding(BLOCKS), True
    blocks = _free_places(rows, with_range, width)
    if blocks < SHORTEST_LINE:
        with_range = False
        blocks = _free_places(rows, with_range, width)
    blocks = max(SHORTEST_LINE, min(LONGEST_LINE, blocks))
    columns = (
        Column("figure", least=12),
        *([Column("over the runs", rank=1)] * with_lines),
        Column("last", right=True, least=9),
        Column(delta_title(), right=True, least=9),
        *([Column(title, right=True, least=9) for title in ("lowest", "highest")] * with_range),
    )
    table: list[tuple[Cell | str, ...]] = [
        (
            row.title,
            *([sparkline_text(row.values, row.breaks, blocks)] * with_lines),
            Cell(row.last, "yellow" if row.note else ""),
            Cell(row.change, TONES.get(row.tone, "")),
            *((row.lowest, row.highest) if with_range else ()),
        )
        for row in rows
    ]
    say_fitted_table(columns, table)
    each = max(runs_per_block(row.values, row.breaks, blocks) for row in rows)
    if with_lines and each > 1:
        say(f"A block is the mean of up to {each} runs.")


def _free_places(rows: Sequence[TrendRow], with_range: bool, width: int) -> int:
    """Return the places that the other columns leave for the lines."""
    from rich.cells import cell_len

    texts = [(row.title, row.last, row.change, row.lowest, row.highest) for row in rows]
    widest = [max(map(cell_len, own)) for own in zip(*texts, strict=True)]
    taken = widest if with_range else widest[:3]
    return width - sum(max(place, 7) + GAP for place in taken)
