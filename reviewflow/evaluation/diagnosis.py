"""Diagnose how a training went, from its losses and its metrics.

history, metrics, settings ─▶ kind ─▶ a sentence with its numbers, and what to try
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite, log
from typing import Any, Literal, NamedTuple

from reviewflow.evaluation.majority import (
    CHANCE,
    AgainstMajority,
    class_rows,
    compare_with_majority,
)
from reviewflow.evaluation.metrics import (
    CLASS_NAMES,
    THRESHOLD,
    confusion_counts,
    mean_figures,
)
from reviewflow.evaluation.remedies import remedy
from reviewflow.evaluation.seed_kinds import seed_phrases
from reviewflow.evaluation.significance import fisher_test

Kind = Literal[
    "diverged",
    "did not learn",
    "predicts one class",
    "no better than the majority",
    "not told apart from chance",
    "below the majority",
    "overfits",
    "under-trained",
    "learned",
]
Row = Mapping[str, Any]

# Kinds of a variant that decides nothing: it is never praised.
FAILURES = (
    "diverged",
    "did not learn",
    "predicts one class",
    "no better than the majority",
    "not told apart from chance",
)
UNTRAINED = ("diverged", "did not learn")

# A network that has begun to learn leaves the loss of guessing by far more than this within an
# epoch. The noise of a mean over a thousand steps is smaller.
LEAST_FALL = 0.01
# Twice the loss of K equally likely classes, at which a training starts: no network that learns
# ends an epoch there.
DIVERGED_FACTOR = 2.0
# More than the spread of accuracy over seeds and the usual gap of a text classifier.
OVERFIT_ACCURACY_GAP = 0.05
# After an epoch that reduced the loss by more than this share, another one is worth its time.
STILL_FALLING_SHARE = 0.05
# Trained networks have gradients of 0.01 to 1 here. Below this a step changes next to nothing.
VANISHED_GRADIENT = 1e-3
# A ranking that is worth a word although the classes are all the same.
GOOD_RANKING = 0.6


class Diagnosis(NamedTuple):
    """What happened, as a kind and as a sentence with its numbers.

    ``learned`` says whether the network beats the majority class beyond chance.
    """

    kind: Kind
    sentence: str
    learned: bool


@dataclass(frozen=True)
class Setting:
    """What a diagnosis depends on beside history and metrics.

    Attributes
    ----------
    on : the split whose rows decide, as ``select.on``.
    train : section of the settings as JSON values; empty if unknown.
    class_names : what people call each class.
    variants : how many are compared, all of which share the same chance of an error.
    """

    on: str = "test"
    train: Mapping[str, Any] = field(default_factory=dict)
    class_names: Sequence[str] = CLASS_NAMES
    variants: int = 1


@dataclass(frozen=True)
class _Case:
    """One training: its epochs and figures."""

    epochs: Sequence[Row]
    train: Mapping[str, Any]
    others: Mapping[str, Any]  # figures of the rows that decide
    setting: Setting
    against: AgainstMajority | None

    @property
    def losses(self) -> list[float]:
        return [float(row["loss"]) for row in self.epochs]

    @property
    def is_balanced(self) -> bool:
        """Whether classes weigh the same, so that losses are not log losses."""
        return self.setting.train.get("class_weight") == "balanced"

    @property
    def classes(self) -> int:
        return max(len(class_rows(self.train)), 2)

    @property
    def guessing(self) -> float:
        return guessing_loss(self.train, "balanced" if self.is_balanced else "none")

    @property
    def final_loss(self) -> float | None:
        """The trained network's loss on the training rows, if known."""
        loss = self.train.get("log_loss")
        return None if loss is None or self.is_balanced else float(loss)

    @property
    def least_loss(self) -> float:
        """The lower one of the last epoch's mean and the final loss."""
        return min(self.losses[-1], self.losses[-1] if self.final_loss is None else self.final_loss)

    @property
    def threshold(self) -> float:
        return float(self.others.get("threshold") or THRESHOLD)


def diagnose(
    history: Sequence[Row], metrics: Mapping[str, Any], setting: Setting = Setting()
) -> Diagnosis:
    """Return the first kind of :data:`Kind` that fits, with a sentence.

    Parameters
    ----------
    history : rows of ``history.parquet``: ``epoch``, ``kind``, ``loss`` and, where the row has
        them, ``gradient_norms``, ``dead_shares`` and ``distinct_units``.
    metrics : content of ``metrics.json``; any figure may be None.
    """
    against = compare_with_majority(metrics, setting.on)
    case = _Case(
        [row for row in history if row["kind"] == "epoch"],
        metrics.get("train") or {},
        metrics.get(setting.on) or {},
        setting,
        against,
    )
    kind, sentence = _first_kind(case)
    return Diagnosis(kind, sentence, _beats_chance(case) and kind not in UNTRAINED)


def guessing_loss(train: Mapping[str, Any], class_weight: str = "none") -> float:
    """Return the training loss of always predicting the shares of the classes.

    Every place that compares a loss with guessing takes it from here.

    Parameters
    ----------
    train : metrics of the training rows; without them the classes count as two balanced ones.
    class_weight : the setting; balanced classes weigh the same in the loss, whatever their rows.
    """
    rows = class_rows(train)
    if class_weight == "balanced":
        return log(max(len(rows), 2))
    return class_entropy(*rows)


def class_entropy(*rows: float) -> float:
    """Return the entropy of classes in nats.

    Parameters
    ----------
    rows : of each class. Without any row the classes count as balanced, and as two at least.
    """
    total = sum(rows)
    if not total:
        return log(max(len(rows), 2))
    shares = [count / total for count in rows]
    return -sum(share * log(share) for share in shares if share)


def guessing_title(loss: float, classes: int = 2) -> str:
    """Return ``ln 2``, or the number where the classes are not balanced."""
    balanced = round(loss, 3) == round(log(classes), 3)
    return f"ln {classes}" if balanced else f"{loss:.3f}"


def rounds_to_ln_2(loss: float) -> bool:
    """Return whether a loss equals ln 2 to three decimals."""
    return guessing_title(loss) == "ln 2"


def diagnose_seeds(
    histories: Sequence[Sequence[Row]],
    metrics: Sequence[Mapping[str, Any]],
    setting: Setting = Setting(),
    seeds: Sequence[int] = (),
) -> Diagnosis:
    """Return the diagnosis of a variant from one or more seeds.

    The kind is the most frequent one among the seeds. The numbers are means over the seeds of that
    kind where the means of all are of another, or those of one seed that the sentence names. Seeds
    of other kinds are counted behind it.

    Parameters
    ----------
    histories, metrics : of each seed, as :func:`diagnose` takes them.
    seeds : the seeds, to name one.
    """
    found = [diagnose(*one, setting) for one in zip(histories, metrics, strict=True)]
    if len(found) == 1:
        return found[0]
    kind = Counter(each.kind for each in found).most_common(1)[0][0]
    accuracies = [(each.get(setting.on) or {}).get("accuracy") for each in metrics]
    others = seed_phrases([each.kind for each in found], accuracies, kind).values()
    whole = diagnose(mean_history(histories), mean_figures(metrics), setting)
    own = [number for number, each in enumerate(found) if each.kind == kind or whole.kind == kind]
    mean = diagnose(
        mean_history([histories[number] for number in own]),
        mean_figures([metrics[number] for number in own]),
        setting,
    )
    if mean.kind == kind:
        sentence = f"{mean.sentence} {_range_over_seeds(metrics, own, setting.on)}"
    else:
        which = f" (seed {seeds[own[0]]})" if seeds else ""
        many = f"all {len(found)}" if len(own) == len(found) else f"{len(own)} of {len(found)}"
        sentence = f"{found[own[0]].sentence[:-1]}{which}. So with {many} seeds."
    sentence = " ".join((sentence, *(f"{phrase}." for phrase in others)))
    against = compare_with_majority(mean_figures(metrics), setting.on)
    beats_chance = against is not None and against.beats_chance(setting.variants)
    return Diagnosis(kind, sentence, beats_chance and kind not in UNTRAINED)


def _range_over_seeds(metrics: Sequence[Mapping[str, Any]], own: Sequence[int], on: str) -> str:
    """Return a sentence such as ``Means of 3 seeds.``, with their range."""
    several = "Means of" if len(own) > 1 else "So with"
    many = (
        f"{len(own)} seeds" if len(own) == len(metrics) else f"{len(own)} of {len(metrics)} seeds"
    )
    found = [(metrics[number].get(on) or {}).get("accuracy") for number in own]
    known = [accuracy for accuracy in found if accuracy is not None]
    if len(known) < 2:
        return f"{several} {many}."
    return f"{several} {many}, whose accuracy is {min(known):.3f} to {max(known):.3f}."


def mean_history(histories: Sequence[Sequence[Row]]) -> list[dict[str, Any]]:
    """Return the means of several seeds' epochs.

    Epochs that one of them lacks are left out, as after an early stop.
    """
    epochs = [[row for row in history if row["kind"] == "epoch"] for history in histories]
    return [mean_figures(rows) for rows in zip(*epochs, strict=False)]


def _first_kind(case: _Case) -> tuple[Kind, str]:
    if not case.epochs:
        return "did not learn", "Did not learn: there is no epoch in its history."
    answers: tuple[tuple[Kind, str], ...] = (
        ("diverged", _divergence(case)),
        ("did not learn", _no_learning(case)),
        ("predicts one class", _one_class(case)),
        ("no better than the majority", _no_better(case)),
        ("not told apart from chance", _indistinct(case)),
        ("below the majority", _below_majority(case)),
        ("overfits", _overfitting(case)),
        ("under-trained", _under_training(case)),
    )
    for kind, sentence in answers:
        if sentence:
            return kind, sentence
    final = case.final_loss
    fell = f"fell to {case.losses[-1]:.3f}" if final is None else f"is {final:.3f} on training rows"
    return "learned", f"Learned: the loss {fell}{_right_rows(case)}."


def _divergence(case: _Case) -> str:
    way_out = remedy("diverged", case.setting.train)
    broken = [row["epoch"] for row in case.epochs if not isfinite(row["loss"])]
    if broken:
        return (
            f"Diverged: the loss was no longer a number in epoch {broken[0]} of "
            f"{len(case.epochs)}; {way_out}."
        )
    if case.losses[-1] > DIVERGED_FACTOR * log(case.classes):
        return (
            f"Diverged: the loss ended at {case.losses[-1]:.3f}, where guessing gives "
            f"{case.guessing:.3f}; {way_out}."
        )
    return ""


def _no_learning(case: _Case) -> str:
    if case.least_loss < case.guessing - LEAST_FALL:
        return ""
    title = guessing_title(case.guessing, case.classes)
    name = "the loss of guessing" if title[:2] != "ln" else title
    plural = "epoch" if len(case.epochs) == 1 else "epochs"
    facts = [
        f"after {len(case.epochs)} {plural} the loss is {case.least_loss:.3f}, "
        f"{name} being {case.guessing:.3f}",
        _cause(case.epochs[-1]),
        _one_answer(case),
        _ranking(case),
        remedy(_unlearned_reason(case), case.setting.train, _steps(case)),
    ]
    return f"Did not learn: {'; '.join(fact for fact in facts if fact)}."


def _steps(case: _Case) -> str:
    """Return ``800 rows × 10 epochs are 500 steps``, if known."""
    rows, size = case.train.get("rows"), case.setting.train.get("batch_size")
    if not rows or not size:
        return ""
    epochs = len(case.epochs)
    steps = -(-round(rows) // size) * epochs
    plural = "epoch" if epochs == 1 else "epochs"
    return f"{round(rows):,} rows × {epochs:,} {plural} are {steps:,} steps"


def _unlearned_reason(case: _Case) -> str:
    """Return which remedy a network that did not learn needs."""
    last = case.epochs[-1]
    if 1 in (last.get("distinct_units") or ()):
        return "equal units"
    if 1 in (last.get("dead_shares") or ()):
        return "dead units"
    return "vanished gradient" if _is_vanished(last) else "did not learn"


def _is_vanished(last: Row) -> bool:
    norms = list(last.get("gradient_norms") or ())
    return bool(norms) and norms[0] < VANISHED_GRADIENT


def _cause(last: Row) -> str:
    """Return the first cause that the layers show, or nothing."""
    rows = last.get("sampled_rows")
    sample = f" on {round(rows):,} sampled rows" if rows else ""
    for layer, units in enumerate(last.get("distinct_units") or (), 1):
        if units == 1:
            return f"all units of hidden layer {layer} are the same"
    for layer, share in enumerate(last.get("dead_shares") or (), 1):
        if share == 1:
            return f"all units of hidden layer {layer} are dead{sample}"
    norms = list(last.get("gradient_norms") or ())
    if norms and _is_vanished(last):
        return f"the first layer's gradient has a norm of only {norms[0]:.1g}{sample}"
    return ""


def _one_answer(case: _Case) -> str:
    """Return which class every row is said to be of, if it is one alone."""
    counts = confusion_counts(case.others)
    if counts is None or sum(map(any, counts)) < 2:
        return ""  # unknown, or the rows themselves are of one class
    called = [number for number, column in enumerate(zip(*counts, strict=True)) if any(column)]
    if len(called) > 1:
        return ""
    names = case.setting.class_names
    name = names[called[0]] if len(names) == len(counts) else f"class {called[0]}"
    return f"it calls every {case.setting.on} row {name}"


def _ranking(case: _Case) -> str:
    """Return that a network ranks rows well, whatever it calls them."""
    auc = case.others.get("roc_auc")
    if not auc or auc <= GOOD_RANKING:
        return ""
    macro = "macro " * (case.classes > 2)
    return f"it ranks {case.setting.on} rows with {macro}ROC AUC {auc:.3f} all the same"


def _indecision(case: _Case) -> str:
    """Return which remedy a network needs that ranks rows and does not decide."""
    return "ranked" if case.classes == 2 else "ranked among several"


def _one_class(case: _Case) -> str:
    answer, ranking = _one_answer(case), _ranking(case)
    if not answer:
        return ""
    reason = _indecision(case) if ranking else "did not learn"
    facts = [
        f"{answer}, accuracy {case.others['accuracy']:.3f}{_majority(case)}",
        ranking,
        remedy(reason, case.setting.train, _steps(case)),
    ]
    return f"Predicts one class: {'; '.join(fact for fact in facts if fact)}."


def _majority(case: _Case) -> str:
    """Return the accuracy of the majority class, in brackets."""
    return "" if case.against is None else f" (majority class {case.against.majority:.3f})"


def _no_better(case: _Case) -> str:
    against, ranking = case.against, _ranking(case)
    if against is None or against.accuracy > against.majority or _beats_chance(case):
        return ""
    reason = _indecision(case) if ranking else "did not learn"
    if _accuracy_gap(case) > OVERFIT_ACCURACY_GAP:
        reason = "learned by heart"
    advice = remedy(reason, case.setting.train, _steps(case))
    facts = [_beside_majority(case, against), ranking, advice]
    return f"No better than the majority class: {'; '.join(filter(None, facts))}."


def _indistinct(case: _Case) -> str:
    """Return that a network is ahead of the majority class by too little."""
    if case.against is None or _beats_chance(case):
        return ""
    advice = remedy("undecided", case.setting.train)
    return f"Not told apart from chance: {_beside_majority(case, case.against)}; {advice}."


def _beats_chance(case: _Case) -> bool:
    return case.against is not None and case.against.beats_chance(case.setting.variants)


def _beside_majority(case: _Case, against: AgainstMajority) -> str:
    """Return the accuracy next to that of the majority class."""
    return (
        f"accuracy {against.accuracy:.3f} on {round(case.others['rows']):,} {case.setting.on} "
        f"rows, where the majority class has {against.majority:.3f}"
    )


def _below_majority(case: _Case) -> str:
    against = case.against
    if against is None or against.accuracy >= against.majority:
        return ""
    counts = [row for row in confusion_counts(case.others) or () if any(row)]
    recalls = [row[number] / sum(row) for number, row in enumerate(counts)]
    is_wanted = case.is_balanced or case.threshold != THRESHOLD
    return (
        f"Right less often than the majority class: accuracy {against.accuracy:.3f} on "
        f"{case.setting.on} rows against {against.majority:.3f}, though it tells the classes apart "
        f"(mean recall {sum(recalls) / len(recalls):.3f}); "
        f"{remedy('traded accuracy' if is_wanted else 'below', case.setting.train)}."
    )


def _accuracy_gap(case: _Case) -> float:
    """Return by how much accuracy is higher on training rows, 0 if unknown."""
    ours, theirs = case.train.get("accuracy"), case.others.get("accuracy")
    return 0.0 if ours is None or theirs is None else float(ours - theirs)


def _overfitting(case: _Case) -> str:
    """Return that a network knows its training rows too well, or nothing.

    A gap of accuracy alone does no harm: many features always leave one. The gap must exceed
    chance, and the network must be too sure of itself on other rows.
    """
    loss, honest = case.others.get("log_loss"), _honest_loss(case)
    is_worse = loss is None or case.is_balanced or loss > honest
    is_gap = _accuracy_gap(case) > OVERFIT_ACCURACY_GAP
    if not (is_gap and is_worse and _claimed_loss(case) < honest and _is_gap_beyond_chance(case)):
        return ""
    sure = f", too sure of itself with a log loss of {loss:.3f}" if loss and loss > honest else ""
    return (
        f"Overfits: accuracy is {case.train['accuracy']:.3f} on training rows and "
        f"{case.others['accuracy']:.3f} on {case.setting.on} rows{_majority(case)}{sure}; "
        f"{remedy('overfits', case.setting.train)}."
    )


def _claimed_loss(case: _Case) -> float:
    """Return the log loss that a network expects: that of training rows.

    A network of which this is above :func:`_honest_loss` is rather too unsure of other rows.
    """
    loss = case.train.get("log_loss")
    return case.losses[-1] if loss is None else float(loss)


def _is_gap_beyond_chance(case: _Case) -> bool:
    """Return whether the lead of the training rows exceeds chance.

    Fisher's exact test of being a training row and being right.
    """
    ours, theirs = (float(each.get("rows") or 0) for each in (case.train, case.others))
    right = ours * case.train["accuracy"]
    all_right = right + theirs * case.others["accuracy"]
    p = fisher_test(right, ours, all_right, ours + theirs)
    return p * case.setting.variants <= CHANCE


def _honest_loss(case: _Case) -> float:
    """Return the log loss of stating the accuracy itself for every row.

    The stated class gets the accuracy as its probability, and the others share the rest.
    """
    known = case.others.get("accuracy")
    if known is None:
        return 0.0
    accuracy = float(known)
    return class_entropy(accuracy, 1 - accuracy) + (1 - accuracy) * log(max(case.classes - 1, 1))


def _under_training(case: _Case) -> str:
    losses = case.losses
    if len(losses) == 1:
        return f"Under-trained: one epoch only, loss {losses[0]:.3f}; try more train.epochs."
    before, last = losses[-2:]
    if before - last <= max(STILL_FALLING_SHARE * before, LEAST_FALL):
        return ""
    return (
        f"Still improving, so under-trained: the last epoch took the loss from {before:.3f} to "
        f"{last:.3f}, {(before - last) / before:.0%} less; try more train.epochs."
    )


def _right_rows(case: _Case) -> str:
    accuracy = case.others.get("accuracy")
    if accuracy is None:
        return ""
    majority = "" if case.against is None else f" (majority class {case.against.majority:.1%})"
    return f", and {accuracy:.1%} of {case.setting.on} rows are right{majority}"
