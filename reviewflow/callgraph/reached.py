"""Hold what a function reaches.

It imports nothing that analyses, since a plan of unchanged code only reads what was found before.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class Read(NamedTuple):
    """Something that reached code reads and no argument gives.

    Attributes
    ----------
    place : ``module:line``.
    why : what it reads.
    path : the file, below the folder that holds the packages; empty if it has no known name.
    """

    place: str
    why: str
    path: str


@dataclass(frozen=True)
class Reach:
    """What a function reaches.

    Attributes
    ----------
    definitions : dotted name of each definition to a digest of its source (16 hexadecimal
        digits); ``module.*`` stands for a module that counts whole.
    packages : import roots of the third-party packages that they use, sorted.
    unresolved : places where the reach cannot be resolved and more counts, as
        ``module:line why``.
    reads : files and other things outside the code that no argument gives, sorted.
    entry : the function.
    modules : every module of the project to the digest of the text that was read, for
        :func:`reviewflow.callgraph.imported.changed_modules` to compare with what is imported.
    """

    definitions: dict[str, str]
    packages: tuple[str, ...]
    unresolved: tuple[str, ...]
    reads: tuple[Read, ...] = ()
    entry: str = field(default="", compare=False)
    modules: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
