"""Make the table of drift between validation rows and scored rows.

files[*].drift ─┬─ of each file ───────────────────────┬─▶ DriftView: index, chance, verdict
                └─ summed, where there are several ────┘             and two histograms a trait
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from reviewflow.formatting import join_names, visible
from reviewflow.models.profile import LENGTHS, SCORES, SHARES, chance_index, stability_index
from reviewflow.reporting.scoring_page.histogram_chart import Histogram
from reviewflow.scoring.drift import TRAITS

SMALL_CHANGE, LARGE_CHANGE = 0.1, 0.25  # Siddiqi, Credit Risk Scorecards, 2006
NO_ROWS, CHANCE, NEGLIGIBLE = "no rows", "within chance", "negligible change"
SMALL, LARGE = "small change", "large change"
# from the least to the greatest, with the state that colours it
VERDICTS = {
    NO_ROWS: "quiet",
    CHANCE: "passed",
    NEGLIGIBLE: "quiet",
    SMALL: "warning",
    LARGE: "failed",
}
DIFFERENT = (SMALL, LARGE)


@dataclass(frozen=True)
class TraitView:
    """One trait of scored rows beside that of validation rows.

    Attributes
    ----------
    key : its name in run.json.
    name : as in a sentence.
    psi : the population stability index.
    chance : the index that equal populations exceed in 5 % of cases.
    verdict : one of :data:`VERDICTS`.
    """

    key: str
    name: str
    psi: float
    chance: float
    verdict: str
    histogram: Histogram

    @property
    def short_name(self) -> str:
        """The name without how it is measured."""
        return self.name.removeprefix("shares of ")

    @property
    def state(self) -> str:
        """The state that colours the verdict."""
        return VERDICTS[self.verdict]

    @property
    def differs(self) -> bool:
        """Whether the change matters."""
        return self.verdict in DIFFERENT


@dataclass(frozen=True)
class DriftView:
    """All traits of the rows of a file, or of several.

    Attributes
    ----------
    rows_before, rows : of the validation rows and of the scored ones.
    unknown_words : share of tokens that the model does not know, now and before, in words.
    """

    rows_before: int
    rows: int
    unknown_words: str
    traits: tuple[TraitView, ...]

    @property
    def worst(self) -> TraitView:
        """The trait of the greatest change."""
        order = list(VERDICTS)
        return max(self.traits, key=lambda trait: (order.index(trait.verdict), trait.psi))

    @property
    def differing(self) -> tuple[TraitView, ...]:
        """The traits whose change matters."""
        return tuple(trait for trait in self.traits if trait.differs)

    @property
    def sentence(self) -> str:
        """Which traits differ."""
        if not self.rows or not self.rows_before:
            return "There are no rows to compare."
        if not self.differing:
            return "No trait differs: each index is within chance or less than 0.1."
        names = [f"{trait.name} ({trait.psi:.2f}, {trait.verdict})" for trait in self.differing]
        joined = join_names(names)
        verb = "differ" if len(names) > 1 or names[0].split()[0].endswith("s") else "differs"
        return f"{joined[0].upper()}{joined[1:]} {verb} from the validation rows."


def drift_view(drift: Mapping[str, Any], classes: Sequence[str]) -> DriftView:
    """Return the view of what ``reviewflow.scoring.drift.drift_between`` made.

    Parameters
    ----------
    classes : names of the K classes.
    """
    has_rows = drift["rows"] > 0 and drift["rows_before"] > 0
    return DriftView(
        drift["rows_before"],
        drift["rows"],
        _unknown_words(drift) if has_rows else "",
        tuple(
            TraitView(
                trait,
                name,
                drift[trait]["psi"],
                drift[trait]["chance"],
                verdict(drift[trait]["psi"], drift[trait]["chance"]) if has_rows else NO_ROWS,
                _histogram(trait, drift[trait], classes),
            )
            for trait, name in TRAITS.items()
        ),
    )


def verdict(psi: float, chance: float) -> str:
    """Return what an index says.

    Notes
    -----
    The thresholds 0.1 and 0.25 are a rule of thumb (Siddiqi, Credit Risk Scorecards, 2006). With
    few rows chance alone exceeds them, with many it stays far below.
    """
    if psi <= chance:
        return CHANCE
    if psi < SMALL_CHANGE:
        return NEGLIGIBLE
    return SMALL if psi < LARGE_CHANGE else LARGE


def joint_drift(drifts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the drift of all rows together.

    Parameters
    ----------
    drifts : at least one, all from equal validation rows.

    Returns
    -------
    dict
        As ``drift_between`` returns it. ``unknown_shares`` holds the least and the greatest
        share of a file in place of ``unknown_share``, since files differ in their tokens.
    """
    if len(drifts) == 1:
        return dict(drifts[0])
    found = [drift["unknown_share"] for drift in drifts if drift["rows"]]
    joint: dict[str, Any] = {
        "rows_before": drifts[0]["rows_before"],
        "rows": sum(drift["rows"] for drift in drifts),
        "unknown_share_before": drifts[0]["unknown_share_before"],
        "unknown_shares": (min(found, default=0.0), max(found, default=0.0)),
    }
    for trait in TRAITS:
        before = np.array(drifts[0][trait]["before"], np.int64)
        now = np.array([drift[trait]["now"] for drift in drifts], np.int64).sum(axis=0)
        joint[trait] = {
            "psi": stability_index(before, now) if before.sum() and now.sum() else 0.0,
            "chance": chance_index(before, now),
            "before": before.tolist(),
            "now": now.tolist(),
        }
    return joint


def same_origin(drifts: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the drifts from the validation rows of the last one."""

    def origin(drift: Mapping[str, Any]) -> list[Any]:
        return [drift["rows_before"], *(drift[trait]["before"] for trait in TRAITS)]

    return [drift for drift in drifts if origin(drift) == origin(drifts[-1])]


def _unknown_words(drift: Mapping[str, Any]) -> str:
    before = f"{drift['unknown_share_before']:.1%}".replace("%", " %")
    ends = drift.get("unknown_shares") or (drift["unknown_share"],)
    now = " to ".join(dict.fromkeys(f"{share:.1%}".replace("%", " %") for share in ends))
    return f"{now}{', by file' if ' to ' in now else ''}; {before} in the validation rows"


def _histogram(trait: str, drift: Mapping[str, Any], classes: Sequence[str]) -> Histogram:
    """Return the two histograms of a trait with the words of their axis."""
    ticks: tuple[tuple[int, str], ...] = ()
    if trait == "labels":
        x_label, bins = "", tuple(visible(name, 80) for name in classes)
    elif trait == "tokens":
        edges = [str(edge) for edge in LENGTHS]
        x_label, bins, ticks = "tokens in a text", _ranges([*edges, ""]), _ticks(edges, 2)
    elif trait == "unknown":
        edges = [f"{100 * edge:.0f} %" for edge in (*SHARES, 1)]
        x_label = "share of a text's tokens unknown to the model"
        bins, ticks = _ranges(edges), _ticks(edges, 2)
    else:
        of = visible(classes[1], 24) if len(classes) == 2 else "the predicted class"
        edges = [f"{edge:g}" for edge in (*SCORES, 1)]
        x_label, bins, ticks = f"probability of {of}", _ranges(edges), _ticks(edges, 4)
    before, now = tuple(drift["before"]), tuple(drift["now"])
    name = TRAITS[trait]
    return Histogram(f"{name[0].upper()}{name[1:]}", x_label, bins, ticks, before, now)


def _ranges(edges: Sequence[str]) -> tuple[str, ...]:
    """Return the names of bins between edges, of which the last may be empty."""
    return tuple(
        f"{left} to {right}" if right else f"{left} or more" for left, right in pairwise(edges)
    )


def _ticks(labels: Sequence[str], every: int) -> tuple[tuple[int, str], ...]:
    return tuple((number, label) for number, label in enumerate(labels) if number % every == 0)
