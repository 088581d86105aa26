"""The report as Markdown, for Prefect's pages and for pasting into a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from reviewflow.evaluation.metrics import METRICS
from reviewflow.formatting import NOTHING, visible
from reviewflow.reporting.page.conclusions_view import TITLES
from reviewflow.reporting.page.examples_view import material_of
from reviewflow.reporting.page.variant_table import SPLITS
from reviewflow.reporting.page.view import Facts, facts

SPECIAL = re.compile(r"[\\`*_{}\[\]#|~!@$^=]")
ADDRESS = re.compile(r"(?i)(:)(?=//)|(?<=www)(\.)|(?<=mailto)(:)|(?<=xmpp)(:)")
LIST = re.compile(r"^(\d*)([-+.)])(?=\s|$|-)")
RIGHT, LEFT = "---:", "---"


def markdown(run: dict[str, Any], charts: Path | None = None) -> str:
    """The facts of a run as GitHub-flavoured Markdown.

    Parameters
    ----------
    run : the content of run.json
    charts : folder that the stage report wrote; what it tells is left out without it
    """
    told = facts(run, material_of(charts))
    sections = (
        _summary(told),
        _subject(told),
        _classes(told),
        _reviews(told),
        _checks(told),
        _variants(told),
        _behind(told),
        _words(told),
        _mistakes(told),
        _stages(told),
        _setting(told),
    )
    return "\n\n".join(section for section in sections if section) + "\n"


def markdown_text(value: Any) -> str:
    """Text from data that Markdown shows as it is: one line, no markup, no HTML, no links."""
    line = " ".join(visible(value).split())
    line = SPECIAL.sub(r"\\\g<0>", line)
    line = LIST.sub(lambda match: f"{match[1]}\\{match[2]}", line)
    line = ADDRESS.sub(lambda match: "\\" + match[0], line)
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _summary(told: Facts) -> str:
    state = " · ".join((told.state, told.started, f"took {told.took}", f"run {told.run_id}"))
    lines = [
        f"# {markdown_text(told.headline)}",
        f"*{markdown_text(told.job)}* · {markdown_text(state)}",
    ]
    lines.append(_bullets(f"{tile.name}: **{tile.value}** ({tile.note})" for tile in told.tiles))
    if told.notices:
        words = {"failed": "Failure", "warning": "Warning"}
        lines.append("## Worth a look")
        lines.append(
            _bullets(f"**{words[n.state]}:** {markdown_text(n.text)}" for n in told.notices)
        )
    if told.conclusions:
        lines.append("## Conclusions")
        lines.append(_bullets(markdown_text(line.sentence) for line in told.conclusions))
    if told.since:
        lines.append("## Since the last run")
        lines.append(markdown_text(f"{told.since.started}, run {told.since.run_id}"))
        changes = told.since.changes or ("nothing changed",)
        lines.append(_bullets(markdown_text(change) for change in changes))
    return "\n\n".join(line for line in lines if line)


def _subject(told: Facts) -> str:
    lines = _bullets(f"**{name}:** {markdown_text(text)}" for name, text in told.subject)
    return f"## What was run on what\n\n{lines}" if lines else ""


def _classes(told: Facts) -> str:
    if not told.classes:
        return ""
    rows = [(split, *(f"{count:,}" for count in counts)) for split, counts in told.classes]
    titles = ("Rows", "negative", "positive", "no label")
    return "## Classes\n\n" + _table(titles, (LEFT, RIGHT, RIGHT, RIGHT), rows)


def _checks(told: Facts) -> str:
    if not told.checks:
        return ""
    rows = [
        (
            check.state,
            f"{check.asked}; {check.notes}" if check.notes else check.asked,
            check.of,
            check.seen,
            check.unexpected,
            "; ".join(check.examples) or NOTHING,
        )
        for check in told.checks
    ]
    titles = ("Result", "Asked", "Of", "Seen", "Unexpected", "Examples")
    table = _table(titles, (LEFT, LEFT, LEFT, LEFT, RIGHT, LEFT), rows)
    docs = "".join(f"\n\nIn detail: {markdown_text(path)}" for path in told.data_docs)
    return f"## Checks of the data\n\n{table}{docs}"


def _variants(told: Facts) -> str:
    if not told.variants:
        return ""
    titles = ["Variant", "Changes"]
    titles += [f"{metric.heading}, {split}" for split in SPLITS for metric in METRICS]
    rows = [
        (
            variant.name + (" (best)" if variant.best else ""),
            "; ".join(variant.changes) or "as configured",
            *(
                " ".join(
                    piece
                    for piece in (
                        cell.text,
                        cell.spread,
                        f"({cell.interval})" if cell.interval else "",
                        f"[published {cell.published}]" if cell.published else "",
                    )
                    if piece
                )
                for split in SPLITS
                for cell in variant.cells[split].values()
            ),
            variant.took,
            variant.state,
            variant.diagnosis or NOTHING,
        )
        for variant in told.variants
    ]
    numbers = (RIGHT,) * (len(SPLITS) * len(METRICS) + 1)
    table = _table(
        (*titles, "Time", "State", "Diagnosis"), (LEFT, LEFT, *numbers, LEFT, LEFT), rows
    )
    note = f"\n\n{markdown_text(told.best_note)}" if told.best_note else ""
    return f"## Variants\n\n{table}{note}"


def _reviews(told: Facts) -> str:
    lines = [
        f"**{one.label}** ({one.note})\n\n> {markdown_text(one.text)}\n\n"
        f"Normalised: {markdown_text(one.tokens)}"
        for one in told.reviews
    ]
    return "\n\n".join(["## Two training reviews, drawn at random", *lines]) if lines else ""


def _behind(told: Facts) -> str:
    """The numbers behind the conclusions."""
    rows = [line.cells for line in told.conclusions if line.cells]
    if not rows:
        return ""
    return "## Behind the conclusions\n\n" + _table(TITLES, (LEFT,) * len(TITLES), rows)


def _words(told: Facts) -> str:
    lines = [
        f"Towards {side}: " + markdown_text(", ".join(f"{word.term} {word.pull}" for word in found))
        for side, found in told.words.items()
    ]
    return "\n\n".join(["## Words that pull most", *lines]) if lines else ""


def _mistakes(told: Facts) -> str:
    rows = [
        (
            one.label,
            one.said,
            one.terms,
            "".join(f"«{piece.text}»" if piece.pull else piece.text for piece in one.pieces),
        )
        for one in told.mistakes
    ]
    titles = ("Labelled", "P(positive)", "Words that did it", "Review")
    table = _table(titles, (LEFT, RIGHT, LEFT, LEFT), rows)
    return f"## The most confident mistakes\n\n{table}" if rows else ""


def _stages(told: Facts) -> str:
    if not told.stages:
        return ""
    rows = [
        (
            stage.name,
            f"{stage.steps:,}",
            stage.outcome,
            stage.took,
            stage.size,
            "; ".join(stage.reasons),
        )
        for stage in told.stages
    ]
    titles = ("Stage", "Steps", "State", "Time", "Size", "Why it ran")
    return "## Stages\n\n" + _table(titles, (LEFT, RIGHT, LEFT, RIGHT, RIGHT, LEFT), rows)


def _setting(told: Facts) -> str:
    lines = _bullets(
        f"**{markdown_text(name)}:** {markdown_text(text)}" for name, text in told.environment
    )
    longest = max((len(run) for run in re.findall(r"`+", told.config)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"## Setting\n\n{lines}\n\n{fence}yaml\n{told.config.rstrip()}\n{fence}"


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _table(titles: Sequence[str], sides: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose cells are escaped here."""
    lines = [titles, sides, *([markdown_text(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
