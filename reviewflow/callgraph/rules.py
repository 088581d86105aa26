"""List the names that hide what code depends on, and why.

| table | what its names do |
| --- | --- |
| ``BUILTINS``, ``PACKAGES`` | make a reach impossible to resolve |
| ``GLOBAL_STATE`` | change what other code computes, wherever they are called |
| ``COMPILERS`` | compile a function and keep the machine code on disk |
| ``MUTATORS`` | change the object whose method they are |
"""

from collections.abc import Mapping

TEXT_AS_CODE = "runs code that is made as text"
IMPORTS_BY_VALUE = "imports what a value names"
NAMES_CODE_IN_DATA = "unpickles or pickles, which names code in data"
READS_SOURCE = "reads source text"
READS_CALLER = "reads its caller's frame"

BUILTINS = {
    "eval": f"{TEXT_AS_CODE} (eval)",
    "exec": f"{TEXT_AS_CODE} (exec)",
    "compile": f"{TEXT_AS_CODE} (compile)",
    "__import__": f"{IMPORTS_BY_VALUE} (__import__)",
    "globals": "takes the module's names as a value (globals)",
    "locals": "takes its names as a value (locals)",
    "__builtins__": "takes Python's own names as a value",
    "getattr": "hands on getattr as a value",
    "setattr": "hands on setattr as a value",
    "delattr": "hands on delattr as a value",
}
WITHIN_MODULE = frozenset({"getattr", "setattr", "delattr"})  # the module bounds their reach
PACKAGES = {
    "importlib.import_module": f"{IMPORTS_BY_VALUE} (import_module)",
    "importlib.__import__": f"{IMPORTS_BY_VALUE} (__import__)",
    "importlib.reload": "executes a module again (reload)",
    "importlib.util.module_from_spec": "makes a module while running",
    "importlib.machinery": "makes a module while running",
    "builtins.eval": f"{TEXT_AS_CODE} (eval)",
    "builtins.exec": f"{TEXT_AS_CODE} (exec)",
    "builtins.__import__": f"{IMPORTS_BY_VALUE} (__import__)",
    "runpy": "runs a module that a value names",
    "pkgutil": "finds modules while running",
    "pydoc.locate": f"{IMPORTS_BY_VALUE} (locate)",
    "sys.modules": "takes modules as values (sys.modules)",
    "sys._getframe": READS_CALLER,
    "gc": "finds objects that nothing names (gc)",
    "pickle": NAMES_CODE_IN_DATA,
    "dill": NAMES_CODE_IN_DATA,
    "cloudpickle": NAMES_CODE_IN_DATA,
    "joblib": NAMES_CODE_IN_DATA,
    "pandas.read_pickle": NAMES_CODE_IN_DATA,
    "yaml.unsafe_load": "makes objects that data names (unsafe_load)",
    "marshal": "reads or writes code as data",
    "shelve": NAMES_CODE_IN_DATA,
    "inspect.getsource": READS_SOURCE,
    "inspect.getsourcelines": READS_SOURCE,
    "inspect.getmodule": "takes a module as a value",
    "inspect.stack": READS_CALLER,
    "inspect.currentframe": READS_CALLER,
    "linecache": READS_SOURCE,
}
GLOBAL_STATE = {
    "numpy.seterr": "changes NumPy's error state for all code; use numpy.errstate",
    "numpy.seterrcall": "changes NumPy's error state for all code; use numpy.errstate",
    "numpy.setbufsize": "changes NumPy's buffers for all code",
    "numpy.random.seed": "seeds NumPy for all code; use numpy.random.default_rng",
    "random.seed": "seeds Python's generator for all code; use random.Random",
    "torch.manual_seed": "seeds PyTorch for all code; use torch.Generator",
    "torch.set_default_dtype": "changes PyTorch's default type for all code",
    "decimal.setcontext": "changes decimal's context for all code; use localcontext",
    "locale.setlocale": "changes the locale for all code",
    "numba.extending": "changes what Numba compiles elsewhere",
    "unittest.mock": "changes other code by its name (unittest.mock)",
}
STATE_PIECES = frozenset(name.rpartition(".")[2] for name in GLOBAL_STATE)
COMPILERS = (
    "numba.cfunc",
    "numba.experimental.jitclass",
    "numba.generated_jit",
    "numba.guvectorize",
    "numba.jit",
    "numba.njit",
    "numba.stencil",
    "numba.vectorize",
)

LIST_CHANGES = ("append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort")
SET_CHANGES = ("add", "discard", "update", "difference_update", "intersection_update")
DICT_CHANGES = ("popitem", "setdefault", "move_to_end", "__setitem__", "__delitem__")
OTHER_CHANGES = ("appendleft", "extendleft", "popleft", "fill", "put", "set", "setflags")
MUTATORS = frozenset({*LIST_CHANGES, *SET_CHANGES, *DICT_CHANGES, *OTHER_CHANGES})
OPAQUE_ATTRIBUTES = frozenset({"__globals__", "__subclasses__", "__builtins__", "f_globals"})

IMPURE_BUILTINS = frozenset({"breakpoint", "input", "open", "print"})
PURE_AT_IMPORT = (
    "abc",
    "click",
    "collections",
    "contextlib",
    "contextvars",
    "dataclasses",
    "datetime",
    "decimal",
    "enum",
    "fractions",
    "functools",
    "importlib.metadata",
    "importlib.resources",
    "itertools",
    "logging.getLogger",
    "math",
    *COMPILERS,
    "numpy",
    "operator",
    "os.path",
    "pathlib",
    "pyarrow",
    "pydantic",
    "re",
    "string",
    "struct",
    "sys.intern",
    "textwrap",
    "types",
    "typing",
    "unicodedata",
)
IMPURE_BEGINNINGS = (
    "seed", "set", "register", "enable", "disable", "add", "remove", "update", "use",
)  # fmt: skip


def unresolved_reason(name: str) -> str:
    """Return why a package's name hides what code depends on, or nothing."""
    return _reason(PACKAGES, name) or _reason(GLOBAL_STATE, name)


def state_reason(name: str) -> str:
    """Return how a package's name changes other code, or nothing."""
    return _reason(GLOBAL_STATE, name)


def is_compiler(name: str) -> bool:
    """Tell whether a name compiles a function."""
    return any(_begins(name, compiler) for compiler in COMPILERS)


def is_pure_at_import(name: str, *, builtin: bool) -> bool:
    """Tell whether a call at import only makes a value.

    Parameters
    ----------
    name : the dotted name of what is called.
    builtin : whether it is one of Python's own.
    """
    last = name.rpartition(".")[2]
    if builtin:
        return last not in IMPURE_BUILTINS
    is_class = last.lstrip("_")[:1].isupper()
    known = is_class or any(_begins(name, pure) for pure in PURE_AT_IMPORT)
    return known and not last.startswith(IMPURE_BEGINNINGS)


def _reason(table: Mapping[str, str], name: str) -> str:
    return next((why for beginning, why in table.items() if _begins(name, beginning)), "")


def _begins(name: str, beginning: str) -> bool:
    return name == beginning or name.startswith(beginning + ".")
