"""Small projects on disk, and edits of them that are written down as text.

== name of the edit: changes        or stands, where the reach must stay
a.py
    a line that stays
  - a line that goes
  + a line that comes
"""

from pathlib import Path
from typing import NamedTuple

from reviewflow.callgraph.reach import reach

ENTRY = "shop.a.entry"
HEAD = "import os\nfrom pathlib import Path\nimport numpy as np\n"


class Edit(NamedTuple):
    """The text of each file before and after, and the expected effect."""

    name: str
    before: dict[str, str]
    after: dict[str, str]
    changes: bool


def edits(name: str) -> list[Edit]:
    """Return the edits that a text file beside this one holds."""
    text = (Path(__file__).parent / name).read_text()
    return [_edit(block) for block in text.split("\n== ")[1:]]


def _edit(block: str) -> Edit:
    title, *lines = block.splitlines()
    name, _, verdict = title.partition(": ")
    edit = Edit(name, {}, {}, {"changes": True, "stands": False}[verdict])
    file = ""
    for line in lines:
        if line and not line.startswith((" ", "#")):
            file = line.removesuffix(".py")
            edit.before[file] = edit.after[file] = ""
        elif line.startswith("  "):
            if line[2] != "+":
                edit.before[file] += line[4:] + "\n"
            if line[2] != "-":
                edit.after[file] += line[4:] + "\n"
    return edit


def write(root: Path, files: dict[str, str], *, package: str = "shop") -> Path:
    """Write files of a package, named by paths without ``.py``."""
    for name, text in {"__init__": "", **files}.items():
        path = root / package / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        if name in files or not path.exists():
            path.write_text(text)
    return root


def reads(source: str, root: Path) -> list[tuple[str, str]]:
    """Return place and file of what the entry reads."""
    write(root, {"a": HEAD + source})
    found = reach(ENTRY, root=root, packages=("shop",))
    assert not found.unresolved
    return [(read.place, read.path) for read in found.reads]


def function(*lines: str, takes: str = "folder: Path") -> str:
    """Return the source of an entry with these lines."""
    return f"def entry({takes}) -> int:\n" + "".join(f"    {line}\n" for line in lines)
