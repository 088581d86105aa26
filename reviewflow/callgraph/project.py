"""All modules of a project together: what a chain of attributes stands for, across files.

features.py   from reviewflow.text import stem      stem(word)
                                │
text/__init__.py   from reviewflow.text.stems import stem
                                │
text/stems.py                  def stem             ──▶  definition reviewflow.text.stems.stem
"""

import builtins
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from reviewflow.callgraph.modules import Module, Source, Statement, parsed
from reviewflow.callgraph.references import Reference
from reviewflow.callgraph.rules import call_acts
from reviewflow.errors import ReviewflowError

BUILTINS = frozenset(dir(builtins))
MODULE_ATTRIBUTES = frozenset({"__annotations__", "__file__", "__path__"})
IMPORT_HOOK = ("reviewflow.callgraph.import_hook", "install")  # watches imports, changes nothing


class Target(NamedTuple):
    """What a chain stands for.

    ``kind`` is ``definition`` (``name`` of the project's ``module``; ``rest`` is what follows),
    ``module`` of the project, ``package`` (another package: ``module`` is the dotted text),
    ``builtin`` or ``missing`` (``module`` has no such ``name``).
    """

    kind: str
    module: str
    name: str = ""
    rest: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The target in a line, for digests; what follows a definition left out."""
        return f"{self.kind} {self.module} {self.name}"


def sources(root: Path, packages: tuple[str, ...]) -> tuple[Source, ...]:
    """Return the source files of the packages below ``root``, by module name.

    Raises
    ------
    ReviewflowError
        There is no such package.
    """
    found = []
    for package in packages:
        if not (root / package).is_dir():
            raise ReviewflowError(f"{root} holds no package {package}; name the folder above it.")
        for path in sorted((root / package).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            is_package = parts[-1] == "__init__"
            name = ".".join(parts[:-1] if is_package else parts)
            found.append(Source(name, str(path), is_package, path.read_bytes()))
    return tuple(sorted(found))


def own_root() -> Path:
    """Return the folder that holds the running ``reviewflow`` package."""
    return Path(__file__).resolve().parents[2]


class Project:
    """Modules, linked. Definitions are named by module and name.

    Attributes
    ----------
    modules : by dotted name.
    heirs : for a class, the definitions that may be it where it is asked for: its subclasses,
        and for a protocol the classes that have one of its methods.
    writers : for a definition, the places that change it from elsewhere, as sentences.
    acting : modules that do more at import than define.
    """

    def __init__(self, modules: tuple[Module, ...], packages: tuple[str, ...]) -> None:
        self.modules = {module.name: module for module in modules}
        self.packages = packages
        self.folders = {
            name[:end] for name in self.modules for end in range(len(name)) if name[end] == "."
        }
        self.heirs: dict[tuple[str, str], list[tuple[str, str]]] = {}
        self.writers: dict[tuple[str, str], list[str]] = {}
        self.acting: set[str] = set()
        self._found: dict[tuple[str, tuple[str, ...]], tuple[Target, ...]] = {}
        self._link()

    def find(self, module: str, attributes: tuple[str, ...]) -> tuple[Target, ...]:
        """Return what ``attributes`` of ``module`` stand for: all that it may be."""
        key = (module, attributes)
        if key not in self._found:
            self._found[key] = (Target("missing", module, ".".join(attributes)),)  # for circles
            self._found[key] = tuple(dict.fromkeys(self._find(module, attributes)))
        return self._found[key]

    def _find(self, module: str, attributes: tuple[str, ...]) -> list[Target]:
        if module.partition(".")[0] not in self.packages:
            return [Target("package", ".".join([module, *attributes]))]
        if module not in self.modules and module not in self.folders:
            return [Target("missing", module)]
        if not attributes:
            return [Target("module", module)]
        name, rest = attributes[0], attributes[1:]
        inner = f"{module}.{name}"
        statements = self.modules[module].binding(name) if module in self.modules else []
        found: list[Target] = []
        if statements and all(each.target == statements[0].target for each in statements):
            target = statements[0].target
            if target is not None:
                found += self.find(target[0], (*target[1], *rest))
                if target == (inner, (name,)):  # __init__ imports the module's namesake
                    return found
        if statements and not found:
            found = [Target("definition", module, name, rest)]
        if inner in self.modules or inner in self.folders:
            found += self.find(inner, rest)
        return found or [Target("missing", module, name)]

    def resolve(self, module: str, reference: Reference) -> tuple[Target, ...]:
        """Return what a reference in ``module`` stands for; names of Python itself included."""
        found = self.find(reference.module or module, reference.attributes)
        if not reference.module and found[0].kind == "missing" and found[0].module == module:
            name = reference.attributes[0]
            if name in BUILTINS or name in MODULE_ATTRIBUTES:
                return (Target("builtin", "", name),)
        return found

    def call_doubt(self, module: str, reference: Reference) -> str:
        """Return why a call at import may do more than make a value, or nothing."""
        for target in self.resolve(module, reference):
            kinds: set[str] = set()
            if target.kind == "definition" and not target.rest:
                statements = self.modules[target.module].binding(target.name)
                kinds = {statement.kind for statement in statements}
            builtin = target.kind == "builtin"
            text = target.name if builtin else f"{target.module}.{target.name}".rstrip(".")
            acts = "function" in kinds and (target.module, target.name) != IMPORT_HOOK
            if target.kind in ("package", "builtin"):
                acts = call_acts(text, builtin=builtin)
            if acts:
                return f"calls {text} at import, which may do more than make a value"
        return ""

    def _link(self) -> None:
        protocols: list[tuple[str, str]] = []
        for module in self.modules.values():
            for name, statements in self._definitions(module):
                for statement in statements:
                    for reference in statement.references:
                        if reference.role == "base":
                            self._inherit(module.name, name, reference)
                            if reference.attributes[-1] == "Protocol":
                                protocols.append((module.name, name))
            for statement in module.statements:
                if statement.kind == "action":
                    self.acting.add(module.name)
                for reference in statement.references:
                    if reference.role == "call" and self.call_doubt(module.name, reference):
                        self.acting.add(module.name)
                    if reference.role in ("write", "mutate", "augment", "decorate"):
                        self._write(module.name, reference)
        for protocol in protocols:
            self._fulfil(protocol)

    @staticmethod
    def _definitions(module: Module) -> list[tuple[str, list[Statement]]]:
        return [(name, module.binding(name)) for name in module.names]

    def _inherit(self, module: str, name: str, reference: Reference) -> None:
        """Make a definition an heir of its base, and of all that a computed base names."""
        seen: set[tuple[str, str]] = {(module, name)}
        todo = list(self.resolve(module, reference))
        while todo:
            target = todo.pop()
            base = (target.module, target.name)
            if target.kind != "definition" or base in seen:
                continue
            seen.add(base)
            self.heirs.setdefault(base, []).append((module, name))
            for statement in self.modules[target.module].binding(target.name):
                if statement.kind in ("constant", "block"):
                    for inner in statement.references:
                        todo.extend(self.resolve(target.module, inner))

    def _write(self, module: str, reference: Reference) -> None:
        """Remember that a place changes a definition from outside of it."""
        todo = list(self.resolve(module, reference))
        for target in todo:
            if target.kind != "definition":
                continue
            statements = self.modules[target.module].binding(target.name)
            todo += [each for each in self._behind(target, statements) if each not in todo]
            kinds = {each.kind for each in statements if target.name not in each.imports}
            holds_value = bool(kinds & {"constant", "block"} or (kinds and target.rest))
            if (
                reference.role == "write"
                or (reference.role == "mutate" and holds_value)
                or (reference.role == "decorate" and target.rest)
                or (reference.role == "augment" and target.module != module)
            ):
                name = f"{target.module}.{target.name}"
                self.writers.setdefault((target.module, target.name), []).append(
                    f"{module}:{reference.line} changes {name} in place"
                )

    def _behind(self, target: Target, statements: list[Statement]) -> list[Target]:
        """Return what a name may stand for that imports bind beside other statements."""
        found: list[Target] = []
        for statement in statements:
            if statement.kind == "import" or target.name in statement.imports:
                for reference in statement.references:
                    found += self.resolve(target.module, reference)
        return found

    def _fulfil(self, protocol: tuple[str, str]) -> None:
        wanted = {
            member
            for statement in self.modules[protocol[0]].binding(protocol[1])
            for member in statement.members
        }
        for module in self.modules.values():
            for name, statements in self._definitions(module):
                has = {member for statement in statements for member in statement.members}
                if not has.isdisjoint(wanted) and (module.name, name) != protocol:
                    self.heirs.setdefault(protocol, []).append((module.name, name))


@lru_cache(maxsize=4)
def linked(files: tuple[Source, ...], packages: tuple[str, ...]) -> Project:
    """Return the project that some source files make."""
    return Project(tuple(parsed(file) for file in files), packages)
