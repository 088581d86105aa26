"""Read the source files of a project."""

from pathlib import Path
from typing import NamedTuple

from reviewflow.callgraph.import_hook import text_digest
from reviewflow.errors import ReviewflowError


class SourceFile(NamedTuple):
    """A source file.

    Attributes
    ----------
    module : dotted name.
    path : where the file is.
    is_package : whether it is an ``__init__.py``.
    text : its bytes.
    """

    module: str
    path: str
    is_package: bool
    text: bytes

    @property
    def package(self) -> str:
        """The package from which relative imports count."""
        return self.module if self.is_package else self.module.rpartition(".")[0]

    @property
    def file(self) -> tuple[str, ...]:
        """The path below the folder that holds the packages, piece by piece."""
        pieces = tuple(self.module.split("."))
        return (*pieces, "__init__.py") if self.is_package else (*pieces[:-1], f"{pieces[-1]}.py")


def read_sources(root: Path, packages: tuple[str, ...]) -> tuple[SourceFile, ...]:
    """Return the source files of the packages below ``root``, by module name.

    Raises
    ------
    ReviewflowError
        There is no such package.
    """
    files = []
    for package in packages:
        if not (root / package).is_dir():
            raise ReviewflowError(f"{root} holds no package {package}; name the folder above it.")
        for path in sorted((root / package).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            is_package = parts[-1] == "__init__"
            name = ".".join(parts[:-1] if is_package else parts)
            files.append(SourceFile(name, str(path), is_package, path.read_bytes()))
    return tuple(sorted(files))


def default_root() -> Path:
    """Return the folder that holds the running ``reviewflow`` package."""
    return Path(__file__).resolve().parents[2]


def text_digests(files: tuple[SourceFile, ...]) -> dict[str, str]:
    """Return the digest of each module's text."""
    return {file.module: text_digest(file.text) for file in files}
