"""Tell how far scored rows are from those that the model was measured on.

profile of the model's validation rows ─┬─▶ stability index and its chance level, of each trait
profile of the rows that were scored ───┘
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reviewflow.formatting import join_names
from reviewflow.models.profile import Profile, chance_index, stability_index

TRAITS = {
    "tokens": "lengths",
    "unknown": "shares of unknown words",
    "scores": "probabilities",
    "labels": "labels",
}


def drift_between(before: Profile, now: Profile) -> dict[str, Any]:
    """Return how far two profiles are from each other, as JSON has it.

    Parameters
    ----------
    before : of the rows that the model was measured on.
    now : of the rows that were scored, of the same classes.

    Returns
    -------
    dict
        ``rows_before``, ``rows``, ``unknown_share_before``, ``unknown_share``, and for each trait
        (``tokens``, ``unknown``, ``scores``, ``labels``) its ``psi``, the population stability
        index, ``chance``, which equal populations exceed in 5 % of cases, and the histograms
        ``before`` and ``now``. Without rows ``psi`` is 0.
    """
    drift: dict[str, Any] = {
        "rows_before": before.rows,
        "rows": now.rows,
        "unknown_share_before": _unknown_share(before),
        "unknown_share": _unknown_share(now),
    }
    histograms = {
        "tokens": (before.tokens, now.tokens),
        "unknown": (before.unknown, now.unknown),
        "scores": (before.scores, now.scores),
        "labels": (before.labels, now.labels),
    }
    for trait, (old, new) in histograms.items():
        has_rows = before.rows > 0 and now.rows > 0
        drift[trait] = {
            "psi": stability_index(old, new) if has_rows else 0.0,
            "chance": chance_index(old, new),
            "before": old.tolist(),
            "now": new.tolist(),
        }
    return drift


def notice(checks: Sequence[Mapping[str, Any]], drift: Mapping[str, Any] | None) -> str:
    """Return what a file's checks warn of, empty if nothing.

    Parameters
    ----------
    checks : ``column``, ``asked``, ``observed`` and ``success`` of each expectation.
    """
    failed = {str(check["column"]): check for check in checks if not check["success"]}
    failed.pop("accuracy_fall", None)  # the sentence on the accuracy says it
    changed = [
        f"{name} (stability index {drift[trait]['psi']:.2f})"
        for trait, name in TRAITS.items()
        if drift is not None and failed.pop(f"psi_{trait}", {})
    ]
    told = [f"Differs from the validation rows in {join_names(changed)}."] if changed else []
    told += [
        f"Check of {column}: {check['observed']}, asked {check['asked']}."
        for column, check in failed.items()
    ]
    return " ".join(told)


def _unknown_share(profile: Profile) -> float:
    return profile.unknown_tokens / max(profile.all_tokens, 1)
