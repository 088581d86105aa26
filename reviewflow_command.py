"""Start the command ``reviewflow`` with this project's packages, or say which file hides one.

A ``flows.py`` or ``tasks.py`` of another project may come first where Python looks for modules: in
a folder of ``PYTHONPATH``, or in that of the script. Its module of its own lets the command look
before it imports any of the packages.
"""

import sys
from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("flows", "tasks", "reviewflow")
HERE = Path(__file__).resolve().parent


def main() -> None:
    """Run the command line, unless another file has the name of one of its packages."""
    for name in PACKAGES:
        found = foreign_module(name)
        if found is not None:
            print(f"Error: {hidden_package(name, found)}", file=sys.stderr)
            sys.exit(2)
    from flows.commands.main import main as command_line

    command_line()


def foreign_module(name: str) -> Path | None:
    """Return the path of a module that Python finds in place of ours."""
    spec = find_spec(name)
    origin = spec.origin if spec is not None else None
    if origin is None or Path(origin).resolve() == HERE / name / "__init__.py":
        return None
    return Path(origin)


def hidden_package(name: str, found: Path) -> str:
    """Return the sentence on a file that hides a package."""
    file = found.parent if found.name == "__init__.py" else found
    return (
        f"{file} hides reviewflow's package {name}; rename it, or take its folder out of "
        "PYTHONPATH and away from the command."
    )


if __name__ == "__main__":
    main()
