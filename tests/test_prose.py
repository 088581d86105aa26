"""The prose linter refuses what style rules out, and accepts the plain form."""

from pathlib import Path

import pytest

from tests.prose import main, project_files, prose_findings

PAGE, MODULE = Path("page.md"), Path("module.py")
BAD = {
    "The report is computed anew.": "anew",
    "The user is told why.": "is told",
    "The run tells\nof its steps.": "tells of",
    "Here is what lies in the folder.": "what lies",
    "Reports lie there until then.": "lie there",
    "The server stays for good.": "for good",
    "It runs come what may.": "come what may",
    "Old files are looked at first.": "are looked at",
    "A comma is no delimiter.": "is no",
    "The stage is handed a folder.": "is handed",
    "The report makes everything that is dear.": "dear",
}
GOOD = """
The report is computed again. `told of` is code, and so is

```
anew
```

The values lie in [0, 1]. There is no file. It is no longer than a page. For good measure.
[A link](is-told-anew.md) is not a sentence.
"""


@pytest.mark.parametrize(("sentence", "words"), BAD.items())
def test_a_sentence_that_reads_as_a_translation_is_refused(sentence: str, words: str) -> None:
    assert any(words in finding.advice for finding in prose_findings(PAGE, sentence))
    for source in (f'"""{sentence}"""\n', f"MESSAGE = '''{sentence}'''\n"):
        assert any(words in finding.advice for finding in prose_findings(MODULE, source))


def test_a_plain_sentence_is_accepted() -> None:
    assert prose_findings(PAGE, GOOD) == []


def test_a_comment_is_read_and_code_is_not() -> None:
    source = "anew = 1  # computed anew\n"
    (finding,) = prose_findings(MODULE, source)
    assert str(finding).startswith("module.py:1: 'anew': write 'again'")


def test_the_first_line_of_a_docstring_is_short_and_has_one_thought() -> None:
    source = (
        f'"""Return {"x" * 70}."""\n\n\ndef f():\n    """Return x; y too.\n\n    a; b\n    """\n'
    )
    long, two = prose_findings(MODULE, source)
    assert (long.line, two.line) == (1, 5)
    assert "78 characters" in long.advice
    assert "semicolon" in two.advice


def test_a_function_named_by_a_participle_is_refused() -> None:
    source = (
        "def told(): ...\ndef merged(): ...\ndef seed(): ...\n"
        "class A:\n    @property\n    def shown(self): ...\n    def _kept(self): ...\n"
    )
    names = [finding.advice.split()[2] for finding in prose_findings(MODULE, source)]
    assert names == ["told", "merged", "kept"]


def test_the_line_is_that_of_the_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Page\n\nAll is well. It is computed\nanew.\n", encoding="utf-8")
    assert main([str(page)]) == 1
    assert capsys.readouterr().out.startswith(f"{page}:4: 'anew'")


def test_every_page_and_every_package_is_read() -> None:
    names = {path.name for path in project_files()}
    assert {"README.md", "CHANGELOG.md", "architecture.md", "context.py", "base.py"} <= names


def test_in_a_test_only_words_count() -> None:
    source = 'def told():\n    """Return a; b is computed anew."""\n'
    (finding,) = prose_findings(Path("tests/test_x.py"), source)
    assert "anew" in finding.advice
