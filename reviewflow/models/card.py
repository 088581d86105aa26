"""Write the model card: what a model is, for people who did not train it.

After Mitchell et al., "Model Cards for Model Reporting", FAT* 2019.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from reviewflow.evaluation.metrics import confusion_counts
from reviewflow.formatting import amount, figure

TITLES = {"validation": "validation", "test": "test", "train": "training"}
METRICS = (("accuracy", "Accuracy"), ("roc_auc", "ROC AUC"), ("f1", "F1"), ("log_loss", "Log loss"))


def model_card(content: Mapping[str, Any]) -> str:
    """Return the card of a bundle as Markdown.

    Parameters
    ----------
    content : of ``bundle.json``, perhaps without its profiles.
    """
    names: Sequence[str] = content["class_names"]
    parts = [
        f"# A classifier of reviews: {_list_names(names)}",
        f"It reads a text and gives the probability of {_answers(names)}."
        f" It was trained by reviewflow on {_rows(content, 'train')}{_class_shares(content)}."
        f"{_length_note(content)}",
        "## Figures",
        _figures_table(content),
        _rows_note(content),
        "## What it does to a text",
        *_steps(content),
        "## Limits",
        *_limits(content),
        "## Use",
        "```python\nfrom reviewflow import load_model\n\n"
        'load_model("path/of/this/folder").predict(["A text to classify."])\n```',
        "The same on the command line, with the words that did it, is "
        '`reviewflow predict "A text to classify." --model path/of/this/folder --explain`.',
        "## Licences",
        *[f"- {each['what']}: {each['license']}" for each in content["licenses"]],
        "- The reviews it was trained on are not in this folder. Their licence may say what models "
        "of them are for.",
    ]
    return _join_paragraphs(parts)


def _figures_table(content: Mapping[str, Any]) -> str:
    """Return a table of metrics by split, with 95 % intervals."""
    splits = [split for split in ("validation", "test") if content["metrics"].get(split)]
    lines = [
        f"| | {' | '.join(f'{TITLES[split]} rows' for split in splits)} |",
        f"| --- |{' ---: |' * len(splits)}",
    ]
    for name, title in METRICS:
        cells = [_cell(content, split, name) for split in splits]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    counts = [amount(content["metrics"][split]["rows"], "row") for split in splits]
    return "\n".join([*lines, f"| measured on | {' | '.join(counts)} |"])


def _cell(content: Mapping[str, Any], split: str, name: str) -> str:
    value = figure(content["metrics"][split].get(name))
    ends = ((content["intervals"].get(split) or {}).get(name)) or {}
    if ends.get("low") is None:
        return value
    return f"{value} ({figure(ends['low'])} to {figure(ends['high'])})"


def _rows_note(content: Mapping[str, Any]) -> str:
    chosen = TITLES[content["chosen_on"]]
    return (
        f"Intervals are 95 % intervals over rows. The model was chosen on the {chosen} rows, so "
        "their figures flatter it a little."
    )


def _steps(content: Mapping[str, Any]) -> list[str]:
    normalize, vectorize = content["normalize"], content["vectorize"]
    shortest, longest = vectorize["ngram_range"]
    grams = f"{shortest}" if shortest == longest else f"{shortest} to {longest}"
    unit = "words" if vectorize["analyzer"] == "word" else "characters"
    network = content["network"]
    layers = "-".join(str(units) for units in network["hidden"])
    return [
        f"- Words: language {normalize['language'].title()}, "
        f"{'lower case' if normalize['lowercase'] else 'case kept'}, reduction "
        f"{normalize['reduce']}, stop words {_stop_words(normalize['stop_words'])}.",
        f"- Features: TF-IDF of {network['terms']:,} terms of {grams} {unit}.",
        f"- Network: {f'hidden layers of {layers} units' if layers else 'linear'}.",
        *_decision(content),
    ]


def _decision(content: Mapping[str, Any]) -> list[str]:
    names = content["class_names"]
    if len(names) > 2:
        return ["- Answer: the most probable class."]
    return [f"- Answer: {names[1]} above a probability of {content['threshold']:g}."]


def _stop_words(value: Any) -> str:
    return f"{len(value)} of its own" if isinstance(value, list) else str(value)


def _limits(content: Mapping[str, Any]) -> list[str]:
    """Return what a reader should know before trusting it."""
    limits = [
        "- It knows the words of its training rows. Texts unlike them get answers all the same."
    ]
    for profile in (content.get("profile"), content.get("training_profile")):
        if profile and profile["all_tokens"]:
            share = profile["unknown_tokens"] / profile["all_tokens"]
            limits.append(
                f"- It knows no term of {share:.1%} of the words of its "
                f"{TITLES[profile['rows_of']]} rows."
            )
    for label, curve in content["calibration"]["classes"].items():
        limits.append(
            f"- Its probabilities of {content['class_names'][int(label)]} are off by "
            f"{curve['error']:.3f} on average (expected calibration error, "
            f"{content['calibration']['rows_of']} rows)."
        )
    return limits


def _rows(content: Mapping[str, Any], split: str) -> str:
    return amount(int((content["metrics"].get(split) or {}).get("rows") or 0), "labelled review")


def _class_shares(content: Mapping[str, Any]) -> str:
    """Return the share of each class in the training rows, after a colon."""
    counts = confusion_counts(content["metrics"].get("train") or {})
    if not counts:
        return ""
    sizes = [sum(row) for row in counts]
    pairs = zip(content["class_names"], sizes, strict=True)
    return ": " + ", ".join(f"{size / sum(sizes):.1%} {name}" for name, size in pairs)


def _length_note(content: Mapping[str, Any]) -> str:
    """Return a sentence on the length of the training rows, after a space."""
    profile = content.get("training_profile")
    if not profile or not profile["rows"]:
        return ""
    return f" They have {profile['all_tokens'] / profile['rows']:,.0f} tokens on average."


def _answers(names: Sequence[str]) -> str:
    return names[1] if len(names) == 2 else "each class"


def _list_names(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"


def _join_paragraphs(parts: Sequence[str]) -> str:
    """Return paragraphs with blank lines between them, list items without."""
    text = parts[0]
    for before, part in pairwise(parts):
        together = before.startswith("- ") and part.startswith("- ")
        text += ("\n" if together else "\n\n") + part
    return text + "\n"
