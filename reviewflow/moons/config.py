"""Define the configuration of the two moons, and read it from YAML."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field

from reviewflow.config.loading import read_content, validate_model
from reviewflow.config.sections import JobConfig, Section
from reviewflow.networks.activations import ActivationName

Seed = Annotated[int, Field(ge=0, le=2**32 - 1)]
LearningRate = Annotated[float, Field(gt=0, le=1000)]
Epochs = Annotated[int, Field(ge=1, le=100_000)]
Units = Annotated[int, Field(ge=1, le=10_000)]


def _check_init(value: object) -> object:
    """Return a scheme's name or a deviation, or raise ValueError."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if value in SCHEMES if isinstance(value, str) else number and 0 <= float(str(value)) <= 1000:
        return value
    raise ValueError(f"must be {', '.join(SCHEMES)} or a deviation from 0 to 1000")


SCHEMES = ("default", "zeros", "xavier", "he")
Init = Annotated[str | float, BeforeValidator(_check_init)]


class Data(Section):
    """The points to learn from, and fresh ones to check on."""

    points: int = Field(2000, ge=4, le=1_000_000, description="Points to learn from")
    fresh_points: int = Field(2000, ge=4, le=1_000_000, description="Points to check on")
    noise: float = Field(0.05, ge=0, le=10, description="Deviation of the noise on both axes")
    seed: Seed = Field(0, description="Seed of the points; the fresh ones take the next")


class Network(Section):
    """The network that both versions train."""

    hidden: tuple[Units, ...] = Field((64,), min_length=1, description="Units of hidden layers")
    activation: ActivationName = Field("relu", description="Activation of the hidden layers")


class FullBatch(Section):
    """The first version of the training, in which a step uses all points."""

    epochs: Epochs = Field(100, description="Passes over the points, one step each")
    learning_rate: LearningRate = Field(16.0, description="Size of a step")
    init: Init = Field(0.05, description="Initial weights; a number is a normal deviation")
    seed: Seed = Field(10, description="Seed of the initial weights")


class Online(Section):
    """The second version of the training, in which a step uses one point."""

    epochs: Epochs = Field(100, description="Passes over the points, a step a point")
    learning_rate: LearningRate = Field(0.05, description="Size of a step")
    init: Init = Field("he", description="Initial weights; a number is a normal deviation")
    seed: Seed = Field(0, description="Seed of the initial weights")


class Sensitivity(Section):
    """The study of learning rates from several initial weights, full batch."""

    learning_rates: tuple[LearningRate, ...] = Field(
        (0.5, 1, 2, 4, 8, 12, 16, 20, 32), min_length=2, description="Rates to try"
    )
    seeds: int = Field(14, ge=1, le=1000, description="Initial weights to try each rate with")


class InitialWeights(Section):
    """The study of zero, Xavier and He weights under ReLU and sigmoid."""

    epochs: Epochs = Field(100, description="Passes over the points")
    learning_rate: LearningRate = Field(0.5, description="Size of a step")
    batch_size: int = Field(16, ge=1, description="Points a step")
    seed: Seed = Field(0, description="Seed of the initial weights")


class MoonsConfig(JobConfig):
    """The whole configuration of the two moons."""

    data: Data = Data()
    network: Network = Network()
    whole_set: FullBatch = FullBatch()
    point_by_point: Online = Online()
    sensitivity: Sensitivity = Sensitivity()
    initial_weights: InitialWeights = InitialWeights()


def read_moons_config(path: Path, changes: tuple[str, ...] = ()) -> MoonsConfig:
    """Return the configuration in a YAML file, with changes.

    A change is written ``section.key=value``.

    Raises
    ------
    ConfigError
        If the file is missing, is not YAML, or holds an unknown key or a bad value.
    """
    return validate_model(MoonsConfig, read_content(path, changes), str(path))
