"""Published figures: read, or refused with a sentence."""

from pathlib import Path

import pytest
import yaml

from reviewflow.errors import ConfigError
from reviewflow.reporting.reference import read_reference
from tests.conftest import ROOT


def test_the_write_ups_figures_belong_to_its_variants() -> None:
    published = read_reference(str(ROOT / "configs/reference/write_up.yaml"))
    config = yaml.safe_load((ROOT / "configs/write_up.yaml").read_text())
    assert set(published["variants"]) <= set(config["variants"])
    assert published["variants"]["tanh"] == {"test": {"accuracy": 0.8968}}
    assert read_reference(None) == {"source": "", "variants": {}}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("variants: 3", "must hold `variants`"),
        ("variants: {}\nmore: 1", "must hold `variants`"),
        ("variants: {relu: {valid: {}}}", "relu must hold train, test or both"),
        ("variants: {relu: {test: {auc: 1}}}", "may hold accuracy"),
        ("variants: {relu: {test: {f1: high}}}", "f1 must be a number (given: 'high')"),
        ("variants: {relu: {test: {f1: .nan}}}", "f1 must be a number"),
    ],
)
def test_a_mistake_in_published_figures_is_named(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "published.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as error:
        read_reference(str(path))
    assert words in str(error.value)
    with pytest.raises(ConfigError, match="There is no configuration file"):
        read_reference(str(tmp_path / "none.yaml"))
