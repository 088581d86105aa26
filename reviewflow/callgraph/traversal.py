"""The walk from definition to definition, and what it counts on its way."""

from sys import stdlib_module_names

from reviewflow.callgraph.modules import Module, Statement
from reviewflow.callgraph.normalize import digest
from reviewflow.callgraph.project import Project, Target
from reviewflow.callgraph.references import Doubt, Reference
from reviewflow.callgraph.rules import BUILTINS, LOCAL_DOUBTS, package_doubt

CHANGES = frozenset({"write", "mutate", "augment", "decorate"})


class Walk:
    """One walk over the definitions of a project.

    Attributes
    ----------
    seen : definitions counted, to whether as a value (a class then with its subclasses).
    whole : modules that count whole.
    packages : import roots of the third-party packages used.
    unclear : sentences on what could not be told.
    """

    def __init__(self, project: Project) -> None:
        self.project = project
        self.seen: dict[tuple[str, str], bool] = {}
        self.whole: set[str] = set()
        self.packages: set[str] = set()
        self.unclear: set[str] = set()
        self._todo: list[tuple[str, str, bool]] = []
        self._touched: set[str] = set()
        self._documented = False

    def count(self, module: str, name: str, *, as_value: bool = True) -> None:
        """Count a definition and all that it reaches."""
        self._todo.append((module, name, as_value))
        self._go_on()

    def count_module(self, module: str) -> None:
        """Count a module whole, and all that its statements reach."""
        self._count_module(module)
        self._go_on()

    def doubt(self, module: str, doubt: Doubt) -> None:
        """Count more, since the reach cannot be told at some place of ``module``."""
        self._doubt(module, doubt)
        self._go_on()

    def definitions(self) -> dict[str, str]:
        """Return the digest of each counted definition, by dotted name, sorted."""
        found = {}
        for module, name in self.seen:
            statements = self.project.modules[module].binding(name)
            found[f"{module}.{name}"] = self._digest(module, statements)
        for module in self.whole:
            read = self.project.modules[module]
            found[f"{module}.*"] = read.documented if self._documented else read.plain
        if self._documented:
            for module in self._touched:
                found[f"{module}.__doc__"] = self.project.modules[module].docstring
        return dict(sorted(found.items()))

    def _digest(self, module: str, statements: list[Statement]) -> str:
        """Digest some statements, with what the names in them stand for."""
        parts = []
        for each in statements:
            parts.append(each.documented if self._documented else each.plain)
            for reference in each.references:
                chain = ".".join((reference.module, *reference.attributes))
                targets = self.project.resolve(module, reference)
                parts.append(" ".join([chain, *(target.text for target in targets)]))
        return digest(parts)

    def _go_on(self) -> None:
        while self._todo:
            module, name, as_value = self._todo.pop()
            key = (module, name)
            if as_value and not self.seen.get(key):
                self._todo.extend((*heir, True) for heir in self.project.heirs.get(key, ()))
            if key in self.seen:
                self.seen[key] |= as_value
                continue
            self.seen[key] = as_value
            self._touch(module)
            statements = self.project.modules[module].binding(name)
            if len({statement.target for statement in statements}) == 1 and statements[0].target:
                self._follow_import(module, statements[0])
                continue
            for statement in statements:
                self._follow(module, statement)
            for sentence in self.project.writers.get(key, ()):
                self.unclear.add(sentence)
                self._count_project()

    def _touch(self, module: str) -> None:
        """Count what any definition of a module brings along."""
        if module in self._touched:
            return
        self._touched.add(module)
        read = self.project.modules[module]
        for statement in read.statements:
            if statement.kind == "star":
                self._follow(module, statement)
        for statement in read.idle_imports:
            self._follow_import(module, statement)

    def _follow(self, module: str, statement: Statement) -> None:
        self._documented |= statement.reads_documentation
        for reference in statement.references:
            self._reference(module, reference)
        for doubt in statement.doubts:
            self._doubt(module, doubt)

    def _follow_import(self, module: str, statement: Statement) -> None:
        """Count what an import names; a project module that it names is not yet used."""
        for reference in statement.references:
            self._reference(module, reference._replace(role="lazy"))

    def _reference(self, module: str, reference: Reference) -> None:
        role, line = reference.role, reference.line
        if role == "call" and (why := self.project.call_doubt(module, reference)):
            self._doubt(module, Doubt(line, why, False))
        for target in self.project.resolve(module, reference):
            if target.kind == "definition":
                self._todo.append((target.module, target.name, role != "base"))
            elif target.kind == "package":
                self._package(module, target, reference)
            elif role in CHANGES or role in ("maybe", "call"):
                continue
            elif target.kind == "builtin":
                if target.name in BUILTINS:
                    everywhere = target.name not in LOCAL_DOUBTS
                    self._doubt(module, Doubt(line, BUILTINS[target.name], everywhere))
            elif target.kind == "module" and role != "lazy":
                self._module(module, target, line)
            elif target.kind == "missing":
                chain = ".".join([reference.module, *reference.attributes]).strip(".")
                why = f"names {chain}, which is defined nowhere"
                self._doubt(module, Doubt(line, why, False))
                self._count_module(target.module)

    def _package(self, module: str, target: Target, reference: Reference) -> None:
        root = target.module.partition(".")[0]
        if root not in stdlib_module_names:
            self.packages.add(root)
        why = package_doubt(target.module)
        if why:
            self._doubt(module, Doubt(reference.line, why, True))

    def _module(self, module: str, target: Target, line: int) -> None:
        """Count a module that is handed on as a value, or imported whole by ``*``."""
        stars = [each.line for each in self.project.modules[module].statements_of("star")]
        if line not in stars:
            self._doubt(module, Doubt(line, f"uses the module {target.module} as a value", False))
        self._count_module(target.module)

    def _doubt(self, module: str, doubt: Doubt) -> None:
        self.unclear.add(f"{module}:{doubt.line} {doubt.why}")
        if doubt.everywhere:
            self._count_project()
        self._count_module(module)

    def _count_project(self) -> None:
        for module in self.project.modules:
            self._count_module(module)

    def _count_module(self, module: str) -> None:
        if module in self.whole or module not in self.project.modules:
            return
        self.whole.add(module)
        self._touch(module)
        read: Module = self.project.modules[module]
        self._todo.extend((module, name, True) for name in read.names)
        for statement in read.statements:
            if statement.kind != "import":
                self._follow(module, statement)
