"""A place to bring something wrong to: made-up reviews, a small configuration, and what is said."""

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
from tests.conftest import performed, small_config, write_config

ROWS = 60
Rows = list[list[str]]
MOODS = ("dull", "slow", "weak", "flat", "warm", "bright", "lively", "tender")


def made_up(rows: int = ROWS, first: int = 0) -> Rows:
    """Reviews that nobody wrote, labels in turn, no text twice."""
    return [
        [
            f"Film number {n} was {MOODS[n % 2 * 4 + n % 3]} and {MOODS[n % 2 * 4 + n % 4]} to me",
            ("negative", "positive")[n % 2],
        ]
        for n in range(first, first + rows)
    ]


def csv_text(rows: Rows, header: str = "review,sentiment", delimiter: str = ",") -> str:
    """Reviews as the text of a CSV file."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows([header.split(","), *rows])
    return text.getvalue()


@dataclass
class Bench:
    """One attempt: its folder, the configuration that will be written, the command's options.

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
        """Bring these reviews."""
        self.file(csv_text(rows))

    def set(self, section: str, **settings: Any) -> None:
        """Change settings of a section."""
        self.content.setdefault(section, {}).update(settings)


@dataclass(frozen=True)
class Case:
    """Something wrong that a person may bring, and what comes of it.

    Attributes
    ----------
    group : heading on the page.
    title : the input in words.
    change : brings it to the bench.
    code : the exit code.
    words : pieces of the message.
    stages : what must be done of the job for it to be found; None where planning finds it.
    """

    group: str
    title: str
    change: Callable[[Bench], None]
    code: int
    words: tuple[str, ...]
    stages: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Said:
    """The exit code, the message's sentence, and (of a failed check) its table as facts."""

    code: int
    sentence: str
    failed: tuple[dict[str, Any], ...] = ()
    table: str = ""


def said_of(case: Case, folder: Path) -> Said:
    """Bring a case and note what is said; artifacts go to ``artifacts`` beside its folder."""
    folder.mkdir()
    content = small_config(Path("reviews.csv"))
    del content["variants"]
    bench = Bench(folder, content)
    bench.rows(made_up())
    with inside(folder):
        try:
            case.change(bench)
        except ReviewflowError as error:
            return Said(error.exit_code, str(error))
        if bench.config is None:
            write_config(folder / "job.yaml", bench.content)
        else:
            text = bench.config
            (folder / "job.yaml").write_bytes(text.encode() if isinstance(text, str) else text)
        return _planned(bench) if case.stages is None else _run(bench, case.stages)


@contextlib.contextmanager
def inside(folder: Path) -> Iterator[None]:
    """Work in a folder, so that messages name files as a person would."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _planned(bench: Bench) -> Said:
    """What ``reviewflow plan`` says; the last of several equal options counts."""
    options = ["--config", "job.yaml", "--artifacts", bench.artifacts, *bench.options]
    result = CliRunner().invoke(main, ["plan", *options])
    assert isinstance(result.exception, SystemExit | None), result.exception
    return Said(result.exit_code, result.stderr.removeprefix("Error: ").rstrip("\n"))


def _run(bench: Bench, stages: tuple[str, ...]) -> Said:
    """What the job says, done as far as ``stages`` with the library."""
    before = set(Path(bench.artifacts, "store").glob("validate_*/*/results.json"))
    try:
        performed(Path("job.yaml"), Path(bench.artifacts), stages)
    except ReviewflowError as error:
        found = set(Path(bench.artifacts, "store").glob("validate_*/*/results.json")) - before
        results = [one for path in found for one in json.loads(path.read_bytes())["results"]]
        failed = tuple(one for one in results if not one["success"])
        told = failed if isinstance(error, QualityError) else ()
        return Said(error.exit_code, str(error).partition("\n")[0], told, str(error))
    return Said(0, "")
