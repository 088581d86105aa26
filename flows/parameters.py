"""What a flow run is started with: a configuration's file, or its sections filled in as a form."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from reviewflow.config.loading import validated, with_changes
from reviewflow.config.read import read_config
from reviewflow.config.sections import (
    Config,
    Ingest,
    Normalize,
    Notify,
    Report,
    Section,
    Split,
    Train,
    Validate,
    Vectorize,
)
from reviewflow.config.strict_yaml import plain_values
from reviewflow.config.variants import variant_configs
from reviewflow.errors import ConfigError

EXAMPLE = "such as tanh: {train.activation: tanh}"
FORM = "on-demand"  # what a run is called whose settings come from the form

# configs/imdb.yaml's values where they are not the sections' own defaults
TRAIN = Train(epochs=20)
VARIANTS = """\
relu: {}
relu rate 0.1: {train.learning_rate: 0.1}
relu rate 0.001: {train.learning_rate: 0.001}
sigmoid: {train.activation: sigmoid}
tanh: {train.activation: tanh}
leaky relu: {train.activation: leaky_relu}
batch 256: {train.batch_size: 256}
zero weights: {train.init: zeros}
"""


class Options(Section):
    """How a run goes about it; nothing of this changes a result, but for `changes`."""

    changes: tuple[str, ...] = Field(
        (), description="Changes of single settings, section.key=value, on top of all others"
    )
    refresh: tuple[str, ...] = Field((), description="Stages that run whatever is cached")
    verify: bool = Field(False, description="Hash every artifact instead of trusting size and time")
    recheck: bool = Field(False, description="Compute what is cached again, and compare bytes")
    artifacts: str = Field("artifacts", description="Folder where results are kept")


def chosen_config(
    config: str | None, sections: Mapping[str, Section], variants: str, changes: tuple[str, ...]
) -> tuple[str, Config]:
    """The configuration that a flow run was started with, and what it is called.

    Parameters
    ----------
    config : a file's path, or nothing.
    sections : what the form holds, by section.
    variants : the form's table, a line a variant: ``tanh: {train.activation: tanh}``.
    changes : ``section.key=value``, on top.

    Raises
    ------
    ConfigError : if both a file and changed sections are given, or something in them is wrong.
    """
    form = {**sections, "variants": variant_table(variants)}
    if not config:
        content = {
            name: section.model_dump(mode="json") if isinstance(section, Section) else section
            for name, section in form.items()
        }
        chosen = validated(Config, with_changes(content, changes), "The form")
        variant_configs(chosen)
        return FORM, chosen
    filled_in = [name for name, value in form.items() if value != DEFAULTS[name]]
    if filled_in:
        raise ConfigError(
            "Give a configuration file or fill in sections, not both: config is "
            f"{config}, and the form has other values in {', '.join(filled_in)}."
        )
    return Path(config).stem, read_config(Path(config), changes)


def variant_table(text: str) -> dict[str, Any]:
    """The variants that a text lists, a line each; raises ConfigError if it is no such table."""
    try:
        table = plain_values(text) or {}
    except ValueError as error:
        where = " ".join(str(error).split())
        raise ConfigError(f"variants: {where}; write a line a variant, {EXAMPLE}.") from None
    if not isinstance(table, dict) or not all(isinstance(each, dict) for each in table.values()):
        raise ConfigError(f"variants: must be a table, a line a variant, {EXAMPLE}.")
    return {str(name): dict(changes) for name, changes in table.items()}


DEFAULTS: Mapping[str, Any] = {
    "ingest": Ingest(),
    "split": Split(),
    "validate": Validate(),
    "normalize": Normalize(),
    "vectorize": Vectorize(),
    "train": TRAIN,
    "report": Report(),
    "notify": Notify(),
    "variants": variant_table(VARIANTS),
}
