"""The model card of a real bundle, read as a reviewer would."""

import re

from reviewflow.models.card import model_card
from reviewflow.models.predictor import Model
from tests.conftest import PlannedRun


def test_the_card_has_the_figures_of_the_bundle(model: Model) -> None:
    card, content = model_card(model.bundle.content), model.bundle.content
    assert (model.bundle.folder / "README.md").read_text(encoding="utf-8") == card
    interval = content["intervals"]["validation"]["roc_auc"]
    assert f"({interval['low']:.4f} to {interval['high']:.4f})" in card
    assert f"{content['metrics']['test']['rows']:,} rows" in card
    assert "negative or positive" in card.splitlines()[0]
    assert "reviewflow predict" in card
    training = content["training_profile"]
    assert f"{training['all_tokens'] / training['rows']:.0f} tokens on average" in card


def test_the_card_says_the_shares_of_the_classes(three_classes: PlannedRun) -> None:
    card = (three_classes.folder("publish") / "README.md").read_text(encoding="utf-8")
    found = re.findall(r"([\d.]+)% (bad|fair|good)", card)
    assert [name for _, name in found] == ["bad", "fair", "good"]
    assert 99.8 <= sum(float(share) for share, _ in found) <= 100.2
    assert "Answer: the most probable class." in card


def test_a_card_without_profile_or_training_figures(model: Model) -> None:
    content = dict(model.bundle.content)
    del content["profile"], content["training_profile"]
    content["metrics"] = {**content["metrics"], "train": None}
    card = model_card(content)
    assert "0 labelled reviews." in card
    assert "It knows no term" not in card
