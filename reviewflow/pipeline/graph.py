"""Lay a job out for one configuration: nodes, each with its steps.

    stages × variants × seeds ─▶ nodes (equal ones are one) ─▶ steps (a node's parts)

A node is one stage with one set of settings on one set of inputs. Variants that share it are
listed on it. A node over parts has a step for each part of the rows.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from pydantic import BaseModel

from reviewflow.pipeline.stage import Settings, Stage


@dataclass(eq=False)
class Node:
    """One stage with one set of settings.

    Attributes
    ----------
    config : the configuration of the variant (and seed) that asked for it first.
    settings : arguments for the stage's function, by name, resolved.
    files : paths whose content the stage reads, by argument name.
    upstream : nodes that it reads, by argument name.
    parts : number of parts, or None for a node with a single step.
    seed : which of a variant's seeds, from 0. None where the stage has none.
    number : position in the graph.
    variants : names of the variants that use it.
    label : what it is called: ``train[tanh]``, or ``normalize`` where there is one only.
    """

    stage: Stage
    config: Settings
    settings: Mapping[str, Any]
    files: Mapping[str, Path]
    upstream: Mapping[str, tuple[Node, ...]]
    parts: int | None
    seed: int | None
    number: int = 0
    variants: list[str] = field(default_factory=list)
    label: str = ""

    @property
    def history_key(self) -> str:
        """The label under which the next run finds this node's keys."""
        if self.seed is None:
            return self.label
        return f"{self.stage.name}[{self.variants[0]}, seed {self.seed}]"

    @property
    def title(self) -> str:
        """The label with the stage as a person calls it."""
        return self.label.replace(self.stage.name, self.stage.group, 1)

    @property
    def variant(self) -> str | None:
        """The variant that has the node alone, None for a shared node."""
        if self.stage.fan_out == "seed":
            return self.variants[0]
        return self.variants[0] if "[" in self.label and len(self.variants) == 1 else None

    @cached_property
    def settings_json(self) -> dict[str, Any]:
        """The settings by their full names, as JSON values."""
        return {name: _json(self.settings[name.rpartition(".")[2]]) for name in self.stage.settings}

    @cached_property
    def settings_text(self) -> str:
        """The stage and its settings as text that is equal for equal settings."""
        return json.dumps([self.stage.name, self.settings_json], sort_keys=True)

    @cached_property
    def steps(self) -> list[Step]:
        """The steps of this node, in the order of the parts."""
        parts = [None] if self.parts is None else range(self.parts)
        return [Step(self, part) for part in parts]


class Step(NamedTuple):
    """One unit of caching: a node, and a part if the stage works by parts."""

    node: Node
    part: int | None

    def inputs(self) -> dict[str, list[Step]]:
        """Return the steps whose artifacts this one reads, by argument name."""
        found = {}
        for name, reads in self.node.stage.reads.items():
            nodes = self.node.upstream[name]
            if reads.every == "part":
                found[name] = [step for node in nodes for step in node.steps]
            else:
                part = self.part or 0
                found[name] = [node.steps[0 if node.parts is None else part] for node in nodes]
        return found


def build_graph(
    stages: tuple[Stage, ...],
    config: Settings,
    variants: Mapping[str, Settings] = MappingProxyType({}),
    parts: int = 0,
) -> list[Node]:
    """Return all nodes of a job in the order of its stages.

    Equal nodes are one.

    Parameters
    ----------
    variants : the configuration of each variant, for jobs that have some.
    parts : how many parts the rows are cut into, for jobs that work part by part.
    """
    nodes: dict[str, Node] = {}
    users = _Users()
    for stage in stages:
        for name, variant, seed in _requests(stage, config, variants):
            upstream = {
                argument: users.upstream(stage, argument, name, seed) for argument in stage.reads
            }
            node = _node(stage, variant, seed, upstream, parts)
            node = nodes.setdefault(_identity(node), node)
            if not node.variants:
                node.number = len(nodes) - 1
            users.add(node, name)
    found = list(nodes.values())
    counts = Counter(node.stage.name for node in found)
    for node in found:
        node.label = _label(node, counts[node.stage.name])
    return found


class _Users:
    """Which nodes each variant uses, by stage."""

    def __init__(self) -> None:
        self._all: dict[str, dict[Node, None]] = {}
        self._of_variant: dict[tuple[str, str], dict[Node, None]] = {}

    def add(self, node: Node, variant: str) -> None:
        """Note that a variant uses a node."""
        own = self._of_variant.setdefault((node.stage.name, variant), {})
        if node not in own:
            node.variants.append(variant)
        own[node] = None
        self._all.setdefault(node.stage.name, {})[node] = None

    def upstream(
        self, stage: Stage, argument: str, variant: str, seed: int | None
    ) -> tuple[Node, ...]:
        """Return the nodes that an argument reads, for one variant and seed."""
        reads = stage.reads[argument]
        if reads.every == "variant" or stage.fan_out == "job":
            return tuple(self._all.get(reads.stage, ()))
        own = self._of_variant.get((reads.stage, variant), {})
        return tuple(node for node in own if node.seed is None or node.seed == seed)


def _requests(
    stage: Stage, config: Settings, variants: Mapping[str, Settings]
) -> Iterator[tuple[str, Settings, int | None]]:
    """Yield who asks for a stage: variant, its configuration, seed number."""
    if stage.fan_out == "job":
        if stage.applies is None or stage.applies(config):
            yield "", config, None
        return
    for name, variant in variants.items():
        if stage.applies is not None and not stage.applies(variant):
            continue
        if stage.fan_out == "seed" and stage.repeats:
            for seed in range(variant.settings(stage.repeats)):
                yield name, variant, seed
        else:
            yield name, variant, None


def _node(
    stage: Stage,
    config: Settings,
    seed: int | None,
    upstream: Mapping[str, tuple[Node, ...]],
    parts: int,
) -> Node:
    settings = {name.rpartition(".")[2]: config.settings(name) for name in stage.settings}
    if stage.resolve is not None:
        settings = dict(stage.resolve(settings, seed or 0))
    files = {name: Path(config.settings(setting)) for name, setting in stage.files.items()}
    return Node(
        stage, config, settings, files, upstream, parts if stage.fan_out == "part" else None, seed
    )


def _identity(node: Node) -> str:
    return json.dumps(
        [
            node.settings_text,
            {name: str(path) for name, path in node.files.items()},
            {
                name: [source.number for source in sources]
                for name, sources in node.upstream.items()
            },
        ],
        sort_keys=True,
    )


def _label(node: Node, nodes_of_stage: int) -> str:
    """Return ``train[tanh, seed 1]``, ``normalize[stems]`` or ``normalize``."""
    stage = node.stage
    if stage.fan_out == "job" or (nodes_of_stage == 1 and stage.fan_out != "seed"):
        return stage.name
    is_repeated = stage.repeats is not None and node.config.settings(stage.repeats) > 1
    seed = f", seed {node.seed}" if node.seed is not None and is_repeated else ""
    return f"{stage.name}[{node.variants[0]}{seed}]"


def _json(value: Any) -> Any:
    return (
        json.loads(value.model_dump_json())
        if isinstance(value, BaseModel)
        else json.loads(json.dumps(value))
    )
