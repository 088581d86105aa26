"""Say in a sentence which variant is best, and which did not learn.

The page's headline, `reviewflow run` and the tests of honesty read the same sentences.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reviewflow.evaluation.metrics import METRICS, metric_named
from reviewflow.evaluation.seed_kinds import KINDS
from reviewflow.formatting import LONGEST, amount, figure, finite, join_names, quote_names, visible
from reviewflow.reporting.page.variant_table import VariantRow, interval_text, variant_rows

HEADLINE_DIGITS = 3
WIDE = 0.1  # an interval that a figure is not shown without
MOST_NAMES = 3  # of variants of one kind
FEW_NAMES = 3  # where there are more, the others being a number


def result_lines(run: dict[str, Any], data: Mapping[str, Any]) -> tuple[str, str]:
    """Return the result of a completed run, and what went wrong in it.

    Parameters
    ----------
    run : the content of run.json.
    data : what ``report_data.read_report_data`` returns.
    """
    variants = variant_rows(run, data)
    best = next((variant for variant in variants if variant.best), None)
    return result_sentence(run, best, variants), kinds_sentence(variants)


def result_sentence(
    run: Mapping[str, Any],
    best: VariantRow | None,
    variants: Sequence[VariantRow],
    is_headline: bool = False,
) -> str:
    """Return the figures of the best variant, or that none learned.

    Parameters
    ----------
    is_headline : leave out the interval and the rows, which stand below a headline. A wide interval
        stays.
    """
    if run.get("learned") is False and variants:
        return _no_learner_sentence(run, variants)
    if best is None:
        return "The run completed."
    majority = majority_figure(run, "accuracy")
    accuracy = best.cells["test"]["accuracy"].value
    if majority is not None and accuracy is not None and accuracy < majority:
        kept = range(HEADLINE_DIGITS, 6)  # as many digits as show which one is larger
        digits = next((n for n in kept if round(majority, n) != round(accuracy, n)), 6)
        return (
            f"Always answering {majority_answer(run)} is right more often than "
            f"{_subject(best, variants)}: {figure(majority, digits)} against "
            f"{figure(accuracy, digits)} of the test rows."
        )
    is_choice = len(variants) > 1 and (run.get("best") or {}).get("chosen_on")
    chosen = f" is the best of {len(variants)} variants" if is_choice else ""
    is_short = is_headline and not is_uncertain(run, best)
    figures = _headline_figures(run, best, with_interval=not is_short)
    where = "" if is_short else f" on {_where(run, best, variants)}"
    return f"{best.name}{chosen}: {figures}{where}."


def is_uncertain(run: Mapping[str, Any], best: VariantRow) -> bool:
    """Return whether the first figure has a wide interval: few test rows."""
    ends = best.cells["test"][_shown_metrics(run)[0]].ends
    return ends is not None and ends[1] - ends[0] > WIDE


def basis_sentence(run: Mapping[str, Any], best: VariantRow) -> str:
    """Return on how many test rows the best variant was measured."""
    metric = _shown_metrics(run)[0]
    interval = interval_text(best.cells["test"][metric].ends, HEADLINE_DIGITS)
    title = metric_named(metric).title_among(best.classes)
    within = f" (95 % of {title}: {interval})" if interval else ""
    means = f", as means of {best.seeds} seeds" if best.seeds > 1 else ""
    return f"Measured on {_rows(best, 'test')}{within}{means}."


def kinds_sentence(variants: Sequence[VariantRow]) -> str:
    """Return which variants have which trouble, or that all learned."""
    phrases = kind_phrases(variants)
    if not phrases:
        return "It learned." if len(variants) == 1 else "All variants learned."
    return f"{'; '.join(phrases)}."


def kind_phrases(variants: Sequence[VariantRow]) -> list[str]:
    """Return a phrase for each kind of diagnosis other than learned.

    ``2 of 8 variants did not learn: sigmoid and zero weights``. Seeds that failed where most did
    not have one, too.
    """
    kinds = dict.fromkeys([*KINDS, *(variant.kind for variant in variants)])
    phrases = []
    for kind in kinds:
        names = [variant.name for variant in variants if variant.kind == kind]
        if not names or kind in ("", "learned"):
            continue
        one, several = KINDS.get(kind, (kind, kind))
        if len(variants) == 1:
            phrases.append(f"{names[0]} {one}")
        else:
            how = one if len(names) == 1 else several
            count = f"{len(names)} of {len(variants)} variants"
            most = MOST_NAMES if len(names) <= MOST_NAMES else FEW_NAMES
            phrases.append(f"{count} {how}: {join_names(quote_names(names), most)}")
    return phrases + [
        f"“{variant.name}”: {failure}" for variant in variants for failure in variant.seed_failures
    ]


def majority_figure(run: Mapping[str, Any], metric: str, split: str = "test") -> float | None:
    """Return a figure of always answering with the most frequent class."""
    for baseline in run.get("baselines") or ():
        if baseline.get("name") == "majority class":
            metrics = (baseline.get("metrics") or {}).get(split) or {}
            return finite(metrics.get(metric))
    return None


def majority_answer(run: Mapping[str, Any]) -> str:
    """Return the name of the most frequent class of the training rows."""
    classes = (run.get("data") or {}).get("classes") or ()
    if not classes:
        return "with the majority class"
    return visible(max(classes, key=lambda one: one.get("train") or 0).get("name"), 80)


def _subject(best: VariantRow, variants: Sequence[VariantRow]) -> str:
    """Return the best variant with its ROC AUC, for inside a sentence."""
    metric, cell = metric_named("roc_auc"), best.cells["test"]["roc_auc"]
    area = f" ({metric.title_among(best.classes)} {figure(cell.value, HEADLINE_DIGITS)})"
    ranks = f", which ranks best of {len(variants)} variants" if len(variants) > 1 else ""
    return f"{best.name}{ranks}{area}"


def _no_learner_sentence(run: Mapping[str, Any], variants: Sequence[VariantRow]) -> str:
    majority = figure(majority_figure(run, "accuracy"), HEADLINE_DIGITS)
    chance = f"always answering {majority_answer(run)} beyond chance"
    right = f", which is right for {majority} of the test rows" if majority != "–" else ""
    if len(variants) == 1:
        return f"{variants[0].name} did not learn: it does not beat {chance}{right}."
    return f"No variant learned: none of {len(variants)} beats {chance}{right}."


def _shown_metrics(run: Mapping[str, Any]) -> list[str]:
    """Return the metric of the choice and the usual two."""
    chosen_by = (run.get("best") or {}).get("metric") or "roc_auc"
    names = dict.fromkeys([chosen_by, "roc_auc", "accuracy"])
    return [name for name in names if name in {metric.name for metric in METRICS}]


def _headline_figures(run: Mapping[str, Any], best: VariantRow, with_interval: bool) -> str:
    """Return the metric of the choice and the usual two, in words."""
    words: list[str] = []
    for name in _shown_metrics(run):
        cell, title = best.cells["test"][name], metric_named(name).title_among(best.classes)
        text = figure(cell.value, HEADLINE_DIGITS)
        is_first = with_interval and not words
        interval = interval_text(cell.ends, HEADLINE_DIGITS) if is_first else ""
        within = f" (95 %: {interval})" if interval else ""
        words.append(f"{title} {text}{within}")
    return join_names(words)


def _where(run: Mapping[str, Any], best: VariantRow, variants: Sequence[VariantRow]) -> str:
    """Return on which rows the figures are, and on which it was chosen."""
    test = _rows(best, "test")
    chosen_on = visible((run.get("best") or {}).get("chosen_on") or "", LONGEST)
    if len(variants) == 1 or not chosen_on:
        return test
    if chosen_on == "test":
        return f"the {test.removeprefix('the ')} that it was chosen on"
    return f"{test}, chosen on {_rows(best, chosen_on)}"


def _rows(best: VariantRow, split: str) -> str:
    count = best.rows.get(split)
    return f"the {split} rows" if count is None else amount(count, f"{split} row")
