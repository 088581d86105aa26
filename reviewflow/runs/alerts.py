"""Find what people should be notified of after a run.

run.json, and that of the last completed run before it ─▶ alerts ─▶ a webhook (tasks/notify.py)
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from reviewflow.formatting import finite
from reviewflow.runs.json_values import mapping, mappings


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
    lower_is_better : names of the metrics whose rise is bad news.
    """
    title = f"{content.get('job')} {content.get('name')}"
    if content.get("state") == "failed":
        return [Alert("failed", f"{title} failed: {content.get('error')}")]
    if content.get("state") != "completed":
        return []
    warnings = []
    warned = [entry for entry in mappings(content.get("quality")) if entry.get("success") is False]
    if warned:
        asked = "; ".join(str(entry.get("asked", entry.get("expectation"))) for entry in warned)
        warnings.append(
            Alert("quality warning", f"{title}: {len(warned)} expectations failed: {asked}.")
        )
    verb, change = _change_for_the_worse(content, before or {}, lower_is_better)
    return [*warnings, Alert(f"metric {verb}", f"{title}: {change}")] if change else warnings


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
