"""Make every known mistake: each ends with its exit code and one sentence.

These cases also write docs/errors.md. If the page differs, check the difference and write it again:

    REVIEWFLOW_WRITE_DOCS=1 .venv/bin/pytest tests/inputs/test_errors.py
"""

import os
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

import pytest

from reviewflow.quality.describe import value
from tests.conftest import ROOT, plan_and_run, small_config, step_name, write_config
from tests.inputs.attempt import Case, Reply, csv_text, made_up, run_case, working_folder
from tests.inputs.cases import FEATURES, cases

PAGE = ROOT / "docs" / "errors.md"
CASES = {f"{case.group}: {case.title}": case for case in cases()}
Try = Callable[[str], Reply]


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all cases, which share an artifacts folder."""
    return tmp_path_factory.mktemp("room")


@pytest.fixture(scope="module")
def reply_to(room: Path) -> Try:
    """Return the reply to a case. Each is tried once."""
    known: dict[str, Reply] = {}

    def reply(name: str) -> Reply:
        if name not in known:
            known[name] = run_case(CASES[name], room / f"case {len(known)}")
        return known[name]

    return reply


@pytest.mark.parametrize("name", CASES)
def test_a_mistake_ends_with_its_sentence(name: str, reply_to: Try, room: Path) -> None:
    case, reply = CASES[name], reply_to(name)
    assert reply.code == case.code, reply
    assert "unexpected" not in reply.sentence
    assert "\n" not in reply.sentence
    assert reply.sentence[-1] in ".?:"
    assert len(reply.sentence) < 600
    message = " ".join([reply.sentence, *map(facts, reply.failed)])
    assert [word for word in case.words if word not in message] == [], message
    assert_nothing_half_done(room / "artifacts")


def assert_nothing_half_done(artifacts: Path) -> None:
    store = artifacts / "store"
    assert not [*store.glob(".making/*"), *store.glob("train/*")]
    assert all((folder / "manifest.json").exists() for folder in store.glob("[!.]*/*"))
    assert not (artifacts / "runs" / "latest-moons").exists()


def test_the_next_good_run_is_not_disturbed(reply_to: Try, room: Path, tmp_path: Path) -> None:
    for name in CASES:
        reply_to(name)
    content = small_config(Path("reviews.csv"))
    made = []
    for artifacts in (room / "artifacts", tmp_path / "fresh"):
        folder = tmp_path / f"beside {artifacts.name}"
        folder.mkdir()
        with working_folder(folder):
            Path("reviews.csv").write_text(csv_text(made_up(80)), encoding="utf-8", newline="")
            done = plan_and_run(write_config(Path("job.yaml"), content), artifacts, FEATURES)
        made.append({step_name(step): one.digests for step, one in done.run.artifacts.items()})
    assert made[0] == made[1]
    assert_nothing_half_done(room / "artifacts")


def facts(failed: dict) -> str:  # type: ignore[type-arg]
    """Return one failed expectation in a line: expected, observed and where."""
    frame = "" if failed["frame"] == "rows" else f"{failed['frame']}: "
    where = "; ".join(
        ", ".join(f"{name} {value(cell)}" for name, cell in example.items())
        for example in failed["examples"][:2]
    )
    return f"{frame}{failed['asked']}: {failed['observed']}{f' ({where})' if where else ''}."


def cell(text: str) -> str:
    """Return text for a cell of a Markdown table."""
    for sign in ("\\", "|", "*", "<", "["):
        text = text.replace(sign, f"\\{sign}")
    return text.replace("_", "\\_")


def page(reply_to: Try) -> str:
    """Return the page that the cases write."""
    lines = [HEAD]
    for group, members in groupby(CASES.values(), key=lambda case: case.group):
        lines += [
            f"\n## {group}\n",
            "| mistake | exit code | message |",
            "| --- | --- | --- |",
        ]
        lines += [row(case, reply_to(f"{case.group}: {case.title}")) for case in members]
    return "\n".join(lines) + "\n"


def row(case: Case, reply: Reply) -> str:
    errors = [failed for failed in reply.failed if failed["severity"] == "error"]
    message = " ".join([reply.sentence, *map(facts, errors)]).replace(f"{ROOT}/", "")
    return f"| {case.title} | {reply.code} | {cell(message)} |"


TABLE = ("| what is check_data | exit code | message |", "| --- | --- | --- |")
HEAD = """\
# Error messages

The exit code is 2 for a configuration or a file that cannot be used, 3 for readable data that fail
a check, and 1 for anything else. The command prints each message after `Error: `. Of a failed check
the page shows what was expected, what was observed, and the first rows, where the command prints a
table. The tests that make these mistakes write this page. In none of them is anything trained or a
half-written file left, and the next good run is not affected.

The header is record 1. Blank lines are not records.

A record of a CSV file may have 1 GB, in any number of columns. A configuration or a suite may have
1,000,000 characters, 20,000 values and 50 levels. A configuration may have 1,000 variants. Of
labels that are left out, the first 100 different words are listed one by one."""


def test_the_page_lists_every_message(reply_to: Try) -> None:
    written = page(reply_to)
    if os.environ.get("REVIEWFLOW_WRITE_DOCS"):
        PAGE.write_text(written, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == written
