"""Compare two runs: ``reviewflow compare A B``.

whether both have the same rows ─▶ first line
variants in pairs ───────────────▶ difference, 95 % interval and verdict
settings, data, code, packages ──▶ what differs, and the stages that differ by it
"""

import math
import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from flows.commands.fitted_table import Column, say_fitted_table, shorten
from flows.commands.options import artifacts_option, json_option
from flows.commands.output import say, say_json
from reviewflow.evaluation.metrics import metric_named
from reviewflow.formatting import figure, join_names, plain, setting, signed_number
from reviewflow.jobs.run_comparison import compare_with_intervals
from reviewflow.runs.history import find_run

WIDTH = 80  # columns of a sentence
LONGEST_NAME = 60  # columns of a variant's name
LONGEST_RUN_NAME = 28  # of the name of a run, beside its id and state
LONGEST_VALUE = 30  # of a setting
MANY_PAIRS = 5  # from which one difference may well be chance
MOST_WHOLE = 10  # pairs shown with all figures; of more, all but the best have one


@click.command()
@click.argument("a")
@click.argument("b")
@artifacts_option
@json_option
def compare(a: str, b: str, artifacts: str, as_json: bool) -> None:
    """Say what differs between two runs, and by how much more than chance.

    A and B are ids, beginnings of ids, or links such as `latest`. A variant is the same in both
    runs if its settings are, whatever its name, or else if its name is.
    """
    folder = Path(artifacts)
    one, other = (find_run(folder / "runs", name) for name in (a, b))
    found = compare_with_intervals(one, other, folder / "store")
    if as_json:
        say_json(found)
        return
    if found["rows"]["sentence"]:
        _say_wrapped(found["rows"]["sentence"])
    for letter, line in zip("AB", found["runs"], strict=True):
        name = shorten(plain(line["name"]), LONGEST_RUN_NAME)
        say(f"{letter}  {line['run_id']}  {name}  {line['state']}")
    _say_variants(found["variants"], found["metric"], found["rows"])
    _say_values("Parameters", "setting", found["parameters"])
    _say_values("Data", "what", found["data"])
    _say_code(found["code"])
    _say_values("Packages", "package", found["packages"])
    _say_stages(found["reasons"], found["stages_of_one"])
    for note in found["notes"]:
        _say_wrapped(f"Note: {note}.")


def _say_variants(pairs: Sequence[Mapping[str, Any]], metric: str, rows: Mapping[str, Any]) -> None:
    """Print the pairs of variants, the best of B first."""
    both = [pair for pair in pairs if None not in (pair["a"], pair["b"])]
    same = [pair for pair in both if pair["same_model"]]
    differing = [pair for pair in both if not pair["same_model"]]
    common = _common_changes([pair for pair in both if pair["match"] != "best"])
    if differing:
        say("", _title(differing, rows))
    if common:
        _say_wrapped(f"In all of them: {_changes_text(common)}.")
    is_short = len(differing) > MOST_WHOLE
    for pair in sorted(differing, key=lambda pair: _rank(pair, metric)):
        _say_pair(pair, metric, common, is_short and not pair["is_best"])
    if differing and rows["kind"] in ("same", "same_test"):
        _say_chance(differing)
    if same:
        say("")
        _say_wrapped(f"The same model in both: {', '.join(map(_pair_name, same))}.")
    for side in ("A", "B"):
        alone = [pair for pair in pairs if pair["match"] == f"only in {side}"]
        if alone:
            _say_wrapped(f"Only in {side}: {_names_with_figures(alone, side.lower())}.")


def _title(pairs: Sequence[Mapping[str, Any]], rows: Mapping[str, Any]) -> str:
    """Return what the rows below show."""
    if rows["kind"] not in ("same", "same_test"):
        return "Variants: A → B, each with the 95 % interval on its own test rows"
    methods = {each["method"] for pair in pairs for each in pair["figures"]} - {None}
    how = ", paired by rows" if methods == {"paired"} else ""
    on = "the test rows" if rows["test_a"] is None else f"{rows['test_a']:,} test rows"
    return f"Variants on {on}: A → B, B − A and its 95 % interval{how}"


def _rank(pair: Mapping[str, Any], metric: str) -> tuple[bool, float]:
    """Return the place of a pair: the best of B first, unknown figures last."""
    value = _figure_of(pair, metric)["b"]["value"]
    sign = -1 if metric_named(metric).higher_is_better else 1
    return (not pair["is_best"], math.inf if value is None else sign * value)


def _figure_of(pair: Mapping[str, Any], metric: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next(each for each in pair["figures"] if each["metric"] == metric)
    return found


def _say_chance(pairs: Sequence[Mapping[str, Any]]) -> None:
    """Print what the intervals leave out."""
    judged = [each for pair in pairs for each in pair["figures"] if each["low"] is not None]
    if judged:
        say("")
    if any(each["counts"] == "rows" for each in judged):
        _say_wrapped("With one seed an interval counts the rows, not the luck of a training.")
    if judged and len(pairs) >= MANY_PAIRS:
        _say_wrapped("Of twenty differences without a cause, one is beyond chance on average.")


def _say_pair(
    pair: Mapping[str, Any], metric: str, common: Sequence[Mapping[str, Any]], is_short: bool
) -> None:
    """Print a pair with its figures, or in short with the chosen one."""
    chosen = _figure_of(pair, metric)
    seeds = "" if any(each["name"] == "train.repeats" for each in common) else _seeds(pair["seeds"])
    say("")
    _say_heading(f"{_pair_name(pair)}{seeds}", "" if is_short else _judgement(chosen))
    own = [each for each in pair["changed"] if each not in common]
    if own:
        _say_wrapped(_changes_text(own), indent=2)
    for line in _figure_lines([chosen] if is_short else pair["figures"]):
        say(f"  {line}")
    others = [
        f"{_other_title(each)} {_arrow(each['metric'], each['a'], each['b'])}"
        for each in pair["others"]
        if each["a"] != each["b"]
    ]
    if others and not is_short:
        _say_items("also ", others)


def _say_heading(name: str, judgement: str) -> None:
    """Print a pair's name and what became of it, in two lines if need be."""
    line = f"{name}: {judgement}" if judgement else name
    if judgement and len(line) > WIDTH:
        _say_wrapped(f"{name}:")
        _say_wrapped(judgement, indent=2)
    else:
        _say_wrapped(line)


def _judgement(figures: Mapping[str, Any]) -> str:
    """Return the verdict on a metric, nothing where it is unknown."""
    if figures["verdict"] == "unknown":
        return ""
    unpaired = ", unpaired" if figures["method"] == "unpaired" else ""
    return f"{figures['verdict']} ({metric_named(figures['metric']).title}{unpaired})"


def _pair_name(pair: Mapping[str, Any]) -> str:
    ours, theirs = (shorten(plain(pair[side]), LONGEST_NAME) for side in "ab")
    if pair["match"] == "best":
        return f"{ours}, best of A → {theirs}, best of B"
    is_best = pair["is_best"] and not pair["same_model"]
    notes = ["renamed"] * (pair["match"] == "renamed") + ["best of B"] * is_best
    name = f"{ours} → {theirs}" if pair["match"] == "renamed" else theirs
    return f"{name} ({', '.join(notes)})" if notes else name


def _seeds(seeds: Mapping[str, int]) -> str:
    if seeds["a"] == seeds["b"]:
        return "" if seeds["a"] < 2 else f", {seeds['a']} seeds"
    return f", {seeds['a']} → {seeds['b']} seeds"


def _figure_lines(figures: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a line for each metric, in columns."""
    rows = []
    for each in figures:
        metric = metric_named(each["metric"])
        cells = [metric.title, _arrow(metric.name, each["a"]["value"], each["b"]["value"])]
        if each["difference"] is None:
            cells.append(_own_intervals(each, metric.digits))
        else:
            cells.append(signed_number(each["difference"], metric.digits))
            if each["low"] is not None:
                cells.append(_interval(each, metric.digits, is_signed=True))
                cells.append(each["verdict"].removesuffix(" by more than chance"))
        rows.append(cells)
    widths = [max(len(row[place]) for row in rows) for place in range(2)]
    return [
        "  ".join([row[0].ljust(widths[0]), row[1].ljust(widths[1]), *row[2:]]).rstrip()
        for row in rows
    ]


def _own_intervals(entry: Mapping[str, Any], digits: int) -> str:
    """Return the interval of each run's figure."""
    known = [side for side in "ab" if entry[side]["low"] is not None]
    return ", ".join(f"{side.upper()} {_interval(entry[side], digits)}" for side in known)


def _interval(ends: Mapping[str, Any], digits: int, is_signed: bool = False) -> str:
    low, high = (
        signed_number(ends[end], digits) if is_signed else figure(ends[end], digits)
        for end in ("low", "high")
    )
    return f"{low} to {high}"


def _arrow(metric: str, a: Any, b: Any) -> str:
    digits = metric_named(metric).digits
    return f"{figure(a, digits)} → {figure(b, digits)}"


def _other_title(entry: Mapping[str, Any]) -> str:
    title = metric_named(entry["metric"]).title
    return title if entry["split"] == "test" else f"{entry['split']} {title}"


def _names_with_figures(pairs: Sequence[Mapping[str, Any]], side: str) -> str:
    """Return the variants of one run alone, each with its first figure."""
    texts = []
    for pair in pairs:
        first = pair["figures"][0]
        metric = metric_named(first["metric"])
        name = shorten(plain(pair[side]), LONGEST_NAME)
        texts.append(f"{name} ({metric.title} {figure(first[side]['value'], metric.digits)})")
    return ", ".join(texts)


def _common_changes(pairs: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the settings that changed alike in all of several pairs."""
    if len(pairs) < 2:
        return []
    return [each for each in pairs[0]["changed"] if all(each in pair["changed"] for pair in pairs)]


def _changes_text(changes: Iterable[Mapping[str, Any]]) -> str:
    return "; ".join(
        f"{each['name']} {_value(each['a'])} → {_value(each['b'])}" for each in changes
    )


def _value(value: Any) -> str:
    return shorten(setting(value), LONGEST_VALUE)


def _say_values(title: str, what: str, pairs: Sequence[Mapping[str, Any]]) -> None:
    rows = [(pair["name"], setting(pair["a"]), setting(pair["b"])) for pair in pairs]
    _say_differences(title, (what, "A", "B"), rows)


def _say_code(code: Sequence[Mapping[str, Any]]) -> None:
    rows = [(each["definition"], each["change"], ", ".join(each["stages"])) for each in code]
    _say_differences("Code", ("definition", "in B", "reached by"), rows)


def _say_differences(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table of differences, or that there is none."""
    if not rows:
        say("", f"{title}: no difference.")
        return
    say("", title)
    say_fitted_table([Column(name, least=8) for name in columns], rows)


def _say_stages(reasons: Sequence[Mapping[str, Any]], alone: Mapping[str, Sequence[str]]) -> None:
    """Print which stages differ, and why."""
    if reasons or any(alone.values()):
        say("", "Stages that differ")
    for each in reasons:
        counts = Counter(label.partition("[")[0] for label in each["steps"])
        stages = [name if count == 1 else f"{name} ({count})" for name, count in counts.items()]
        _say_wrapped(f"{', '.join(stages)}: {'; '.join(each['reasons'])}", indent=2)
    for side, own in alone.items():
        if own:
            _say_wrapped(f"{join_names(list(own))}: only in {side.upper()}", indent=2)


def _say_items(head: str, items: Sequence[str]) -> None:
    """Print items in lines, none of them broken."""
    lines: list[str] = []
    line = head
    for number, item in enumerate(items):
        piece = item if number == len(items) - 1 else f"{item}, "
        if len(line) + len(piece.rstrip()) > WIDTH - 2 and line != head:
            lines.append(line)
            line = " " * len(head)
        line += piece
    for each in [*lines, line]:
        say(f"  {each.rstrip()}")


def _say_wrapped(sentence: str, indent: int = 0) -> None:
    """Print a sentence in lines of 80 columns."""
    lines = textwrap.wrap(
        sentence,
        WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * (2 * indent),
        break_on_hyphens=False,
    )
    say(*lines)
