"""Describe a stage of a job: its function, its inputs, its key.

    reads, settings, files, facts, resources ─▶ key of a step
    reads, settings, files, facts, rows ──────▶ arguments of the stage's function

The engine knows a stage by this description only. It imports a stage's function when a step runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from reviewflow.store.files import sha256_of
from reviewflow.store.hashing import KEY_CHARACTERS

if TYPE_CHECKING:
    from reviewflow.pipeline.graph import Node

ROOT = Path(__file__).parents[1]  # resource files are named relative to the package

Values = Mapping[str, Any]


class Settings(Protocol):
    """A job's whole configuration."""

    def settings(self, name: str) -> Any:
        """Return the section or the single setting called ``name``."""

    def is_given(self, name: str) -> bool:
        """Return whether a single setting is given, and not left to its default."""


class Index(Protocol):
    """The parts of a source's rows."""

    @property
    def parts(self) -> tuple[Any, ...]:
        """One entry for each part, in order."""


class Source(Protocol):
    """Where the rows of a job come from. It can be pickled."""

    @property
    def index(self) -> Index:
        """The parts of the rows."""

    def digests(self, part: int) -> Mapping[str, str]:
        """Return a digest of each column of a part."""

    def rows(self, part: int) -> Any:
        """Return the rows of a part.

        Parts in ascending order cost one pass over the source.
        """

    def close(self) -> None:
        """Free the rows in memory and the open file."""


@dataclass(frozen=True)
class Reads:
    """One input of a stage: artifacts of an earlier stage.

    Attributes
    ----------
    stage : the earlier stage's name.
    outputs : which of that artifact's digests count in the key. The stage may read only these.
    every : ``part`` gives one folder for each part (of each node in turn, where variants differ),
        ``variant`` one for each node. None gives the single artifact of the same part.
    optional : outputs that an artifact may lack.
    """

    stage: str
    outputs: tuple[str, ...]
    every: Literal["part", "variant"] | None = None
    optional: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fact:
    """A fact of the job's data that a stage takes as an argument.

    Attributes
    ----------
    argument : the argument of the stage's function.
    name : what changed if the fact did: ``rows`` is shown as "other rows".
    value : called with the node, the part and the index of the source.
    as_json : gives the value as it counts in the key.
    """

    argument: str
    name: str
    value: Callable[[Node, int | None, Any], Any]
    as_json: Callable[[Any], Any]


@dataclass(frozen=True)
class Resource:
    """A file that shapes a result and ships with the code.

    Attributes
    ----------
    name : how reasons call it.
    path : where it lies below ``reviewflow/``.
    digest : returns the digest of what counts of it, a function of a module. None: of its bytes.
    is_used : says whether the stage uses it. None: always.
    """

    name: str
    path: str
    digest: Callable[[], str] | None = None
    is_used: Callable[[Settings], bool] | None = None

    def digest_for(self, config: Settings) -> str | None:
        """Return the digest in a key, None if the stage does not use the file."""
        if self.is_used is not None and not self.is_used(config):
            return None
        digest = sha256_of(ROOT / self.path) if self.digest is None else self.digest()
        return digest[:KEY_CHARACTERS]


@dataclass(frozen=True)
class Stage:
    """One stage of a job.

    Attributes
    ----------
    function : dotted name of the function. It is called with keywords only: the names in
        ``reads``, ``settings`` (their last piece), ``files`` and ``facts``, ``folder`` and
        ``context``, and ``rows`` for a stage that reads the source.
    fan_out : a step for each ``part`` of the rows, one for the ``whole``, one for each ``seed``
        of a variant, or one for the ``job``.
    group : what a person calls the stage. Several stages may share a group.
    settings : sections and single settings of the configuration that it reads.
    files : settings that name a file whose content it reads, by argument name.
    file_digest : gives the digest of such a file as it counts in the key. None: of its bytes.
    facts : what it takes to know about the data.
    resources : what else shapes the result.
    after : checks that must have passed before it starts. They are not inputs.
    reads_source : whether it takes a part's ``rows`` from the job's source. Its artifacts then
        have the source's digests, so later keys are known before it runs.
    digests : dotted name of a function that gives an artifact's digests from its folder, where
        the bytes of its files are not what counts.
    gate : dotted name of a function that returns why artifacts stop the run, else None. It gets
        their folders by title, and likewise the files that their stages read, by setting.
    repeats : the setting that says how many seeds a ``seed`` stage has.
    resolve : gives the settings as one seed uses them on this machine.
    applies : tells whether a configuration has the stage at all. None: every one has it.
    shared : past participle for variants that share a step, as in "trained once for a, b too".
    """

    name: str
    function: str
    fan_out: Literal["part", "whole", "seed", "job"]
    group: str
    reads: Mapping[str, Reads] = field(default_factory=dict)
    settings: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    file_digest: Callable[[Path], str] | None = None
    facts: tuple[Fact, ...] = ()
    resources: tuple[Resource, ...] = ()
    after: tuple[str, ...] = ()
    reads_source: bool = False
    digests: str | None = None
    gate: str | None = None
    repeats: str | None = None
    resolve: Callable[[Values, int], Values] | None = None
    applies: Callable[[Settings], bool] | None = None
    shared: str | None = None

    @property
    def functions(self) -> tuple[str, ...]:
        """Dotted names of the functions that shape the stage's artifacts."""
        return (self.function,) if self.digests is None else (self.function, self.digests)


@dataclass(frozen=True)
class Job:
    """A job: its name, and its stages in an order in which they can run.

    Attributes
    ----------
    latest_link : the link in the folder of runs that points at the last completed run.
    """

    name: str
    stages: tuple[Stage, ...]
    latest_link: str = "latest"

    @property
    def groups(self) -> tuple[str, ...]:
        """What a person calls the stages, each once, in the job's order."""
        return tuple(dict.fromkeys(stage.group for stage in self.stages))

    @property
    def functions(self) -> tuple[str, ...]:
        """Dotted names of the functions that shape the stages' artifacts."""
        return tuple(name for stage in self.stages for name in stage.functions)
