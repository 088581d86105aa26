"""Conclude from the variants which value of each setting is best.

settings ─ factors ─┐
comparisons ────────┼─▶ {factor, best, runner_up, difference, interval, …}, Holm ─▶ sentence
diagnoses ──────────┘

A conclusion says by how much the best value wins over the next one that learned, and whether that
is told apart from chance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reviewflow.evaluation.ablation import Factor, find_factors
from reviewflow.evaluation.conclusion_sentences import conclusion_sentence
from reviewflow.evaluation.diagnosis import FAILURES
from reviewflow.evaluation.significance import holm

METRIC = "roc_auc"  # accuracy at one threshold varies by a point with the last batches
VARIANT = "variant"  # the factor whose values are the variants themselves
CHANCE = 0.05  # of a false difference among all factors


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
    learned : whether it beats the majority class beyond chance. None takes it from the kind.
    """

    name: str
    number: int | None
    kind: str
    settings: Mapping[str, Any]
    learned: bool | None = None

    @property
    def has_learned(self) -> bool:
        """Whether the variant may be called best."""
        return self.kind not in FAILURES if self.learned is None else self.learned


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

    If no variant differs from the best one in a single setting, there is one more, of the factor
    ``variant``: the best variant against the next.

    Parameters
    ----------
    variants : in the configuration's order.
    comparisons : what :func:`reviewflow.evaluation.comparisons.compare_variants` returns.

    Notes
    -----
    Where several sets of variants differ in a factor alone (in a grid), the conclusion is that of
    the set with the best variant, among those in which two values learned if there are any: a value
    that failed beside a rate that is wrong for it says little of the value. Its sentence says in
    how many of the sets with this value it is best.

    Only values that learned are best or runner-up, if any did. The two are picked by their figures,
    and yet p of the difference is right: a two-sided test of the winner against the runner-up errs
    no more often than it says (Hung and Fithian, Annals of Statistics 47, 2019). Holm's correction
    counts the factors.
    """
    figures = {entry["group"]: entry for entry in comparisons.get("variants") or ()}
    sets: dict[str, list[list[_Level]]] = {}
    for factor in find_factors([variant.settings for variant in variants]):
        levels = _levels(factor, variants, figures)
        if len(levels) > 1:
            sets.setdefault(factor.name, []).append(levels)
    whole = _variants_as_levels(variants, figures)
    compared = {level.variant.number for own in sets.values() for levels in own for level in levels}
    if len(whole) > 1 and whole[0].variant.number not in compared:
        sets[VARIANT] = [whole]
    chosen = {name: max(own, key=_rank) for name, own in sets.items()}
    found = [_facts(name, chosen[name], sets[name], comparisons) for name in sets]
    adjusted = holm([facts["p"] for facts in found])
    judged = [
        facts | _verdict(facts, p, len(found)) for facts, p in zip(found, adjusted, strict=True)
    ]
    return [facts | {"sentence": conclusion_sentence(facts)} for facts in judged]


def _levels(
    factor: Factor, variants: Sequence[VariantOutcome], figures: Mapping[int, Any]
) -> list[_Level]:
    """Return the compared variants of a set, those that learned first.

    The best is in front.
    """
    levels = []
    for value, position in zip(factor.values, factor.variants, strict=True):
        variant = variants[position]
        if variant.number is not None and variant.number in figures:
            levels.append(_Level(value, variant, figures[variant.number]))
    return sorted(levels, key=lambda level: (not level.variant.has_learned, -level.mean()))


def _variants_as_levels(
    variants: Sequence[VariantOutcome], figures: Mapping[int, Any]
) -> list[_Level]:
    """Return all variants as values of one factor, one a model."""
    firsts = {each.number: position for position, each in reversed([*enumerate(variants)])}
    positions = tuple(sorted(firsts.values()))
    names = tuple(variants[position].name for position in positions)
    return _levels(Factor(VARIANT, names, positions), variants, figures)


def _rank(levels: Sequence[_Level]) -> tuple[bool, bool, float]:
    """Return whether two values of a set learned, and how good it is."""
    best, second = levels[0], levels[1]
    return best.variant.has_learned, second.variant.has_learned, best.mean()


def _facts(
    name: str,
    levels: Sequence[_Level],
    sets: Sequence[Sequence[_Level]],
    comparisons: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the figures of a conclusion, and p before any correction."""
    best, second = levels[0], levels[1]
    pair = _pair(best, second, comparisons)
    tried = [own for own in sets if any(level.value == best.value for level in own)]
    return {
        "factor": name,
        "analyzer": best.variant.settings.get("vectorize.analyzer", "word"),
        "metric": METRIC,
        "classes": comparisons.get("classes") or 2,
        "on": comparisons.get("on") or "test",
        "best": _summary(best),
        "runner_up": _summary(second),
        "difference": pair["difference"],
        "interval": [pair["low"], pair["high"]],
        "counts": pair["counts"],
        "p": pair["p"],
        "accuracy": pair["accuracy"],
        "mcnemar": pair["mcnemar"],
        "seeds": min(best.figures["seeds"], second.figures["seeds"]),
        "rows": comparisons["rows"],
        "beyond_rows": pair["low"] is not None and pair["low"] > 0,
        "sets": {
            "all": len(tried),
            "agreeing": sum(own[0].value == best.value for own in tried),
        },
        "values": [_details(level) for level in levels],
    }


def _verdict(facts: Mapping[str, Any], adjusted: float, factors: int) -> dict[str, Any]:
    """Return whether the difference is told apart from chance.

    ``beyond_chance`` is None where it is by the rows, and one seed cannot tell the rest.
    """
    clear = bool(facts["beyond_rows"]) and adjusted <= CHANCE
    verdict = clear if facts["seeds"] > 1 else None if clear else False
    return {"p_adjusted": adjusted, "factors": factors, "beyond_chance": verdict}


def _pair(best: _Level, second: _Level, comparisons: Mapping[str, Any]) -> dict[str, Any]:
    """Return the comparison of two variants, with the best as the first."""
    wanted = {best.variant.number, second.variant.number}
    pair = next(p for p in comparisons["pairs"] if {p["first"], p["second"]} == wanted)
    reverse = pair["first"] != best.variant.number
    figures, accuracy = (_reverse(pair[m]) if reverse else pair[m] for m in (METRIC, "accuracy"))
    return {
        **figures,
        "counts": pair["counts"],
        "accuracy": accuracy,
        "mcnemar": _mcnemar(pair["mcnemar"], reverse),
    }


def _mcnemar(found: Mapping[str, Any] | None, reverse: bool) -> dict[str, Any] | None:
    """Return McNemar's test as seen from the best, None with several seeds."""
    if found is None:
        return None
    rows = [found[name] for name in ("only_first", "only_second")]
    only_best, only_second = reversed(rows) if reverse else rows
    return {"only_best": only_best, "only_runner_up": only_second, "p": found["p"]}


def _reverse(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Return a difference and its interval with the opposite sign."""
    low, high = (None if figures[e] is None else -figures[e] for e in ("high", "low"))
    return {**figures, "difference": -figures["difference"], "low": low, "high": high}


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
        "learned": level.variant.has_learned,
    }
