"""Decide whether a new model may replace the champion.

validation rows of today ─┬─ candidate ─▶ probabilities ─┬─▶ difference with its 95 % interval
                          └─ champion ──▶ probabilities ─┘         │
           publish.max_loss, publish.min_gain ─────────────────────┴─▶ Verdict

Both models score the same rows, so the interval is a paired one, far narrower than those of either
model. The rows must be validation rows of both: another split is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from reviewflow.formatting import amount

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Verdict:
    """Whether a candidate becomes the champion, and why.

    Attributes
    ----------
    reason : one sentence.
    champion : version of the model that it was compared with.
    figures : ``rows``, ``candidate`` and ``champion`` (ROC AUC), ``difference``, ``low``, ``high``,
        ``max_loss`` and ``min_gain``; empty where nothing was compared.
    """

    promoted: bool
    reason: str
    champion: str | None
    figures: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Return the decision as run.json and ``published.json`` have it."""
        return {**vars(self), "figures": dict(self.figures)}


class Contender(NamedTuple):
    """What the gate knows of one of the two models.

    Attributes
    ----------
    version : None for the candidate that has none yet.
    class_names : label names, from class 0 up.
    split : what decides which rows are validation rows.
    """

    version: str | None
    class_names: tuple[str, ...]
    split: Mapping[str, Any]


class Rules(NamedTuple):
    """The settings ``publish.max_loss`` and ``publish.min_gain``, of ROC AUC."""

    max_loss: float
    min_gain: float | None


def refusal(candidate: Contender, champion: Contender) -> str | None:
    """Return why two models cannot be compared, None where they can."""
    if candidate.class_names != champion.class_names:
        ours, theirs = (", ".join(each.class_names) for each in (candidate, champion))
        return (
            f"The classes are {ours}, and those of the champion {champion.version} are {theirs}; "
            "publish the new model under another publish.name, or promote it by hand."
        )
    if candidate.split != champion.split:
        names = sorted(
            name
            for name in {*candidate.split, *champion.split}
            if candidate.split.get(name) != champion.split.get(name)
        )
        return (
            f"The split differs from that of the champion {champion.version} in "
            f"{', '.join(names)}, so today's validation rows may be its training rows; promote the "
            "new model by hand, or publish it under another publish.name."
        )
    return None


def decide(
    labels: NDArray[np.int8],
    candidate: tuple[NDArray[np.float32], float],
    champion: tuple[NDArray[np.float32], float],
    version: str,
    rules: Rules,
) -> Verdict:
    """Return the decision on a candidate that can be compared.

    Parameters
    ----------
    labels : of the N validation rows.
    candidate, champion : probabilities of these rows (of two classes those of class 1, shape (N,),
        of more shape (N, K)) and threshold of each.
    version : of the champion.
    """
    from reviewflow.evaluation.comparisons import compare_models

    compared = compare_models(labels, candidate, champion)
    if compared is None or compared["roc_auc"]["low"] is None:
        return Verdict(
            False,
            "The validation rows do not tell the two models apart: too few of them, or of one "
            "class, have labels.",
            version,
            {"rows": len(labels)},
        )
    own = compared["roc_auc"]
    figures = {
        "rows": len(labels),
        "candidate": compared["first"]["roc_auc"]["mean"],
        "champion": compared["second"]["roc_auc"]["mean"],
        **{name: own[name] for name in ("difference", "low", "high")},
        **rules._asdict(),
    }
    passes, why = _judge(own["difference"], own["low"], rules)
    measured = (
        f"ROC AUC {figures['candidate']:.4f} against {figures['champion']:.4f} of {version} on "
        f"{amount(len(labels), 'validation row')}, difference {own['difference']:+.4f} "
        f"({own['low']:+.4f} to {own['high']:+.4f})"
    )
    return Verdict(passes, f"{measured}: {why}.", version, figures)


def _judge(difference: float, low: float, rules: Rules) -> tuple[bool, str]:
    """Return whether the rules are met, and how in words."""
    if low <= -rules.max_loss:
        return False, f"a loss of {rules.max_loss:g} or more is not excluded"
    if rules.min_gain is not None and difference < rules.min_gain:
        return False, f"publish.min_gain asks for a gain of {rules.min_gain:g}"
    return True, f"a loss of {rules.max_loss:g} or more is excluded"
