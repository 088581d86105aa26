"""An edit of a random program changes the reach if it changes the result.

Each definition of a random program makes a number out of its own constant and of the earlier
definitions that it uses, in a random way: through an import, a module, a class and its bases, a
decorator, a default, a table, a branch. The numbers are added up, so that every constant that
takes part shows in the result.
"""

import importlib
import itertools
import random
import re
import sys
from pathlib import Path

import pytest

from reviewflow.callgraph.import_hook import install
from reviewflow.callgraph.reach import reach
from tests.reviewflow.callgraph.projects import write

FILES = ("a", "b", "c", "d/f", "d/e")
MODULES = {"a": "{p}.a", "b": "{p}.b", "c": "{p}.c", "d/e": "{p}.d.e", "d/f": "{p}.d.f"}
PACKAGE_NUMBERS = itertools.count()

# {n}: the definition, {k}: its constant, {v}: what it takes from others, as an expression.
FORMS = {
    "function": "def {n}() -> int:\n    return {k} + {v}\n",
    "nested": "def {n}() -> int:\n    def inner() -> int:\n        return {v}\n"
    "    return {k} + inner()\n",
    "default": "def {n}(given: int = {k} + {v}) -> int:\n    return given\n",
    "lambda": "{n} = lambda: {k} + {v}\n",
    "class": "class {n}:\n    def __new__(cls) -> int:\n        return {k} + cls.more()\n"
    "    @staticmethod\n    def more() -> int:\n        return {v}\n",
    "base": "class {n}_base:\n    @staticmethod\n    def more() -> int:\n        return {k} + {v}\n"
    "class {n}({n}_base):\n    def __new__(cls) -> int:\n        return cls.more()\n",
    "decorator": "def {n}_plus(f):\n    return lambda: f() + {v}\n"
    "@{n}_plus\ndef {n}() -> int:\n    return {k}\n",
    "table": "{n}_table = {{'x': lambda: {k} + {v}}}\n"
    "def {n}() -> int:\n    return {n}_table['x']()\n",
    "second": "def {n}() -> int:\n    return {v}\n{n}_first = {n}\n"
    "def {n}() -> int:\n    return {n}_first() + {k}\n",
    "constant": "{n}_value = {k}\n{n}_value += {k}\n"
    "def {n}() -> int:\n    return {n}_value + {v}\n",
    "branch": "if sum([1]) == 1:\n    def {n}() -> int:\n        return {k} + {v}\n"
    "else:\n    def {n}() -> int:\n        return 0\n",
    "comprehension": "def {n}() -> int:\n    return sum([{k} for {k_name} in [0]]) + {v}\n",
}


def program(seed: int, package: str) -> tuple[dict[str, str], list[int]]:
    """Return the files and constants of a program that ``a.entry`` runs."""
    rng = random.Random(seed)
    heads: dict[str, list[str]] = {file: [] for file in FILES}
    bodies: dict[str, list[str]] = {file: [] for file in FILES}
    made: list[tuple[str, str]] = []
    constants = []
    order = sorted(rng.choices(range(1, len(FILES)), k=14), reverse=True)  # no import circles
    for number, place in enumerate([*order, 0]):
        file, name = FILES[place], "entry" if place == 0 else f"n{number}"
        chosen = rng.sample(made, min(len(made), rng.choice([0, 1, 1, 2]) + 2 * (place == 0)))
        terms = [_use(rng, heads, file, package, *other) for other in chosen]
        constants.append(7 ** (number + 2))
        form = "function" if place == 0 else rng.choice(list(FORMS))
        bodies[file].append(
            FORMS[form].format(
                n=name, k=constants[-1], v=" + ".join(["0", *terms]), k_name=f"n{number}"
            )
        )
        made.append((file, name))
    files = {file: "".join([*heads[file], *bodies[file]]) for file in FILES}
    return {"d/__init__": "", **files}, constants


def _use(
    rng: random.Random, heads: dict[str, list[str]], file: str, package: str, at: str, name: str
) -> str:
    """Return a call of a definition, and add the import that it needs."""
    if at == file:
        return f"{name}()"
    module = MODULES[at].format(p=package)
    parent, _, last = module.rpartition(".")
    how = rng.randrange(5)
    alias = f"{name}_{how}"
    if how == 0:
        heads[file].append(f"from {module} import {name} as {alias}\n")
        return f"{alias}()"
    if how == 1:
        heads[file].append(f"from {parent} import {last} as {alias}\n")
        return f"{alias}.{name}()"
    if how == 2:
        heads[file].append(f"import {module}\n")
        return f"{module}.{name}()"
    if how == 3:
        heads[file].append(f"from {module} import {name}\n")
        return f"{{'f': {name}}}['f']()"
    heads[file].append(f"import {module} as {alias}\n")
    return f"getattr({alias}, '{name}')()"


def result(root: Path, package: str) -> int:
    """Run a program from its files, even if just edited."""
    importlib.invalidate_caches()
    finder = install(package)
    sys.path.insert(0, str(root))
    try:
        return int(importlib.import_module(f"{package}.a").entry())
    finally:
        sys.path.remove(str(root))
        sys.meta_path.remove(finder)
        for module in [name for name in sys.modules if name.split(".")[0] == package]:
            del sys.modules[module]


@pytest.mark.parametrize("seed", range(25))
def test_reach_changes_exactly_if_the_result_does(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    package = f"random_program_{next(PACKAGE_NUMBERS)}"
    files, constants = program(seed, package)
    write(tmp_path, files, package=package)
    entry = f"{package}.a.entry"
    before = reach(entry, root=tmp_path, packages=(package,))
    value = result(tmp_path, package)
    assert not before.unresolved
    assert value > 0
    for constant in constants:
        old = re.compile(rf"\b{constant}\b")
        changed = {file: old.sub(str(constant + 1), text) for file, text in files.items()}
        write(tmp_path, changed, package=package)
        after = reach(entry, root=tmp_path, packages=(package,))
        assert (result(tmp_path, package) != value) == (before != after), constant
        write(tmp_path, files, package=package)
