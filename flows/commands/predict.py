"""Classify texts with a published model: ``reviewflow predict``."""

from pathlib import Path
from typing import Any

import click

from flows.commands.options import artifacts_option, json_option
from flows.commands.output import say_json, say_table
from reviewflow.formatting import amount

WORDS_SHOWN = 10
TEXT_SHOWN = 60  # characters


@click.command()
@click.argument("texts", metavar="TEXT...", nargs=-1, required=True)
@click.option(
    "--model", help="Name of a published model or folder of a bundle; by default the only one."
)
@click.option("--explain", is_flag=True, help="Name the words that did it.")
@artifacts_option
@json_option
def predict(
    texts: tuple[str, ...], model: str | None, explain: bool, artifacts: str, as_json: bool
) -> None:
    """Classify texts with a published model, and name the words that did it.

    Quote each text. With `--explain` the pull of each word is shown: what it adds to the log-odds
    of the answer against the runner-up, exactly so for a linear model.
    """
    from flows.commands.score import only_model
    from reviewflow.api import load_model

    loaded = load_model(model or only_model(Path(artifacts)), artifacts)
    answers = _answers(texts, loaded, explain)
    if as_json:
        say_json(answers)
        return
    rows = [
        (each["label"], f"{each['probability']:.4f}", _shorten(each["text"])) for each in answers
    ]
    say_table("", ("label", ">probability", "text"), rows)
    for answer in answers if explain else ():
        _say_words(answer)


def _answers(texts: tuple[str, ...], model: Any, explain: bool) -> list[dict[str, Any]]:
    """Return the prediction of each text as JSON has it."""
    names, terms = model.class_names, model.bundle.vocabulary["term"]
    labels, odds = model.predict(texts), model.predict_proba(texts)
    answers = []
    for text, label, row in zip(texts, labels.tolist(), odds.tolist(), strict=True):
        number = names.index(label)
        answer = {
            "text": text,
            "label": label,
            "probability": row[number],
            "probabilities": dict(zip(names, row, strict=True)),
            "model_version": model.version,
        }
        words = _words(text, model, number, names, terms) if explain else {}
        answers.append({**answer, **words})
    return answers


def _words(
    text: str, model: Any, number: int, names: tuple[str, ...], terms: Any
) -> dict[str, Any]:
    """Return what pulled a text towards its answer as JSON has it."""
    from reviewflow.models.contributions import explain_text

    found = explain_text(text, model.plain, number)
    words = [{"term": terms[place].as_py(), "pull": pull} for place, pull in found.pulls]
    return {
        "against": names[found.runner_up],
        "log_odds": found.log_odds,
        "bias": found.bias,
        "words": words,
        "exact": found.exact,
    }


def _row(answer: dict[str, Any]) -> tuple[str, ...]:
    return answer["label"], f"{answer['probability']:.4f}", _shorten(answer["text"])


def _say_words(answer: dict[str, Any]) -> None:
    """Print the strongest words of a text, and the sum of all."""
    shown, others = answer["words"][:WORDS_SHOWN], answer["words"][WORDS_SHOWN:]
    rows = [(each["term"], f"{each['pull']:+.3f}") for each in shown]
    if others:
        pull = sum(each["pull"] for each in others)
        rows.append((f"({amount(len(others), 'other term')})", f"{pull:+.3f}"))
    rest = "(bias)" if answer["exact"] else "(bias, and what is not linear)"
    rows.append((rest, f"{answer['bias']:+.3f}"))
    rows.append((f"{answer['label']} against {answer['against']}", f"{answer['log_odds']:+.3f}"))
    say_table(_shorten(answer["text"]), ("term", ">pull"), rows)


def _shorten(text: str) -> str:
    return text if len(text) <= TEXT_SHOWN else text[: TEXT_SHOWN - 1] + "…"
