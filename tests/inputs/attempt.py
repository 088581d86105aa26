"""Try a job on wrong input: made-up reviews, a small configuration, and the reply."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from flows.commands.main import main
from reviewflow.errors import QualityError, ReviewflowError
from tests.conftest import plan_and_run, small_config, write_config

ROWS = 60
Rows = list[list[str]]
MOODS = ("dull", "slow", "weak", "flat", "warm", "bright", "lively", "tender")


def made_up(rows: int = ROWS, first: int = 0) -> Rows:
    """Return reviews that nobody wrote, with alternating labels and no text twice.

    By the default split the first 30 have five test rows of each class or more.
    """
    return [
        [
            f"Story number {n} was {mood(n, 3)} and {mood(n, 4)} in the end",
            ("negative", "positive")[n % 2],
        ]
        for n in range(first, first + rows)
    ]


def mood(number: int, period: int) -> str:
    """Return a word that fits the label of a review."""
    return MOODS[number % 2 * 4 + number % period]


def csv_text(rows: Rows, header: str = "review,sentiment", delimiter: str = ",") -> str:
    """Return reviews as the text of a CSV file."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows([header.split(","), *rows])
    return text.getvalue()


@dataclass
class Attempt:
    """One attempt: its folder, the configuration to be written, the options of the command.

    Attributes
    ----------
    config : text or bytes to write instead of ``content``.
    """

    folder: Path
    content: dict[str, Any]
    options: list[str] = field(default_factory=list)
    config: str | bytes | None = None
    artifacts: str = "../artifacts"

    def file(self, text: str | bytes, name: str = "reviews.csv") -> None:
        """Write a file and read the reviews from it."""
        content = text.encode() if isinstance(text, str) else text
        (self.folder / name).write_bytes(content)
        self.content["ingest"]["path"] = name

    def rows(self, rows: Rows) -> None:
        """Write these reviews and read them."""
        self.file(csv_text(rows))

    def set(self, section: str, **settings: Any) -> None:
        """Change settings of a section."""
        self.content.setdefault(section, {}).update(settings)


@dataclass(frozen=True)
class Case:
    """A mistake that a person may make, and the reply to it.

    Attributes
    ----------
    group : heading in docs/errors.md.
    title : the mistake in words.
    change : makes it in an attempt.
    code : the exit code.
    words : pieces of the message.
    stages : the stages that must run to find it. None if planning finds it.
    """

    group: str
    title: str
    change: Callable[[Attempt], None]
    code: int
    words: tuple[str, ...]
    stages: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Reply:
    """The exit code, the sentence and, of a failed check, the failed expectations."""

    code: int
    sentence: str
    failed: tuple[dict[str, Any], ...] = ()
    table: str = ""


def run_case(case: Case, folder: Path) -> Reply:
    """Return the reply to a mistake. Artifacts go to ``artifacts`` beside its folder."""
    folder.mkdir()
    content = small_config(Path("reviews.csv"))
    del content["variants"]
    attempt = Attempt(folder, content)
    attempt.rows(made_up())
    with working_folder(folder):
        try:
            case.change(attempt)
        except ReviewflowError as error:
            return Reply(error.exit_code, str(error))
        if attempt.config is None:
            write_config(folder / "job.yaml", attempt.content)
        else:
            text = attempt.config
            (folder / "job.yaml").write_bytes(text.encode() if isinstance(text, str) else text)
        return _plan(attempt) if case.stages is None else _run(attempt, case.stages)


@contextlib.contextmanager
def working_folder(folder: Path) -> Iterator[None]:
    """Work in a folder, so that messages name files as a person would."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _plan(attempt: Attempt) -> Reply:
    """Return the reply of ``reviewflow plan``. The last of several equal options counts."""
    options = ["--config", "job.yaml", "--artifacts", attempt.artifacts, *attempt.options]
    result = CliRunner().invoke(main, ["plan", *options])
    assert isinstance(result.exception, SystemExit | None), result.exception
    return Reply(result.exit_code, result.stderr.removeprefix("Error: ").rstrip("\n"))


def _run(attempt: Attempt, stages: tuple[str, ...]) -> Reply:
    """Return the reply of the job, whose ``stages`` the library runs."""
    before = set(Path(attempt.artifacts, "store").glob("validate_*/*/results.json"))
    try:
        plan_and_run(Path("job.yaml"), Path(attempt.artifacts), stages)
    except ReviewflowError as error:
        new = set(Path(attempt.artifacts, "store").glob("validate_*/*/results.json")) - before
        results = [one for path in new for one in json.loads(path.read_bytes())["results"]]
        failed = tuple(one for one in results if not one["success"])
        shown = failed if isinstance(error, QualityError) else ()
        return Reply(error.exit_code, str(error).partition("\n")[0], shown, str(error))
    return Reply(0, "")
