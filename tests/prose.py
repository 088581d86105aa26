"""Check the project's prose: ``python -m tests.prose [FILE]...``.

    Markdown ─ without code ─────────────────────────────────────────┐
    Python ─┬─ docstrings ─ first line: length, one thought ─────────┼─▶ words ─▶ path:line: advice
            ├─ comments and messages ────────────────────────────────┘
            └─ names of functions ─▶ path:line: advice

Ruff holds the form of docstrings (rules ``D``). This module holds what Ruff cannot: words that read
as a translation, first lines that carry two thoughts, and functions named by a participle. Each
rule names the plain form, and only rules with few false alarms are here.
"""

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
PAGES = ("*.md", "docs/*.md", "artifacts/README.md", "data/README.md")
PACKAGES = ("reviewflow", "flows", "tasks", "benchmarks", "tests")
EXAMPLES = ("prose.py", "test_prose.py")  # they hold bad sentences on purpose
FIRST_LINE_LENGTH = 72
MESSAGE_WORDS = 4  # a string of fewer words is seldom a sentence

BE = r"(?:is|are|was|were|be|been|being)"
COMPARATIVES = "longer|more|less|fewer|later|earlier|better|worse|larger|smaller|faster|slower"
WORDS = (
    (r"anew", "write 'again', or say what happens: 'computed again', 'a new one'"),
    (rf"{BE} told(?! apart)", "name who reports what to whom: 'shows', 'reports', 'receives'"),
    (r"(?:tells?|told|telling) of", "write 'reports', 'describes' or 'lists'"),
    (r"what (?:lies|stands|is told|is said)", "name the thing instead of 'what …'"),
    (r"(?:lies|lie) (?:there|beside|under|about|aside)", "write 'is' with the place"),
    (r"(?:lies|lie) in(?! \[)", "write 'is in'"),
    (r"stands? (?:in|beside|under|above|there|behind|at its)", "write 'is in', 'is next to'"),
    (r"for good(?=[.,;:)!?]|$)", "write 'permanently' or 'until the process ends'"),
    (r"come what may", "write 'always' or 'in every case'"),
    (rf"{BE} looked (?:at|for|into)", "use the active voice: who reads or checks what"),
    (rf"(?<!here\s){BE} no(?= [a-z]+)(?! (?:{COMPARATIVES})\b)",
     "negate the verb: 'is not a …', 'has no …'"),
    (r"of no effect", "write 'has no effect' or 'no-op'"),
    (rf"{BE} handed", "write 'receives' or 'is passed'"),
    (r"(?:hereby|herein|therein|thereof|whereof)", "leave it out"),
    (r"shall", "write 'must' or the present tense"),
    (r"a world of its own", "say what it is"),
    (r"dear(?:er|est)?", "write 'expensive'"),
    (r"heirs?", "write 'subclasses'"),
    (r"twins?", "write 'duplicate' or 'pair'"),
    (r"ledgers?", "write 'planner'"),
    (r"cook(?:s|ed)?", "write 'computes'"),
    (r"(?:has|have|had|with) teeth", "say what it prevents"),
    (r"as (?:it|they) (?:is|are|was|were) not so", "say what differs"),
    (r"from empty", "write 'from scratch'"),
)  # fmt: skip
RULES = tuple(
    (re.compile(r"\b" + pattern.replace(" ", r"\s+") + r"(?!\w)", re.MULTILINE), advice)
    for pattern, advice in WORDS
)
CODE = re.compile(r"^```.*?^```|``.+?``|`[^`]+`|\]\([^)]*\)|https?://\S+", re.DOTALL | re.MULTILINE)
PARTICIPLE = re.compile(r"(?:told|found|drawn|given|shown|made|kept|seen|said|known|held|[a-z]+ed)")
NOT_PARTICIPLES = frozenset({"embed", "feed", "need", "proceed", "seed", "speed", "succeed"})


class Finding(NamedTuple):
    """A place to mend; ``line`` counts from 1."""

    path: Path
    line: int
    advice: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.advice}"


def prose_findings(path: Path, text: str) -> list[Finding]:
    """Return the places of a page or a Python file to mend, in the order of the lines."""
    is_test = "tests" in path.parts
    places = python_places(text, is_test) if path.suffix == ".py" else markdown_places(text)
    return [Finding(path, line, advice) for line, advice in sorted(set(places))]


def markdown_places(text: str) -> Iterator[tuple[int, str]]:
    """Yield line and advice for each place of a Markdown page to mend."""
    yield from word_places(without_code(text), 1)


def python_places(source: str, is_test: bool) -> Iterator[tuple[int, str]]:
    """Yield line and advice for each docstring, comment, message and name to mend.

    In tests only words count, as Ruff holds no docstrings there.
    """
    tree = ast.parse(source)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield from word_places(token.string, token.start[0])
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if len(node.value.split()) >= MESSAGE_WORDS:
                yield from word_places(without_code(node.value), node.lineno)
        elif is_test:
            continue
        elif isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from first_line_places(node)
            yield from name_places(node)


def first_line_places(
    node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef,
) -> Iterator[tuple[int, str]]:
    """Yield line and advice where a docstring's first line is long or has two thoughts."""
    docstring = ast.get_docstring(node)
    if docstring is None:
        return
    first, line = docstring.split("\n", 1)[0], node.body[0].lineno
    if len(first) > FIRST_LINE_LENGTH:
        yield line, f"the first line has {len(first)} characters, at most {FIRST_LINE_LENGTH}"
    if ";" in first:
        yield line, "the first line has a semicolon; one thought a line"


def name_places(node: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield line and advice where a function is named by a participle alone."""
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return
    name = node.name.lstrip("_")
    is_property = any("property" in ast.unparse(each) for each in node.decorator_list)
    if PARTICIPLE.fullmatch(name) and name not in NOT_PARTICIPLES and not is_property:
        yield node.lineno, f"the function {name} is a participle; name it by a verb or a noun"


def word_places(text: str, first_line: int) -> Iterator[tuple[int, str]]:
    """Yield line and advice for each word or pattern that has a plainer form."""
    for pattern, advice in RULES:
        for match in pattern.finditer(text):
            line = first_line + text.count("\n", 0, match.start())
            words = " ".join(match.group().split())
            yield line, f"'{words}': {advice}"


def without_code(text: str) -> str:
    """Return a text with its code and addresses blank, every line where it was."""
    return CODE.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), text)


def project_files() -> list[Path]:
    """Return every page and every Python file but this module and its test."""
    pages = [path for pattern in PAGES for path in sorted(ROOT.glob(pattern))]
    modules = [path for name in PACKAGES for path in sorted((ROOT / name).rglob("*.py"))]
    return [path.relative_to(ROOT) for path in pages + modules if path.name not in EXAMPLES]


def main(arguments: list[str]) -> int:
    """Print what is to be mended in the files, by default all; return the exit code."""
    files = [Path(name) for name in arguments] or project_files()
    found = [
        finding
        for path in files
        for finding in prose_findings(path, (ROOT / path).read_text(encoding="utf-8"))
    ]
    for finding in found:
        print(finding)
    print(f"{len(files)} files, {len(found)} places to mend.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
