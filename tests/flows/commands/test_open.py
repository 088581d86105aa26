"""``reviewflow open`` with a program that stands for the desktop's."""

from pathlib import Path

import pytest

from tests.flows.commands.conftest import FIRST, SECOND
from tests.flows.commands.invoke import call
from tests.flows.conftest import until


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which the desktop's program notes what it was given."""
    notes, program = tmp_path / "opened", tmp_path / "bin" / "xdg-open"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nprintf %s "$1" > {notes}.part\nmv {notes}.part {notes}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    return notes


def test_the_latest_report_is_opened_and_its_address_printed(artifacts: Path, opened: Path) -> None:
    page = artifacts / "runs" / SECOND / "report.html"
    page.write_text("<h1>report</h1>")
    printed = call(artifacts, "open").stdout
    assert printed == f"{page.absolute().as_uri()}\n"
    until(opened.exists, "the browser")
    assert Path(opened.read_text().removeprefix("file://")) == page.absolute()


def test_a_run_that_scored_files_is_opened_by_its_link(artifacts: Path, opened: Path) -> None:
    (artifacts / "runs" / "latest-score").symlink_to(FIRST)
    page = artifacts / "runs" / FIRST / "report.html"
    page.write_text("<h1>scores</h1>")
    printed = call(artifacts, "open", "latest-score").stdout
    assert printed == f"{page.absolute().as_uri()}\n"
    until(opened.exists, "the browser")


def test_a_run_without_a_report_is_a_sentence(artifacts: Path) -> None:
    refused = call(artifacts, "open", FIRST)
    assert refused.exit_code == 2
    assert refused.stderr.startswith(f"Error: The run {FIRST} has no report")


def test_a_program_that_finds_no_browser_is_silent(
    artifacts: Path, opened: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    program = opened.parent / "bin" / "xdg-open"
    program.write_text(f"#!/bin/sh\necho no method available >&2\ntouch {opened}\n")
    page = artifacts / "runs" / SECOND / "report.html"
    page.write_text("<h1>report</h1>")
    assert call(artifacts, "open").exit_code == 0
    until(opened.exists, "the browser")
    assert capfd.readouterr().err == ""
