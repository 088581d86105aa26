"""The configuration of the two moons: one frozen, typed section a stage, read from YAML."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from reviewflow.config import Section, read_yaml, with_changes
from reviewflow.errors import ConfigError

Seed = Annotated[int, Field(ge=0, le=2**32 - 1)]
LearningRate = Annotated[float, Field(gt=0, le=1000)]
Epochs = Annotated[int, Field(ge=1, le=100_000)]
Units = Annotated[int, Field(ge=1, le=10_000)]
Init = Literal["default", "zeros", "xavier", "he"] | Annotated[float, Field(ge=0, le=1000)]


class Data(Section):
    """The points to learn from, and fresh ones to check on."""

    points: int = Field(2000, ge=4, le=1_000_000, description="Points to learn from")
    fresh_points: int = Field(2000, ge=4, le=1_000_000, description="Points to check on")
    noise: float = Field(0.05, ge=0, le=10, description="Deviation of the noise on both axes")
    seed: Seed = Field(0, description="Seed of the points; the fresh ones take the next")


class Network(Section):
    """The network that both versions train."""

    hidden: tuple[Units, ...] = Field((64,), min_length=1, description="Units of hidden layers")
    activation: Literal["relu", "sigmoid", "tanh", "leaky_relu"] = Field(
        "relu", description="Activation of the hidden layers"
    )


class WholeSet(Section):
    """The first version: every step looks at all points."""

    epochs: Epochs = Field(100, description="Passes over the points, one step each")
    learning_rate: LearningRate = Field(16.0, description="Size of a step")
    init: Init = Field(0.05, description="Initial weights; a number is a normal deviation")
    seed: Seed = Field(10, description="Seed of the initial weights")


class PointByPoint(Section):
    """The second version: every step looks at one point."""

    epochs: Epochs = Field(100, description="Passes over the points, a step a point")
    learning_rate: LearningRate = Field(0.05, description="Size of a step")
    init: Init = Field("he", description="Initial weights; a number is a normal deviation")
    seed: Seed = Field(0, description="Seed of the initial weights")


class Sensitivity(Section):
    """The study of learning rates: whole-set trainings from several initial weights."""

    learning_rates: tuple[LearningRate, ...] = Field(
        (0.5, 1, 2, 4, 8, 12, 16, 20, 32), min_length=2, description="Rates to try"
    )
    seeds: int = Field(14, ge=1, le=1000, description="Initial weights to try each rate with")


class InitialWeights(Section):
    """The study of initial weights: zeros, Xavier and He under ReLU and sigmoid."""

    epochs: Epochs = Field(100, description="Passes over the points")
    learning_rate: LearningRate = Field(0.5, description="Size of a step")
    batch_size: int = Field(16, ge=1, description="Points a step")
    seed: Seed = Field(0, description="Seed of the initial weights")


class MoonsConfig(Section):
    """The whole configuration of the two moons."""

    data: Data = Data()
    network: Network = Network()
    whole_set: WholeSet = WholeSet()
    point_by_point: PointByPoint = PointByPoint()
    sensitivity: Sensitivity = Sensitivity()
    initial_weights: InitialWeights = InitialWeights()

    def settings(self, name: str) -> Any:
        """The section or the single setting called ``name`` (``data``, ``data.noise``)."""
        section, _, key = name.partition(".")
        value = {
            "data": self.data,
            "network": self.network,
            "whole_set": self.whole_set,
            "point_by_point": self.point_by_point,
            "sensitivity": self.sensitivity,
            "initial_weights": self.initial_weights,
        }[section]
        return value.model_dump()[key] if key else value


def read_moons_config(path: Path, changes: tuple[str, ...] = ()) -> MoonsConfig:
    """The configuration in a YAML file with ``section.key=value`` changes on top.

    Raises
    ------
    ConfigError
        If the file is missing, is not YAML, or holds an unknown key or a bad value.
    """
    content = with_changes(read_yaml(path), changes)
    try:
        return MoonsConfig.model_validate(content)
    except ValidationError as error:
        sentences = [_sentence(problem) for problem in error.errors()]
        raise ConfigError(f"{path}: {' '.join(dict.fromkeys(sentences))}") from None


def _sentence(problem: Any) -> str:
    """One pydantic problem in words."""
    place = [str(piece) for piece in problem["loc"][:2]]
    where = ".".join(place)
    if problem["type"] == "extra_forbidden":
        known = list(_known_keys(place[:-1]))
        near = difflib.get_close_matches(place[-1], known, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}."
        return f"{where} is not a known setting; {hint}"
    if where.endswith(".init"):
        known_words = "default, zeros, xavier, he or a deviation from 0 to 1000"
        return f"{where}: Input should be {known_words} (given: {str(problem['input'])[:80]!r})."
    return f"{where}: {problem['msg']} (given: {str(problem['input'])[:80]!r})."


def _known_keys(place: list[str]) -> tuple[str, ...]:
    model: Any = MoonsConfig.model_fields[place[0]].annotation if place else MoonsConfig
    return tuple(model.model_fields)
