"""Link the modules of a project, so that names resolve across files.

features.py   from reviewflow.text import stem      stem(word)
                                │
text/__init__.py   from reviewflow.text.stems import stem
                                │
text/stems.py                  def stem             ──▶  definition reviewflow.text.stems.stem
"""

import builtins
from functools import lru_cache
from typing import NamedTuple

from reviewflow.callgraph.modules import Module, Statement, parse_module
from reviewflow.callgraph.references import Reference
from reviewflow.callgraph.rules import STATE_PIECES, is_pure_at_import, state_reason
from reviewflow.callgraph.source_files import SourceFile

BUILTINS = frozenset(dir(builtins))
MODULE_ATTRIBUTES = frozenset({"__annotations__", "__file__", "__path__"})
IMPORT_HOOK = ("reviewflow.callgraph.import_hook", "install")  # watches imports, changes nothing
CHANGES = frozenset({"write", "mutate", "augment", "decorate"})


class Target(NamedTuple):
    """What a chain stands for.

    Attributes
    ----------
    kind : ``definition`` (``name`` of the project's ``module``), ``module`` of the project,
        ``package`` (another package, ``module`` is the dotted name), ``builtin`` or ``missing``
        (``module`` has no such ``name``).
    rest : the attributes that follow a definition.
    """

    kind: str
    module: str
    name: str = ""
    rest: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The target in a line, for digests, without what follows it."""
        return f"{self.kind} {self.module} {self.name}"


class Project:
    """Linked modules. Definitions are named by module and name.

    Attributes
    ----------
    modules : by dotted name.
    subclasses : for a class, the definitions that may be it where it is asked for: its
        subclasses, and for a protocol the classes that have one of its methods.
    writers : for a definition, the places that change it from elsewhere, as sentences.
    import_side_effects : modules that do more at import than define, or that change the state of
        a package.
    """

    def __init__(self, modules: tuple[Module, ...], packages: tuple[str, ...]) -> None:
        self.modules = {module.name: module for module in modules}
        self.packages = packages
        self.folders = {
            name[:end] for name in self.modules for end in range(len(name)) if name[end] == "."
        }
        self.subclasses: dict[tuple[str, str], list[tuple[str, str]]] = {}
        self.writers: dict[tuple[str, str], list[str]] = {}
        self.import_side_effects: set[str] = set()
        self._targets: dict[tuple[str, tuple[str, ...]], tuple[Target, ...]] = {}
        self._link()

    def find(self, module: str, attributes: tuple[str, ...]) -> tuple[Target, ...]:
        """Return what ``attributes`` of ``module`` stand for: all that it may be."""
        key = (module, attributes)
        if key not in self._targets:
            self._targets[key] = (Target("missing", module, ".".join(attributes)),)  # for circles
            self._targets[key] = tuple(dict.fromkeys(self._find(module, attributes)))
        return self._targets[key]

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
        targets: list[Target] = []
        if statements and all(each.target == statements[0].target for each in statements):
            origin = statements[0].target
            if origin is not None:
                targets += self.find(origin[0], (*origin[1], *rest))
                if origin == (inner, (name,)):  # __init__ imports the module's namesake
                    return targets
        if statements and not targets:
            targets = [Target("definition", module, name, rest)]
        if inner in self.modules or inner in self.folders:
            targets += self.find(inner, rest)
        return targets or [Target("missing", module, name)]

    def resolve(self, module: str, reference: Reference) -> tuple[Target, ...]:
        """Return what a reference in ``module`` stands for.

        Names of Python itself are included.
        """
        targets = self.find(reference.module or module, reference.attributes)
        if not reference.module and targets[0].kind == "missing" and targets[0].module == module:
            name = reference.attributes[0]
            if name in BUILTINS or name in MODULE_ATTRIBUTES:
                return (Target("builtin", "", name),)
        return targets

    def impure_call(self, module: str, reference: Reference) -> str:
        """Return why a call at import may do more than make a value, or nothing.

        The project's own decorators are trusted to only make values.
        """
        for target in self.resolve(module, reference):
            name = ".".join(filter(None, (target.module, target.name)))
            if target.kind in ("package", "builtin"):
                impure = not is_pure_at_import(name, builtin=target.kind == "builtin")
            elif target.kind == "definition" and not target.rest:
                statements = self.modules[target.module].binding(target.name)
                is_function = any(each.kind == "function" for each in statements)
                trusted = (target.module, target.name) == IMPORT_HOOK
                impure = is_function and reference.role == "call" and not trusted
            else:
                impure = False
            if impure:
                return f"calls {name} at import, which may do more than make a value"
        return ""

    def names_elsewhere(self, module: str, statement: Statement) -> str:
        """Return a name of another module that a statement uses, or nothing.

        It may use it through definitions of its own module. For compiled functions: what they call
        and the constants that they hold are compiled in.
        """
        seen: set[str] = set()
        pending = [statement]
        while pending:
            for reference in pending.pop().references:
                for target in self.resolve(module, reference):
                    if target.kind in ("definition", "module") and target.module != module:
                        return ".".join(filter(None, (target.module, target.name)))
                    if target.kind == "definition" and target.name not in seen:
                        seen.add(target.name)
                        pending += self.modules[module].binding(target.name)
        return ""

    def _link(self) -> None:
        protocols: list[tuple[str, str]] = []
        for module in self.modules.values():
            for name in module.names:
                for statement in module.binding(name):
                    for reference in statement.references:
                        if reference.role == "base":
                            self._link_base(module.name, name, reference)
                            if reference.attributes[-1] == "Protocol":
                                protocols.append((module.name, name))
            for statement in module.statements:
                self._link_effects(module.name, statement)
        for protocol in protocols:
            self._link_protocol(protocol)

    def _link_base(self, module: str, name: str, reference: Reference) -> None:
        """Record a definition as a subclass of its base.

        A computed base stands for all that it names.
        """
        seen: set[tuple[str, str]] = {(module, name)}
        pending = list(self.resolve(module, reference))
        while pending:
            target = pending.pop()
            base = (target.module, target.name)
            if target.kind != "definition" or base in seen:
                continue
            seen.add(base)
            self.subclasses.setdefault(base, []).append((module, name))
            for statement in self.modules[target.module].binding(target.name):
                if statement.kind in ("constant", "block"):
                    for inner in statement.references:
                        pending.extend(self.resolve(target.module, inner))

    def _link_effects(self, module: str, statement: Statement) -> None:
        """Record what a statement changes beyond its own names."""
        if statement.kind == "action":
            self.import_side_effects.add(module)
        for reference in statement.references:
            if reference.role in ("call", "decorator") and self.impure_call(module, reference):
                self.import_side_effects.add(module)
            if reference.role in CHANGES:
                self._record_writer(module, reference)
            if self._changes_state(module, reference):
                self.import_side_effects.add(module)

    def _changes_state(self, module: str, reference: Reference) -> bool:
        """Tell whether a reference names a function that changes a package."""
        pieces = (*reference.attributes, reference.module.rpartition(".")[2])
        if STATE_PIECES.isdisjoint(pieces):
            return False  # an import that renames one names it, too
        return any(
            target.kind == "package" and state_reason(target.module)
            for target in self.resolve(module, reference)
        )

    def _record_writer(self, module: str, reference: Reference) -> None:
        """Record that a place changes a definition from outside of it."""
        pending = list(self.resolve(module, reference))
        for target in pending:
            if target.kind == "module" and reference.role == "write":
                names = self.modules[target.module].names if target.module in self.modules else ()
                pending += [Target("definition", target.module, name) for name in names]
            if target.kind != "definition":
                continue
            statements = self.modules[target.module].binding(target.name)
            pending += [each for each in self._behind(target, statements) if each not in pending]
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
        """Return what the imports among a name's statements stand for."""
        targets: list[Target] = []
        for statement in statements:
            if statement.kind == "import" or target.name in statement.imports:
                for reference in statement.references:
                    targets += self.resolve(target.module, reference)
        return targets

    def _link_protocol(self, protocol: tuple[str, str]) -> None:
        """Make every class with a method of a protocol a subclass of it."""
        wanted = {
            member
            for statement in self.modules[protocol[0]].binding(protocol[1])
            for member in statement.members
        }
        for module in self.modules.values():
            for name in module.names:
                members = {each for statement in module.binding(name) for each in statement.members}
                if not members.isdisjoint(wanted) and (module.name, name) != protocol:
                    self.subclasses.setdefault(protocol, []).append((module.name, name))


@lru_cache(maxsize=4)
def link_project(files: tuple[SourceFile, ...], packages: tuple[str, ...]) -> Project:
    """Return the project that some source files make."""
    return Project(tuple(parse_module(file) for file in files), packages)
