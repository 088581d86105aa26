"""Resolve a step: all that it takes to find or make its artifact.

A resolved step is frozen and can be pickled. A store and a context are all that a thread, a process
or another machine needs to perform it (see :mod:`reviewflow.pipeline.perform`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from reviewflow.callgraph.reached import Reach
from reviewflow.pipeline.keys import Fingerprint, step_key
from reviewflow.pipeline.stage import Source
from reviewflow.store.files import content_digest
from reviewflow.store.hashing import KEY_CHARACTERS


@dataclass(frozen=True)
class StepInput:
    """The artifacts that a step reads as one argument.

    Attributes
    ----------
    folders : one folder for each artifact.
    digests : the digests that count of each artifact, in the order of the folders.
    is_single : whether the function takes one folder, not a tuple of folders.
    """

    folders: tuple[Path, ...]
    digests: tuple[str, ...]
    is_single: bool


@dataclass(frozen=True)
class WatchedResource:
    """What a key says of a file below the package.

    Attributes
    ----------
    digest : its digest in the key.
    function : gives the digest as it is now. None: of the file's bytes.
    """

    digest: str
    function: Callable[[], str] | None = None


@dataclass(frozen=True)
class ResolvedStep:
    """One step whose inputs are made.

    Attributes
    ----------
    label : what errors call the step.
    function : dotted name of the stage's function.
    settings, facts : arguments of the function, by name.
    files : files that the function reads, by argument. Their digests are in the fingerprint.
    resources : files below the package that shape the result.
    inputs : the artifacts that the step reads, by argument.
    source, part : where the rows come from, for a stage that reads the source.
    reaches : the code that the key counts, as it was analysed.
    digests : dotted name of the function that gives the artifact's digests, if there is one.
    file_digest : gives the digest of one of ``files``. None: of its bytes.
    """

    stage: str
    label: str
    function: str
    settings: Mapping[str, Any]
    facts: Mapping[str, Any]
    files: Mapping[str, Path]
    resources: Mapping[Path, WatchedResource]
    inputs: Mapping[str, StepInput]
    fingerprint: Fingerprint
    reaches: tuple[Reach, ...]
    source: Source | None = None
    part: int | None = None
    digests: str | None = None
    file_digest: Callable[[Path], str] | None = None

    @property
    def name(self) -> str:
        """What a person calls the step: ``normalize, part 3``, counted from 1."""
        return self.label if self.part is None else f"{self.label}, part {self.part + 1}"

    @property
    def input_digests(self) -> dict[str, list[str]]:
        """The digests that count of the inputs, by argument."""
        return {name: list(given.digests) for name, given in self.inputs.items()}

    @cached_property
    def key(self) -> str:
        """The step's key: its fingerprint and its inputs' digests."""
        return step_key(self.fingerprint.digest, self.input_digests)

    @property
    def watched_files(self) -> dict[Path, str]:
        """Files that must not change meanwhile, with the digests of the key."""
        own = {path: self.fingerprint.files[name] for name, path in self.files.items()}
        return {**own, **{path: given.digest for path, given in self.resources.items()}}

    def current_digest(self, path: Path) -> str | None:
        """Return a watched file's digest as it is now, None if unreadable."""
        watched = self.resources.get(path)
        if watched is not None and watched.function is not None:
            return watched.function()[:KEY_CHARACTERS]
        if watched is not None or self.file_digest is None:
            return content_digest(path)
        try:
            return self.file_digest(path)
        except OSError:
            return None
