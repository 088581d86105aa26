"""Test the two moons' configuration and its error messages."""

from pathlib import Path

import pytest

from reviewflow.errors import ConfigError
from reviewflow.moons.config import MoonsConfig, read_moons_config

FILE = Path(__file__).parents[3] / "configs" / "moons.yaml"


def test_the_file_says_what_the_defaults_are():
    assert read_moons_config(FILE) == MoonsConfig()


def test_a_change_is_taken():
    config = read_moons_config(FILE, ("data.noise=0.1", "point_by_point.init=0.5"))
    assert config.data.noise == 0.1
    assert config.point_by_point.init == 0.5
    assert config.settings("data.noise") == 0.1
    assert config.settings("whole_set") == config.whole_set


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("whole_set.learning_rate=-1", "whole_set.learning_rate: .*greater than 0"),
        ("whole_set.epochs=0", "whole_set.epochs: .*greater than or equal to 1"),
        ("data.points=.nan", "data.points"),
        ("network.hidden=[0]", "network.hidden"),
        ("network.hidden=[]", "network.hidden"),
        ("whole_set.init=glorot", "default, zeros, xavier, he"),
        ("data.nois=0.1", "data.nois is not a known setting; did you mean 'noise'"),
        ("dada.noise=0.1", "dada is not a known setting; did you mean 'data'"),
        ("noise=0.1", "must look like section.key=value"),
        ("data.noise=[", "not valid YAML"),
    ],
)
def test_bad_settings_give_one_sentence(change, sentence):
    with pytest.raises(ConfigError, match=sentence) as caught:
        read_moons_config(FILE, (change,))
    assert "\n" not in str(caught.value)
