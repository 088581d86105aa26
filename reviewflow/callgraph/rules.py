"""Which names make a reach untellable, change a value in place, or may be called at import."""

BUILTINS = {
    "eval": "runs code that is made as text (eval)",
    "exec": "runs code that is made as text (exec)",
    "compile": "runs code that is made as text (compile)",
    "__import__": "imports what a value names (__import__)",
    "globals": "takes the module's names as a value (globals)",
    "locals": "takes its names as a value (locals)",
    "__builtins__": "takes Python's own names as a value",
    "getattr": "hands on getattr as a value",
    "setattr": "hands on setattr as a value",
    "delattr": "hands on delattr as a value",
}
PACKAGES = {
    "importlib.import_module": "imports what a value names (import_module)",
    "importlib.__import__": "imports what a value names (__import__)",
    "importlib.reload": "runs a module anew (reload)",
    "importlib.util.module_from_spec": "makes a module while running",
    "importlib.machinery": "makes a module while running",
    "builtins.eval": "runs code that is made as text (eval)",
    "builtins.exec": "runs code that is made as text (exec)",
    "builtins.__import__": "imports what a value names (__import__)",
    "runpy": "runs a module that a value names",
    "pkgutil": "finds modules while running",
    "pydoc.locate": "imports what a value names (locate)",
    "sys.modules": "takes modules as values (sys.modules)",
    "sys._getframe": "looks at its caller",
    "gc": "looks at objects that nothing names (gc)",
    "pickle": "unpickles or pickles, which names code in data",
    "dill": "unpickles or pickles, which names code in data",
    "cloudpickle": "unpickles or pickles, which names code in data",
    "joblib": "unpickles or pickles, which names code in data",
    "pandas.read_pickle": "unpickles or pickles, which names code in data",
    "yaml.unsafe_load": "makes objects that data names (unsafe_load)",
    "marshal": "reads or writes code as data",
    "shelve": "unpickles or pickles, which names code in data",
    "inspect.getsource": "reads source text",
    "inspect.getsourcelines": "reads source text",
    "inspect.getmodule": "takes a module as a value",
    "inspect.stack": "looks at its caller",
    "inspect.currentframe": "looks at its caller",
    "linecache": "reads source text",
}
LOCAL_DOUBTS = frozenset({"getattr", "setattr", "delattr"})  # bounded by the module

LIST_CHANGES = ("append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort")
SET_CHANGES = ("add", "discard", "update", "difference_update", "intersection_update")
DICT_CHANGES = ("popitem", "setdefault", "move_to_end", "__setitem__", "__delitem__")
OTHER_CHANGES = ("appendleft", "extendleft", "popleft", "fill", "put", "set", "setflags")
MUTATORS = frozenset({*LIST_CHANGES, *SET_CHANGES, *DICT_CHANGES, *OTHER_CHANGES})
OPAQUE_ATTRIBUTES = frozenset({"__globals__", "__subclasses__", "__builtins__", "f_globals"})

ACTING_BUILTINS = frozenset({"breakpoint", "input", "open", "print"})
PURE_AT_IMPORT = (
    "click",
    "collections",
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
    "numba",
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
ACTING_NAMES = ("seed", "set", "register", "enable", "disable", "add", "remove", "update", "use")


def _begins(text: str, beginning: str) -> bool:
    return text == beginning or text.startswith(beginning + ".")


def package_doubt(text: str) -> str:
    """Return why a foreign name (``sys.modules``) makes the reach untellable, or nothing."""
    return next((why for name, why in PACKAGES.items() if _begins(text, name)), "")


def call_acts(text: str, *, builtin: bool) -> bool:
    """Tell whether a call at import may do more than make a value.

    Parameters
    ----------
    text : the dotted name of what is called.
    builtin : whether it is one of Python's own.
    """
    last = text.rpartition(".")[2]
    if builtin:
        return last in ACTING_BUILTINS
    is_class = last.lstrip("_")[:1].isupper()
    known = is_class or any(_begins(text, name) for name in PURE_AT_IMPORT)
    return not known or last.startswith(ACTING_NAMES)
