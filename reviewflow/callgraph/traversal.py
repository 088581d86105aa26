"""Walk from definition to definition and count what belongs to a reach."""

from sys import stdlib_module_names

from reviewflow.callgraph.modules import Statement
from reviewflow.callgraph.normalize import digest
from reviewflow.callgraph.outside import is_opener, outside_reason
from reviewflow.callgraph.project import CHANGES, Project, Target
from reviewflow.callgraph.reached import Read
from reviewflow.callgraph.references import Reference, Unresolved
from reviewflow.callgraph.rules import (
    BUILTINS,
    WITHIN_MODULE,
    is_compiler,
    unresolved_reason,
)


class Traversal:
    """One walk over the definitions of a project.

    Attributes
    ----------
    counted : definitions, with whether they count as a value (a class then with its subclasses).
    whole_modules : modules that count whole.
    packages : import roots of the third-party packages used.
    unresolved : places whose reach cannot be resolved, as sentences.
    reads : what is read that no argument gives.
    """

    def __init__(self, project: Project) -> None:
        self.project = project
        self.counted: dict[tuple[str, str], bool] = {}
        self.whole_modules: set[str] = set()
        self.packages: set[str] = set()
        self.unresolved: set[str] = set()
        self.reads: set[Read] = set()
        self._pending: list[tuple[str, str, bool]] = []
        self._entered: set[str] = set()
        self._documented = False

    def count(self, module: str, name: str, *, as_value: bool = True) -> None:
        """Count a definition and all that it reaches."""
        self._pending.append((module, name, as_value))
        self._drain()

    def count_module(self, module: str) -> None:
        """Count a module whole, and all that its statements reach."""
        self._count_module(module)
        self._drain()

    def mark(self, module: str, unresolved: Unresolved) -> None:
        """Count more, since a place of ``module`` cannot be resolved."""
        self._mark(module, unresolved)
        self._drain()

    def definitions(self) -> dict[str, str]:
        """Return the digest of each counted definition, by dotted name, sorted."""
        digests = {}
        for module, name in self.counted:
            statements = self.project.modules[module].binding(name)
            digests[f"{module}.{name}"] = self._digest(module, statements)
        for module in self.whole_modules:
            read = self.project.modules[module]
            digests[f"{module}.*"] = read.documented if self._documented else read.plain
        if self._documented:
            for module in self._entered:
                digests[f"{module}.__doc__"] = self.project.modules[module].docstring
        return dict(sorted(digests.items()))

    def _digest(self, module: str, statements: list[Statement]) -> str:
        """Return the digest of statements and of what their names stand for."""
        parts = []
        for each in statements:
            parts.append(each.documented if self._documented else each.plain)
            for reference in each.references:
                if reference.role == "passed":  # the same name counts as a value
                    continue
                chain = ".".join((reference.module, *reference.attributes))
                targets = self.project.resolve(module, reference)
                parts.append(" ".join([chain, *(target.text for target in targets)]))
        return digest(parts)

    def _drain(self) -> None:
        """Count what is pending, and what that reaches, until nothing is pending."""
        while self._pending:
            module, name, as_value = self._pending.pop()
            key = (module, name)
            if as_value and not self.counted.get(key):
                subclasses = self.project.subclasses.get(key, ())
                self._pending.extend((*subclass, True) for subclass in subclasses)
            if key in self.counted:
                self.counted[key] |= as_value
                continue
            self.counted[key] = as_value
            self._enter(module)
            statements = self.project.modules[module].binding(name)
            if len({statement.target for statement in statements}) == 1 and statements[0].target:
                self._follow_import(module, statements[0])
                continue
            for statement in statements:
                self._follow(module, statement)
            for sentence in self.project.writers.get(key, ()):
                self.unresolved.add(sentence)
                self._count_project()

    def _enter(self, module: str) -> None:
        """Count what any definition of a module brings along."""
        if module in self._entered:
            return
        self._entered.add(module)
        for statement in self.project.modules[module].statements_of("star"):
            self._follow(module, statement)
        for statement in self.project.modules[module].unused_imports:
            self._follow_import(module, statement)

    def _follow(self, module: str, statement: Statement) -> None:
        self._documented |= statement.reads_documentation
        for reference in statement.references:
            self._follow_reference(module, reference, statement)
        for unresolved in statement.unresolved:
            self._mark(module, unresolved)
        for file in statement.named_files:
            why = f"opens {file.path}" if file.path else "reads where its own file is"
            self.reads.add(Read(f"{module}:{file.line}", why, file.path))

    def _follow_import(self, module: str, statement: Statement) -> None:
        """Count what an import names.

        A project module that it names is not used yet.
        """
        for reference in statement.references:
            self._follow_reference(module, reference._replace(role="lazy"), statement)

    def _follow_reference(self, module: str, reference: Reference, statement: Statement) -> None:
        role, line = reference.role, reference.line
        if role in ("call", "decorator") and (why := self.project.impure_call(module, reference)):
            self._mark(module, Unresolved(line, why, False))
        for target in self.project.resolve(module, reference):
            if role in ("open", "passed"):
                self._opens(module, target, reference)
            elif target.kind == "definition":
                self._pending.append((target.module, target.name, role != "base"))
            elif target.kind == "package":
                self._package(module, target, reference, statement)
            elif role in CHANGES or role in ("maybe", "call"):
                continue
            elif target.kind == "builtin":
                if target.name in BUILTINS:
                    everywhere = target.name not in WITHIN_MODULE
                    self._mark(module, Unresolved(line, BUILTINS[target.name], everywhere))
            elif target.kind == "module" and role != "lazy":
                self._module(module, target, line)
            elif target.kind == "missing":
                chain = ".".join([reference.module, *reference.attributes]).strip(".")
                why = f"names {chain}, which is defined nowhere"
                self._mark(module, Unresolved(line, why, False))
                self._count_module(target.module)

    def _opens(self, module: str, target: Target, reference: Reference) -> None:
        """Count an opener without a given file, or used as a value."""
        name = target.module if target.kind == "package" else target.name
        if target.kind in ("package", "builtin") and is_opener(name):
            why = f"names a file that no argument gives ({name})"
            if reference.role == "passed":
                why = f"uses {name} as a value, which hides what it opens"
            self.reads.add(Read(f"{module}:{reference.line}", why, ""))

    def _package(
        self, module: str, target: Target, reference: Reference, statement: Statement
    ) -> None:
        name, line, role = target.module, reference.line, reference.role
        root = name.partition(".")[0]
        if root not in stdlib_module_names:
            self.packages.add(root)
        if why := unresolved_reason(name):
            self._mark(module, Unresolved(line, why, True))
        if role != "write" and (why := outside_reason(name)):
            self.reads.add(Read(f"{module}:{line}", why, ""))
        if role == "base" and is_opener(name):
            self.reads.add(Read(f"{module}:{line}", f"is a {name}, which opens files", ""))
        if is_compiler(name) and role != "lazy":
            self._compiler(module, reference, statement)

    def _compiler(self, module: str, reference: Reference, statement: Statement) -> None:
        """Mark a compiled function that a change would not compile again.

        Numba keeps machine code by the text of the function's own file alone.
        """
        line = reference.line
        if reference.role not in ("decorator", "decorate"):
            why = "compiles in another way than by a decorator, which hides what is compiled"
            self._mark(module, Unresolved(line, why, False))
        elif name := self.project.names_elsewhere(module, statement):
            why = f"compiles {name} of another file in; Numba would miss a change of it"
            self._mark(module, Unresolved(line, why, False))

    def _module(self, module: str, target: Target, line: int) -> None:
        """Count a module that is used as a value, or imported whole by ``*``."""
        stars = [each.line for each in self.project.modules[module].statements_of("star")]
        if line not in stars:
            why = f"uses the module {target.module} as a value"
            self._mark(module, Unresolved(line, why, False))
        self._count_module(target.module)

    def _mark(self, module: str, unresolved: Unresolved) -> None:
        self.unresolved.add(f"{module}:{unresolved.line} {unresolved.why}")
        if unresolved.everywhere:
            self._count_project()
        self._count_module(module)

    def _count_project(self) -> None:
        for module in self.project.modules:
            self._count_module(module)

    def _count_module(self, module: str) -> None:
        if module in self.whole_modules or module not in self.project.modules:
            return
        self.whole_modules.add(module)
        self._enter(module)
        read = self.project.modules[module]
        self._pending.extend((module, name, True) for name in read.names)
        for statement in read.statements:
            if statement.kind != "import":
                self._follow(module, statement)
