"""README and docs are true: commands run, links work, terms exist."""

import ast
import csv
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from pyarrow import parquet

from tests.conftest import Reviews, write_reviews

ROOT = Path(__file__).parents[1]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
GLOSSARY = ROOT / "docs" / "glossary.md"
MOST_WORDS = 32
ENGINE = ("pipeline", "runs", "store")
PLAIN_NAMES = frozenset(  # each says in plain words what it is
    {"Corruption", "Entry", "GcResult", "Performed", "Reads", "Request", "RetentionPolicy", "Side"}
    | {"StaleTemp", "VerifyResult"}
)
COMMAND = re.compile(r"^\.venv/bin/(reviewflow .*)$", re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_pictures_lead_to_files(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_readmes_commands_run_as_they_stand(
    tmp_path: Path, reviews: Reviews, prefect_api: str
) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    raw = tmp_path / "data" / "raw"
    raw.mkdir(parents=True)
    write_reviews(raw / "imdb_reviews.csv", reviews)
    with (tmp_path / "my_reviews.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "stars"])
        writer.writerows((text, 5 if word == "positive" else 1) for text, word in reviews)
    with (tmp_path / "new_reviews.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["text"], *([text] for text, _ in reviews[:50])])
    (config,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)

    commands = COMMAND.findall(text)
    assert len(commands) >= 6
    reviewflow = Path(sys.executable).with_name("reviewflow")
    environment = {**os.environ, "PREFECT_API_URL": prefect_api}
    for command in commands:
        done = subprocess.run(
            [str(reviewflow), *command.split()[1:]],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        assert done.stdout
    assert config in (tmp_path / "my_reviews.yaml").read_text(encoding="utf-8")
    scores = parquet.read_table(tmp_path / "scores.parquet")
    assert scores.column_names == ["text", "probability", "label", "model_version"]
    assert scores.num_rows == 50


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_target_that_a_page_names_exists(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    code = re.findall(r"`[^`]*`|```.*?```", page.read_text(encoding="utf-8"), re.DOTALL)
    for target in re.findall(r"\bmake ([a-z-]+)", " ".join(code)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def glossary() -> dict[str, str]:
    """Return the meaning of each term, in the order of the page."""
    rows = re.findall(r"^\| \*\*(.+)\*\* \| (.+) \|$", GLOSSARY.read_text(), re.MULTILINE)
    return dict(rows)


def test_the_glossary_has_one_sentence_a_term_in_alphabetical_order() -> None:
    terms = glossary()
    assert len(terms) > 40
    assert list(terms) == sorted(terms)
    for term, meaning in terms.items():
        assert meaning.endswith("."), term
        assert ". " not in meaning, term
        assert len(meaning.split()) <= MOST_WORDS, term


@pytest.mark.parametrize("term", glossary())
def test_a_term_of_the_glossary_is_in_use(term: str) -> None:
    forms = rf"\b{term.replace(' ', '[ _]?')}(?:s|es)?(?![a-z])"
    pages = [page.read_text(encoding="utf-8") for page in PAGES if page != GLOSSARY]
    assert any(re.search(forms, text, re.IGNORECASE) for text in (*pages, *sources()))


@cache
def sources() -> tuple[str, ...]:
    """Return the text of every module of the product."""
    packages = ("flows", "tasks", "reviewflow")
    paths = (path for name in packages for path in (ROOT / name).rglob("*.py"))
    return tuple(path.read_text(encoding="utf-8") for path in paths)


def test_the_names_of_the_engine_are_in_the_glossary() -> None:
    known = {word for term in glossary() for word in term.split()}
    for path in (path for room in ENGINE for path in (ROOT / "reviewflow" / room).glob("*.py")):
        for node in ast.parse(path.read_bytes()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                words = {word.lower() for word in re.findall("[A-Z][a-z]*", node.name)}
                known_words = (words | {word.rstrip("s") for word in words}) & known
                assert known_words or node.name in PLAIN_NAMES, node.name
