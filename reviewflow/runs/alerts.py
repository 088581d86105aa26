"""Find what people should be notified of after a run.

run.json, and that of the last completed run before it ─▶ alerts ─▶ a webhook (tasks/notify.py)
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from reviewflow.formatting import amount, finite, flatten
from reviewflow.runs.json_values import mapping, mappings

# What shapes the figures of the best variant beside the data and the training. A run.json that
# lacks one is older than the setting, and its value was this.
SELECTION: Mapping[str, Any] = MappingProxyType(
    {
        "split.method": "hash",
        "split.column": None,
        "split.test_size": 0.2,
        "split.validation_size": 0,
        "split.seed": 42,
        "ingest.group_column": None,
        "select.on": "test",
        "select.metric": "roc_auc",
    }
)
# Fields in which expectations that say the same are equal.
SAME = ("severity", "file", "frame", "expectation", "notes", "asked", "observed", "examples")


@dataclass(frozen=True)
class Alert:
    """One event and its sentence.

    Attributes
    ----------
    event : ``failed``, ``quality warning``, ``metric fell`` or ``metric rose``.
    """

    event: str
    text: str


def alerts(
    content: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    lower_is_better: Collection[str],
) -> list[Alert]:
    """Return the alerts of a run.

    Parameters
    ----------
    content : run.json as the run ended.
    before : run.json of the last completed run of the same configuration and data; None for none.
        Where its rows were split or its best variant was chosen otherwise, it is not compared.
    lower_is_better : names of the metrics whose rise is bad news.
    """
    title = f"{content.get('job')} {content.get('name')}"
    if content.get("state") == "failed":
        return [Alert("failed", f"{title} failed: {content.get('error')}")]
    if content.get("state") != "completed":
        return []
    warnings = []
    warned = failed_expectations(content)
    if warned:
        count, asked = amount(len(warned), "expectation"), "; ".join(map(_demand, warned))
        warnings.append(Alert("quality warning", f"{title}: {count} failed: {asked}."))
    is_alike = before is not None and selection_settings(before) == selection_settings(content)
    comparable = before if before is not None and is_alike else {}
    verb, change = _change_for_the_worse(content, comparable, lower_is_better)
    return [*warnings, Alert(f"metric {verb}", f"{title}: {change}")] if change else warnings


def failed_expectations(content: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the expectations that failed in a run.

    A file that an earlier run has scored keeps its checks, of which that run has told. Expectations
    of several suites that say the same count once.
    """
    found: dict[tuple[str, ...], Mapping[str, Any]] = {}
    for entry in mappings(content.get("quality")):
        if entry.get("success") is False and entry.get("kept") is not True:
            found.setdefault(tuple(str(entry.get(name)) for name in SAME), entry)
    return list(found.values())


def _demand(entry: Mapping[str, Any]) -> str:
    """Return what an expectation asked, and of which file if any."""
    file = f"{entry['file']}: " if entry.get("file") else ""
    return f"{file}{entry.get('asked', entry.get('expectation'))}"


def selection_settings(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return how the rows were split and the best variant was chosen."""
    settings = flatten(mapping(content.get("config")))
    return {name: settings.get(name, default) for name, default in SELECTION.items()}


def _change_for_the_worse(
    content: Mapping[str, Any], before: Mapping[str, Any], lower_is_better: Collection[str]
) -> tuple[str, str]:
    """Return how the best variant's metric got worse: a verb and a sentence.

    The sentence is empty where the change is not for the worse by more than was allowed.
    """
    watched = mapping(mapping(content.get("config")).get("notify"))
    metric, allowed = str(watched.get("metric")), finite(watched.get("fall"))
    old, new = _best(before, metric), _best(content, metric)
    rises = metric.partition(".")[2] in lower_is_better
    verb = "rose" if rises else "fell"
    if allowed is None or old is None or new is None:
        return verb, ""
    if (new - old if rises else old - new) <= allowed:
        return verb, ""
    return verb, f"the best {metric} {verb} from {old:.4f} to {new:.4f}, by more than {allowed:g}."


def _best(content: Mapping[str, Any], metric: str) -> float | None:
    """Return a metric such as ``test.roc_auc`` of the best variant."""
    split, _, name = metric.partition(".")
    winner = mapping(content.get("best")).get("variant")
    for variant in mappings(content.get("variants")):
        if variant.get("name") == winner:
            return finite(mapping(mapping(variant.get("metrics")).get(split)).get(name))
    return None
