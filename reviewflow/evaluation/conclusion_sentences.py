"""Write a conclusion as a sentence, from its entry in run.json alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reviewflow.evaluation.ablation import factor_title, value_title
from reviewflow.evaluation.metrics import metric_named
from reviewflow.formatting import join_names

Level = Mapping[str, Any]


def conclusion_sentence(facts: Mapping[str, Any]) -> str:
    """Return a sentence such as ``Learning rate: 0.01 is best, ROC AUC …``.

    Parameters
    ----------
    facts : a conclusion of run.json. ``values`` has those that learned first, each by its figure.
    """
    name, values = facts["factor"], facts["values"]
    metric = metric_named(facts["metric"]).title_among(facts["classes"])
    learned = [level for level in values if level["learned"]]
    failed = [level for level in values if not level["learned"]]
    if not learned:
        areas = ", ".join(f"{_title(facts, lv)} {lv['roc_auc']:.3f}" for lv in failed)
        return f"{factor_title(name)}: no value learned ({metric} {areas})."
    best, others = learned[0], learned[1:]
    digits = 3 if all(_three_digits(lv) != _three_digits(best) for lv in others) else 4
    sentence = f"{factor_title(name)}: {_title(facts, best)} {_is(name)} {_best(facts, others)}"
    sentence += f", {metric} {best['roc_auc']:.{digits}f}"
    if others:
        second = others[0]
        sentence += f" against {second['roc_auc']:.{digits}f} with {_title(facts, second)}"
        sentence += f", {_judgement(facts)}"
    sentences = [sentence, *_other_values(facts, best, others, digits)]
    if failed and not others:
        runner_up = failed.pop(0)
        ours, fate = f"{runner_up['roc_auc']:.{digits}f}", _failure(runner_up["kind"], 1)
        sentences.append(f"{_title(facts, runner_up)} {fate}, {metric} {ours}, {_judgement(facts)}")
    sentences += _failures(facts, failed, digits)
    sets = facts["sets"]
    if sets["all"] > 1:
        sentences.append(f"Best in {sets['agreeing']} of {sets['all']} settings of the rest")
    return " ".join(f"{one}." for one in sentences)


def _other_values(
    facts: Mapping[str, Any], best: Level, others: Sequence[Level], digits: int
) -> list[str]:
    """Return that the runner-up is right more often, and the values after it."""
    if not others:
        return []
    second, *rest = others
    then = [f"{_title(facts, lv)} ({lv['roc_auc']:.{digits}f})" for lv in rest]
    return [*_by_accuracy(facts, best, second), *([f"Then {join_names(then)}"] if then else [])]


def _failures(facts: Mapping[str, Any], failed: Sequence[Level], digits: int) -> list[str]:
    """Return the values that did not learn, those of one kind together."""
    kinds: dict[str, list[str]] = {}
    for level in failed:
        value = f"{_title(facts, level)} ({level['roc_auc']:.{digits}f})"
        kinds.setdefault(level["kind"], []).append(value)
    return [f"{join_names(own, 20)} {_failure(kind, len(own))}" for kind, own in kinds.items()]


def _best(facts: Mapping[str, Any], others: Sequence[Level]) -> str:
    """Return ``best``, or ``ahead`` of a value that it is not told apart from."""
    return "best" if facts["beyond_chance"] is not False or not others else "ahead"


def _title(facts: Mapping[str, Any], level: Level) -> str:
    return value_title(facts["factor"], level["value"], facts.get("analyzer", "word"))


def _three_digits(level: Level) -> float:
    return round(float(level["roc_auc"]), 3)


def _is(name: str) -> str:
    """Return the verb. Stems, lemmas and words are plural."""
    return "are" if name in ("normalize.reduce", "vectorize.ngram_range") else "is"


def _failure(kind: str, count: int) -> str:
    """Return what became of values that did not learn, in the past tense."""
    was = "was" if count == 1 else "were"
    if kind == "no better than the majority":
        return f"{was} no better than the majority class"
    if kind == "not told apart from chance":
        return f"{was} not told apart from chance"
    if kind in ("diverged", "did not learn"):
        return kind
    return "predicted one class" if kind == "predicts one class" else "did not beat chance"


def _judgement(facts: Mapping[str, Any]) -> str:
    """Return whether the difference is told apart from chance."""
    low, high = facts["interval"]
    if low is None or high is None:
        return "on too few rows to judge it"
    several = facts["seeds"] > 1
    chance = f"{facts['rows']:,} {facts['on']} rows" + f" and {facts['seeds']} seeds" * several
    interval = f"95 % {_signed_text(low)} to {_signed_text(high)} over {chance}"
    if high < 0:
        return f"though it ranks better ({interval})"
    if facts["beyond_chance"] is None:
        return f"more than the {facts['on']} rows' chance ({interval}), but one seed cannot tell"
    if facts["beyond_chance"]:
        return f"more than chance ({interval})"
    if facts["beyond_rows"]:
        return (
            f"not told apart from chance among {facts['factors']} comparisons (p "
            f"{p_text(facts['p_adjusted'])} by Holm's correction, {interval})"
        )
    return f"not told apart from chance ({interval})"


def _signed_text(value: float) -> str:
    """Return ``+0.0031`` or ``−0.0002``, with enough digits to show the sign."""
    digits = next((n for n in (4, 5, 6) if round(value, n)), 4)
    return f"{value:+.{digits}f}".replace("-", "−") if round(value, digits) else "0.0000"


def p_text(p: float) -> str:
    """Return a p with the digits that matter: ``< 0.001``, ``0.03``."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def _by_accuracy(facts: Mapping[str, Any], best: Level, second: Level) -> list[str]:
    """Return that the runner-up is right more often, or nothing."""
    verb = _is(facts["factor"])
    ours, theirs = best["accuracy"], second["accuracy"]
    if round(theirs, 4) <= round(ours, 4):
        return []
    title = _title(facts, second)
    return [f"By accuracy {title} {verb} ahead, {theirs:.3f} against {ours:.3f}"]
