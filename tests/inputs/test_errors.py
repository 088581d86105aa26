"""What is brought wrong ends with its exit code and one sentence; docs/errors.md lists it all.

The page is written by these very cases. Where it drifts, look at the difference and write it anew:

    REVIEWFLOW_WRITE_DOCS=1 .venv/bin/pytest tests/inputs/test_errors.py
"""

import os
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

import pytest

from reviewflow.quality.describe import value
from tests.conftest import ROOT, named, performed, small_config, write_config
from tests.inputs.bench import Case, Said, csv_text, inside, made_up, said_of
from tests.inputs.cases import FEATURES, cases

PAGE = ROOT / "docs" / "errors.md"
CASES = {f"{case.group}: {case.title}": case for case in cases()}
Tell = Callable[[str], Said]


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all cases are brought, one after another, to the same artifacts folder."""
    return tmp_path_factory.mktemp("room")


@pytest.fixture(scope="module")
def tell(room: Path) -> Tell:
    """What is said of a case, which is brought once."""
    known: dict[str, Said] = {}

    def said(name: str) -> Said:
        if name not in known:
            known[name] = said_of(CASES[name], room / f"case {len(known)}")
        return known[name]

    return said


@pytest.mark.parametrize("name", CASES)
def test_what_is_wrong_is_told(name: str, tell: Tell, room: Path) -> None:
    case, said = CASES[name], tell(name)
    assert said.code == case.code, said
    assert "unexpected" not in said.sentence
    assert "\n" not in said.sentence
    assert said.sentence[-1] in ".?:"
    assert len(said.sentence) < 600
    told = " ".join([said.sentence, *map(facts, said.failed)])
    assert [word for word in case.words if word not in told] == [], told
    assert_nothing_half_done(room / "artifacts")


def assert_nothing_half_done(artifacts: Path) -> None:
    store = artifacts / "store"
    assert not [*store.glob(".making/*"), *store.glob("train/*")]
    assert all((folder / "manifest.json").exists() for folder in store.glob("[!.]*/*"))
    assert not (artifacts / "runs" / "latest-moons").exists()


def test_the_next_good_run_is_not_disturbed(tell: Tell, room: Path, tmp_path: Path) -> None:
    for name in CASES:
        tell(name)
    content = small_config(Path("reviews.csv"))
    made = []
    for artifacts in (room / "artifacts", tmp_path / "fresh"):
        folder = tmp_path / f"beside {artifacts.name}"
        folder.mkdir()
        with inside(folder):
            Path("reviews.csv").write_text(csv_text(made_up(80)), encoding="utf-8", newline="")
            told = performed(write_config(Path("job.yaml"), content), artifacts, FEATURES)
        made.append({named(step): one.digests for step, one in told.run.artifacts.items()})
    assert made[0] == made[1]
    assert_nothing_half_done(room / "artifacts")


def facts(failed: dict) -> str:  # type: ignore[type-arg]
    """One failed expectation in a line: what was asked, seen and where."""
    frame = "" if failed["frame"] == "rows" else f"{failed['frame']}: "
    where = "; ".join(
        ", ".join(f"{name} {value(cell)}" for name, cell in example.items())
        for example in failed["examples"][:2]
    )
    return f"{frame}{failed['asked']}: seen {failed['observed']}{f' ({where})' if where else ''}."


def cell(text: str) -> str:
    """Text inside a table of Markdown."""
    for sign in ("\\", "|", "*", "<", "["):
        text = text.replace(sign, f"\\{sign}")
    return text.replace("_", "\\_")


def page(tell: Tell) -> str:
    """The page that the cases write."""
    lines = [HEAD]
    for group, members in groupby(CASES.values(), key=lambda case: case.group):
        lines += [
            f"\n## {group}\n",
            "| what is brought | exit code | message |",
            "| --- | --- | --- |",
        ]
        lines += [row(case, tell(f"{case.group}: {case.title}")) for case in members]
    return "\n".join(lines) + "\n"


def row(case: Case, said: Said) -> str:
    errors = [failed for failed in said.failed if failed["severity"] == "error"]
    told = " ".join([said.sentence, *map(facts, errors)])
    return f"| {case.title} | {said.code} | {cell(told)} |"


TABLE = ("| what is brought | exit code | message |", "| --- | --- | --- |")
HEAD = """\
# What is told when something is wrong

Exit codes: 2 for a configuration or a file that cannot be used, 3 for readable data that fail a
check, 1 for anything else. Each message is what the command prints behind `Error: ` (of a failed
check, in place of its table: what was asked, what was seen, and the first rows). This page is
written by the tests that bring these cases: nothing is trained in any of them, nothing half-written
stays, and the next good run is not disturbed.

Records are counted with the header as record 1; blank lines are none.

Limits: a record of a CSV file may hold 1 GB, in as many columns as you like; a configuration or a
suite 1,000,000 characters, 20,000 values and 50 levels; a configuration 1,000 variants. Of labels
that were left out, the first 100 different words are told apart."""


def test_the_page_says_what_is_said(tell: Tell) -> None:
    written = page(tell)
    if os.environ.get("REVIEWFLOW_WRITE_DOCS"):
        PAGE.write_text(written, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == written
