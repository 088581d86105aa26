"""Conclude from the variants which value of each setting is best.

settings ─ factors ─┐
comparisons ────────┼─▶ {factor, best, runner_up, difference, interval, …, sentence}
diagnoses ──────────┘

A conclusion says by how much the best value wins, and how much of that chance explains.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reviewflow.evaluation.ablation import Factor, factor_title, find_factors, value_title
from reviewflow.evaluation.metrics import THRESHOLD

METRIC = "roc_auc"  # accuracy at one threshold varies by a point with the last batches
FAILURES = ("diverged", "did not learn", "predicts one class")


@dataclass(frozen=True)
class VariantOutcome:
    """A variant with its diagnosis.

    Attributes
    ----------
    name : what the configuration calls it.
    number : its number in the comparisons, which variants with the same model share. None where
        it was not compared.
    kind : the diagnosis, as :data:`reviewflow.evaluation.diagnosis.Kind`. Of several seeds it is
        the most frequent.
    settings : by full name, as JSON values.
    """

    name: str
    number: int | None
    kind: str
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class _Level:
    """One value of a factor with its variant and that variant's figures."""

    value: Any
    variant: VariantOutcome
    figures: Mapping[str, Any]

    def mean(self, metric: str = METRIC) -> float:
        return float(self.figures[metric]["mean"])


def draw_conclusions(
    variants: Sequence[VariantOutcome], comparisons: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return one conclusion a factor, in the order of the settings.

    Parameters
    ----------
    variants : in the configuration's order.
    comparisons : what :func:`reviewflow.evaluation.comparisons.compare_variants` returns.

    Notes
    -----
    Where several sets of variants differ in a factor alone (in a grid), the conclusion is that of
    the set with the best variant. Its sentence says in how many sets the same value is best.
    """
    figures = {entry["group"]: entry for entry in comparisons.get("variants") or ()}
    sets: dict[str, list[list[_Level]]] = {}
    for factor in find_factors([variant.settings for variant in variants]):
        levels = _levels(factor, variants, figures)
        if len(levels) > 1:
            sets.setdefault(factor.name, []).append(levels)
    return [_conclusion(name, own, comparisons) for name, own in sets.items()]


def _levels(
    factor: Factor, variants: Sequence[VariantOutcome], figures: Mapping[int, Any]
) -> list[_Level]:
    """Return the compared variants of a set, best first."""
    levels = []
    for value, position in zip(factor.values, factor.variants, strict=True):
        variant = variants[position]
        if variant.number is not None and variant.number in figures:
            levels.append(_Level(value, variant, figures[variant.number]))
    return sorted(levels, key=lambda level: -level.mean())


def _conclusion(
    name: str, sets: Sequence[list[_Level]], comparisons: Mapping[str, Any]
) -> dict[str, Any]:
    levels = max(sets, key=lambda own: own[0].mean())
    best, second = levels[0], levels[1]
    pair = _pair(best, second, comparisons)
    seeds = min(best.figures["seeds"], second.figures["seeds"])
    clear = pair["low"] is not None and pair["low"] > 0
    agreeing = sum(own[0].value == best.value for own in sets)
    facts = {
        "factor": name,
        "metric": METRIC,
        "best": _summary(best),
        "runner_up": _summary(second),
        "difference": pair["difference"],
        "interval": [pair["low"], pair["high"]],
        "accuracy": pair["accuracy"],
        "mcnemar": pair["mcnemar"],
        "seeds": seeds,
        "rows": comparisons["rows"],
        "beyond_rows": clear,
        "beyond_chance": clear if seeds > 1 else None if clear else False,
        "sets": {"all": len(sets), "agreeing": agreeing},
        "values": [_details(level) for level in levels],
    }
    return facts | {"sentence": _sentence(name, levels, facts)}


def _pair(best: _Level, second: _Level, comparisons: Mapping[str, Any]) -> dict[str, Any]:
    """Return the comparison of two variants, with the best as the first."""
    wanted = {best.variant.number, second.variant.number}
    pair = next(p for p in comparisons["pairs"] if {p["first"], p["second"]} == wanted)
    reverse = pair["first"] != best.variant.number
    figures, accuracy = (_reverse(pair[m]) if reverse else pair[m] for m in (METRIC, "accuracy"))
    rows = [pair["mcnemar"][name] for name in ("only_first", "only_second")]
    only_best, only_second = reversed(rows) if reverse else rows
    return {
        **figures,
        "accuracy": accuracy,
        "mcnemar": {
            "only_best": only_best,
            "only_runner_up": only_second,
            "p": pair["mcnemar"]["p"],
        },
    }


def _reverse(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Return a difference and its interval with the opposite sign."""
    low, high = (None if figures[e] is None else -figures[e] for e in ("high", "low"))
    return {"difference": -figures["difference"], "low": low, "high": high}


def _summary(level: _Level) -> dict[str, Any]:
    return {
        "value": level.value,
        "variant": level.variant.name,
        "roc_auc": level.mean(),
        "accuracy": level.mean("accuracy"),
    }


def _details(level: _Level) -> dict[str, Any]:
    return {
        **_summary(level),
        "interval": [level.figures[METRIC]["low"], level.figures[METRIC]["high"]],
        "kind": level.variant.kind,
    }


def _sentence(name: str, levels: Sequence[_Level], facts: Mapping[str, Any]) -> str:
    """Return a sentence such as ``Learning rate: 0.01 is best, ROC AUC …``."""
    best, *others = levels
    if best.variant.kind in FAILURES:
        areas = ", ".join(f"{value_title(name, lv.value)} {lv.mean():.3f}" for lv in levels)
        return f"{factor_title(name)}: no value learned (ROC AUC {areas})."
    learned = [level for level in others if level.variant.kind not in FAILURES]
    failed = [level for level in others if level.variant.kind in FAILURES]
    digits = 3 if all(round(lv.mean(), 3) != round(best.mean(), 3) for lv in learned) else 4
    words = value_title(name, best.value)
    sentence = f"{factor_title(name)}: {words} {_is(name)} best"
    sentence += f", ROC AUC {best.mean():.{digits}f}"
    if learned:
        second, *rest = learned
        sentence += f" against {second.mean():.{digits}f} with {value_title(name, second.value)}"
        sentence += f", {_judgement(facts)}{_by_accuracy(name, best, second, facts)}"
        then = [f"{value_title(name, lv.value)} {lv.mean():.{digits}f}" for lv in rest]
        sentence += f"; then {', '.join(then)}" if then else ""
    for level in failed:
        how = level.variant.kind.replace("predicts", "predicted")
        sentence += f"; {value_title(name, level.value)} {how} ({level.mean():.3f})"
    sets = facts["sets"]
    if sets["all"] > 1:
        sentence += f"; best in {sets['agreeing']} of {sets['all']} settings of the rest"
    return f"{sentence}."


def _is(name: str) -> str:
    """Return the verb. Stems, lemmas and words are plural."""
    return "are" if name in ("normalize.reduce", "vectorize.ngram_range") else "is"


def _judgement(facts: Mapping[str, Any]) -> str:
    """Return how much of the difference to the runner-up chance explains."""
    low, high = facts["interval"]
    if low is None or high is None:
        return "on too few rows to judge it"
    interval = f"95 % {_signed_text(low)} to {_signed_text(high)}"
    if facts["seeds"] > 1:
        seeds = f"{facts['seeds']} seeds"
        if facts["beyond_rows"]:
            return f"more than chance ({interval} over {seeds})"
        return f"a difference that chance explains ({interval} over {seeds})"
    if facts["beyond_rows"]:
        return f"more than the test rows' chance ({interval}), but one seed cannot tell"
    return f"a difference that chance explains ({interval})"


def _signed_text(value: float) -> str:
    """Return ``+0.0031`` or ``−0.0002``, with enough digits to show the sign."""
    digits = next((n for n in (4, 5, 6) if round(value, n)), 4)
    return f"{value:+.{digits}f}".replace("-", "−") if round(value, digits) else "0.0000"


def _by_accuracy(name: str, best: _Level, second: _Level, facts: Mapping[str, Any]) -> str:
    """Return that the runner-up is right more often, or nothing."""
    p = facts["mcnemar"]["p"]
    ours, theirs = best.mean("accuracy"), second.mean("accuracy")
    if round(theirs, 4) <= round(ours, 4):
        return ""
    p_text = "< 0.001" if p < 0.001 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"
    words = value_title(name, second.value)
    return (
        f"; at the threshold {THRESHOLD:g} {words} {_is(name)} right more often, "
        f"{theirs:.3f} against {ours:.3f} (McNemar p {p_text})"
    )
