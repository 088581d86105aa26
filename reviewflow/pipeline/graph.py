"""The job laid out for one configuration: nodes of work, each with its steps.

    stages × variants × seeds ─▶ nodes (equal ones are one) ─▶ steps (a node's parts)

A node is one stage with one set of settings on one set of inputs. Variants that share it are
listed on it; a node over parts has a step for each part of the rows.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from pydantic import BaseModel

from reviewflow.config.sections import Config
from reviewflow.pipeline.stage import Stage


class Settings(Protocol):
    """A job's whole configuration."""

    def settings(self, name: str) -> Any:
        """The section or the single setting called ``name``."""


@dataclass(eq=False)
class Node:
    """One stage with one set of settings.

    Attributes
    ----------
    config : the configuration of the variant (and seed) that asked for it first.
    settings : arguments for the stage's function, by name, resolved.
    files : paths whose content the stage reads, by argument name.
    upstream : nodes that it reads, by argument name.
    variants : names of the variants that use it.
    parts : number of parts, or None for a node with a single step.
    seed : which of a variant's seeds, from 0; None where the stage has none.
    label : what it is called: ``train[tanh]``, or ``normalize`` where there is one only.
    """

    stage: Stage
    config: Settings
    settings: Mapping[str, Any]
    files: Mapping[str, Path]
    upstream: Mapping[str, tuple["Node", ...]]
    parts: int | None
    seed: int | None
    variants: list[str] = field(default_factory=list)
    label: str = ""

    @property
    def history_key(self) -> str:
        """The label under which the next run looks for what this one knew; seeds are numbered."""
        if self.seed is None:
            return self.label
        return f"{self.stage.name}[{self.variants[0]}, seed {self.seed}]"

    @property
    def title(self) -> str:
        """The label with the stage as a person calls it."""
        return self.label.replace(self.stage.name, self.stage.group, 1)

    @cached_property
    def settings_json(self) -> dict[str, Any]:
        """The settings by their full names, as JSON values."""
        return {name: _json(self.settings[name.rpartition(".")[2]]) for name in self.stage.settings}

    @cached_property
    def steps(self) -> list["Step"]:
        """The steps of this node, in the order of the parts."""
        return (
            [Step(self, None)] if self.parts is None else [Step(self, p) for p in range(self.parts)]
        )


@dataclass(frozen=True)
class Step:
    """One unit of caching: a node, and the part where the stage works part by part."""

    node: Node
    part: int | None

    def inputs(self) -> dict[str, list["Step"]]:
        """The steps whose artifacts this one reads, by argument name."""
        found = {}
        for name, reads in self.node.stage.reads.items():
            nodes = self.node.upstream[name]
            if reads.every == "part":
                found[name] = [step for node in nodes for step in node.steps]
            else:
                found[name] = [
                    Step(node, None if node.parts is None else self.part) for node in nodes
                ]
        return found


def build_graph(
    stages: tuple[Stage, ...],
    config: Settings,
    variants: Mapping[str, Config] = MappingProxyType({}),
    parts: int = 0,
) -> list[Node]:
    """All nodes of a job in the order of its stages; what is equal is one node.

    Parameters
    ----------
    variants : the configuration of each variant, for jobs that have some.
    parts : how many parts the rows are cut into, for jobs that work part by part.
    """
    known: dict[str, Node] = {}
    nodes: list[Node] = []
    for stage in stages:
        for name, variant, seed in _users(stage, config, variants):
            upstream = {
                argument: tuple(_sources(nodes, stage, argument, name, seed))
                for argument in stage.reads
            }
            node = _node(stage, variant, seed, upstream, parts)
            node = known.setdefault(_identity(node, nodes), node)
            if node not in nodes:
                nodes.append(node)
            if name not in node.variants:
                node.variants.append(name)
    for node in nodes:
        node.label = _label(node, nodes, variants)
    return nodes


def resolved_device(device: str) -> str:
    """``cpu`` or ``cuda``; ``auto`` takes CUDA where a device file and a CUDA build are there.

    Nothing is imported for it: planning must stay quick.
    """
    if device != "auto":
        return device
    return "cuda" if Path("/dev/nvidia0").exists() and "+cpu" not in version("torch") else "cpu"


def _users(
    stage: Stage, config: Settings, variants: Mapping[str, Config]
) -> Iterator[tuple[str, Settings, int | None]]:
    """Who asks for a stage: (variant, its configuration, seed number)."""
    if stage.fan_out == "job":
        yield "", config, None
        return
    for name, variant in variants.items():
        if stage.fan_out == "seed":
            for seed in range(variant.train.repeats):
                yield name, variant, seed
        else:
            yield name, variant, None


def _sources(
    nodes: list[Node], stage: Stage, argument: str, variant: str, seed: int | None
) -> Iterator[Node]:
    """The earlier nodes that an argument of a stage reads, for one variant and seed."""
    reads = stage.reads[argument]
    for node in nodes:
        if node.stage.name == reads.stage and (
            reads.every == "variant"
            or stage.fan_out == "job"
            or (variant in node.variants and (node.seed is None or node.seed == seed))
        ):
            yield node


def _node(
    stage: Stage,
    config: Settings,
    seed: int | None,
    upstream: Mapping[str, tuple[Node, ...]],
    parts: int,
) -> Node:
    settings = {name.rpartition(".")[2]: config.settings(name) for name in stage.settings}
    if "train" in settings:
        train = settings["train"]
        changes = {
            "seed": train.seed + (seed or 0),
            "repeats": 1,
            "device": resolved_device(train.device),
        }
        settings["train"] = train.model_copy(update=changes)
    files = {name: Path(config.settings(setting)) for name, setting in stage.files.items()}
    return Node(
        stage, config, settings, files, upstream, parts if stage.fan_out == "part" else None, seed
    )


def _identity(node: Node, nodes: list[Node]) -> str:
    numbers = {id(known): number for number, known in enumerate(nodes)}
    return json.dumps(
        [
            node.stage.name,
            node.settings_json,
            {name: str(path) for name, path in node.files.items()},
            {
                name: [numbers[id(source)] for source in sources]
                for name, sources in node.upstream.items()
            },
        ],
        sort_keys=True,
    )


def _label(node: Node, nodes: list[Node], variants: Mapping[str, Config]) -> str:
    """``train[tanh]``, ``train[tanh, seed 1]``, ``normalize[stems]`` or plain ``normalize``."""
    name = node.stage.name
    alone = sum(other.stage is node.stage for other in nodes) == 1 and node.stage.fan_out != "seed"
    if alone or node.stage.fan_out == "job":
        return name
    seeded = node.seed is not None and node.config.settings("train.repeats") > 1
    return f"{name}[{node.variants[0]}{f', seed {node.seed}' if seeded else ''}]"


def _json(value: Any) -> Any:
    return (
        json.loads(value.model_dump_json())
        if isinstance(value, BaseModel)
        else json.loads(json.dumps(value))
    )


def file_name(label: str) -> str:
    """A label as a file name: letters, digits, dot and dash."""
    return re.sub(r"[^\w.-]+", "-", label).strip("-")
