"""A stage of a job: its function, what it reads and what its key is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Reads:
    """One input of a stage: artifacts of an earlier stage.

    Attributes
    ----------
    stage : the earlier stage's name.
    outputs : which of that artifact's digests count in the key; only these may be read.
    every : ``part`` hands over one folder a part (of each node in turn, where variants part ways),
        ``variant`` one a node: a variant and seed, or what variants share; None hands over the
        single artifact of the same part.
    """

    stage: str
    outputs: tuple[str, ...]
    every: Literal["part", "variant"] | None = None


@dataclass(frozen=True)
class Stage:
    """One stage of the job.

    Attributes
    ----------
    function : dotted name of the function; it is called with keywords only: the names in ``reads``,
        ``settings`` (their last piece), ``files`` and ``facts``, and ``folder`` and ``context``.
    fan_out : a step for each ``part`` of the rows, one for the ``whole``, one for each ``seed``
        of a variant, or one for the ``job``.
    settings : sections and single settings of the configuration that it reads.
    files : settings that name a file whose content it reads, by argument name.
    facts : facts about the data that it is told.
    resources : what else shapes the result: ``wordnet``, or a file below ``reviewflow/``.
    after : checks that must have passed before it starts; they order and are no input.
    group : what a person calls the stage; several stages may be one to a person.
    """

    name: str
    function: str
    fan_out: Literal["part", "whole", "seed", "job"]
    group: str
    reads: Mapping[str, Reads] = field(default_factory=dict)
    settings: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    facts: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
