"""What the variants show, a computed sentence a factor: best, by how much, and whether by chance.

settings ─ factors ─┐
comparisons ────────┼─▶ {factor, best, runner_up, difference, interval, …, sentence}
diagnoses ──────────┘
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reviewflow.evaluation.ablation import Factor, factor_words, factors, value_words
from reviewflow.evaluation.metrics import THRESHOLD

METRIC = "roc_auc"  # steady; accuracy at one threshold moves by a point with the last batches
FAILURES = ("diverged", "did not learn", "predicts one class")


@dataclass(frozen=True)
class Variant:
    """What is known of a variant.

    Attributes
    ----------
    name : what the configuration calls it.
    group : its number in the comparisons; variants with one trained model share it. None where
        it was not judged.
    kind : the diagnosis, as :data:`reviewflow.evaluation.diagnosis.Kind`; of several seeds the
        most frequent.
    settings : by full name, as JSON values.
    """

    name: str
    group: int | None
    kind: str
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class _Level:
    """One value of a factor with its variant and that variant's figures."""

    value: Any
    variant: Variant
    figures: Mapping[str, Any]

    def mean(self, metric: str = METRIC) -> float:
        return float(self.figures[metric]["mean"])


def conclusions(variants: Sequence[Variant], compared: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One conclusion a factor, in the order of the settings.

    Parameters
    ----------
    variants : in the configuration's order.
    compared : what :func:`reviewflow.evaluation.comparisons.comparisons` gives.

    Notes
    -----
    Where several sets of variants differ in a factor alone (in a grid), the set that holds the
    best variant speaks, and the sentence says in how many sets its winner wins.
    """
    figures = {entry["group"]: entry for entry in compared.get("variants") or ()}
    sets: dict[str, list[list[_Level]]] = {}
    for factor in factors([variant.settings for variant in variants]):
        levels = _levels(factor, variants, figures)
        if len(levels) > 1:
            sets.setdefault(factor.name, []).append(levels)
    return [_conclusion(name, found, compared) for name, found in sets.items()]


def _levels(
    factor: Factor, variants: Sequence[Variant], figures: Mapping[int, Any]
) -> list[_Level]:
    """The judged variants of a set, best first."""
    levels = []
    for value, position in zip(factor.values, factor.variants, strict=True):
        variant = variants[position]
        if variant.group is not None and variant.group in figures:
            levels.append(_Level(value, variant, figures[variant.group]))
    return sorted(levels, key=lambda level: -level.mean())


def _conclusion(
    name: str, sets: Sequence[list[_Level]], compared: Mapping[str, Any]
) -> dict[str, Any]:
    levels = max(sets, key=lambda found: found[0].mean())
    best, second = levels[0], levels[1]
    pair = _pair(best, second, compared)
    seeds = min(best.figures["seeds"], second.figures["seeds"])
    clear = pair["low"] is not None and pair["low"] > 0
    agreeing = sum(found[0].value == best.value for found in sets)
    facts = {
        "factor": name,
        "metric": METRIC,
        "best": _named(best),
        "runner_up": _named(second),
        "difference": pair["difference"],
        "interval": [pair["low"], pair["high"]],
        "accuracy": pair["accuracy"],
        "mcnemar": pair["mcnemar"],
        "seeds": seeds,
        "rows": compared["rows"],
        "beyond_rows": clear,
        "beyond_chance": clear if seeds > 1 else None if clear else False,
        "sets": {"all": len(sets), "agreeing": agreeing},
        "values": [_valued(level) for level in levels],
    }
    return facts | {"sentence": _sentence(name, levels, facts)}


def _pair(best: _Level, second: _Level, compared: Mapping[str, Any]) -> dict[str, Any]:
    """The comparison of two variants, with the best as the first."""
    wanted = {best.variant.group, second.variant.group}
    pair = next(p for p in compared["pairs"] if {p["first"], p["second"]} == wanted)
    turned = pair["first"] != best.variant.group
    figures, accuracy = (_turned(pair[m]) if turned else pair[m] for m in (METRIC, "accuracy"))
    rows = [pair["mcnemar"][name] for name in ("only_first", "only_second")]
    only_best, only_second = reversed(rows) if turned else rows
    return {
        **figures,
        "accuracy": accuracy,
        "mcnemar": {
            "only_best": only_best,
            "only_runner_up": only_second,
            "p": pair["mcnemar"]["p"],
        },
    }


def _turned(figures: Mapping[str, Any]) -> dict[str, Any]:
    """A difference and its interval seen from the other side."""
    low, high = (None if figures[e] is None else -figures[e] for e in ("high", "low"))
    return {"difference": -figures["difference"], "low": low, "high": high}


def _named(level: _Level) -> dict[str, Any]:
    return {
        "value": level.value,
        "variant": level.variant.name,
        "roc_auc": level.mean(),
        "accuracy": level.mean("accuracy"),
    }


def _valued(level: _Level) -> dict[str, Any]:
    return {
        **_named(level),
        "interval": [level.figures[METRIC]["low"], level.figures[METRIC]["high"]],
        "kind": level.variant.kind,
    }


def _sentence(name: str, levels: Sequence[_Level], facts: Mapping[str, Any]) -> str:
    """``Learning rate: 0.01 is best, ROC AUC 0.958 against 0.952 with 0.1, more than …``"""
    best, *others = levels
    if best.variant.kind in FAILURES:
        told = ", ".join(f"{value_words(name, lv.value)} {lv.mean():.3f}" for lv in levels)
        return f"{factor_words(name)}: no value learned (ROC AUC {told})."
    learned = [level for level in others if level.variant.kind not in FAILURES]
    failed = [level for level in others if level.variant.kind in FAILURES]
    digits = 3 if all(round(lv.mean(), 3) != round(best.mean(), 3) for lv in learned) else 4
    words = value_words(name, best.value)
    sentence = f"{factor_words(name)}: {words} {_is(name)} best"
    sentence += f", ROC AUC {best.mean():.{digits}f}"
    if learned:
        second, *rest = learned
        sentence += f" against {second.mean():.{digits}f} with {value_words(name, second.value)}"
        sentence += f", {_judgement(facts)}{_by_accuracy(name, best, second, facts)}"
        then = [f"{value_words(name, lv.value)} {lv.mean():.{digits}f}" for lv in rest]
        sentence += f"; then {', '.join(then)}" if then else ""
    for level in failed:
        how = level.variant.kind.replace("predicts", "predicted")
        sentence += f"; {value_words(name, level.value)} {how} ({level.mean():.3f})"
    sets = facts["sets"]
    if sets["all"] > 1:
        sentence += f"; best in {sets['agreeing']} of {sets['all']} settings of the rest"
    return f"{sentence}."


def _is(name: str) -> str:
    """Stems, lemmas and words are many."""
    return "are" if name in ("normalize.reduce", "vectorize.ngram_range") else "is"


def _judgement(facts: Mapping[str, Any]) -> str:
    """How much of the difference between the best and the runner-up chance explains."""
    low, high = facts["interval"]
    if low is None or high is None:
        return "on too few rows to judge it"
    interval = f"95 % {_signed(low)} to {_signed(high)}"
    if facts["seeds"] > 1:
        seeds = f"{facts['seeds']} seeds"
        if facts["beyond_rows"]:
            return f"more than chance ({interval} over {seeds})"
        return f"a difference that chance explains ({interval} over {seeds})"
    if facts["beyond_rows"]:
        return f"more than the test rows' chance ({interval}), but one seed cannot tell"
    return f"a difference that chance explains ({interval})"


def _signed(value: float) -> str:
    """``+0.0031`` or ``−0.0002``, with more digits where four would hide the sign."""
    digits = next((n for n in (4, 5, 6) if round(value, n)), 4)
    return f"{value:+.{digits}f}".replace("-", "−") if round(value, digits) else "0.0000"


def _by_accuracy(name: str, best: _Level, second: _Level, facts: Mapping[str, Any]) -> str:
    """Where the runner-up is right more often, that; else nothing."""
    p = facts["mcnemar"]["p"]
    ours, theirs = best.mean("accuracy"), second.mean("accuracy")
    if round(theirs, 4) <= round(ours, 4):
        return ""
    told = "< 0.001" if p < 0.001 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"
    words = value_words(name, second.value)
    return (
        f"; at the threshold {THRESHOLD:g} {words} {_is(name)} right more often, "
        f"{theirs:.3f} against {ours:.3f} (McNemar p {told})"
    )
