"""Faults while files are scored, in real processes: nothing is scored twice, nothing is lost."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from reviewflow.models.bundle import read_bundle
from reviewflow.models.registry import Registry
from tests.conftest import ROOT, Reviews, plan_and_run, small_config, write_config
from tests.faults.conftest import can_mount

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

WAIT_SECONDS = 300
STAGES = ("ingest", "normalize", "vectorize", "train", "evaluate", "publish")
ROWS, DAYS, DAY_ROWS = 30_000, 5, 5_000
BLANK_EVERY = 1_000
Command = subprocess.Popen[str]
COMMAND = (sys.executable, "-m", "flows.commands.main")
# a process tells its own peak, since the kernel's figure includes the process that started it
TELL_PEAK = """
import atexit, sys
from benchmarks.child import peak_bytes
from flows.commands.main import main
atexit.register(lambda: print(f"peak {peak_bytes()}", file=sys.stderr))
main()
"""
APPEND = """
import sys, time
with open(sys.argv[1], "a", buffering=1) as file:
    while True:
        file.write('9,"half of a')
        file.flush()
        time.sleep(0.001)
        file.write(' text"\\n')
"""


@dataclass
class House:
    """Published models, and the commands that are started on them."""

    artifacts: Path
    started: list[Command] = field(default_factory=list)

    @property
    def registry(self) -> Registry:
        return Registry(self.artifacts / "models")

    @property
    def versions(self) -> list[str]:
        """The champion, and the other version."""
        found = self.registry.versions("imdb")
        return [each.version for each in sorted(found, key=lambda each: not each.is_current)]

    def start(
        self, *command: object, python: tuple[str, ...] = COMMAND, **environment: str
    ) -> Command:
        """Start a command on the artifacts."""
        self.started.append(
            subprocess.Popen(
                [*python, *map(str, command), "--artifacts", str(self.artifacts)],
                cwd=ROOT,
                env={**os.environ, **environment},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
        return self.started[-1]

    def score(self, source: Path, output: Path, *more: object) -> Command:
        """Start to score files, however new they are."""
        return self.start("score", source, "--output", output, "--settle-seconds", 0, *more)

    def runs(self) -> list[dict[str, Any]]:
        """The records of all runs, the first one first."""
        paths = sorted((self.artifacts / "runs").glob("2*/run.json"))
        return [json.loads(path.read_text(encoding="utf-8")) for path in paths]

    def states(self) -> list[str]:
        """What the last run did with each file."""
        return [each["state"] for each in self.runs()[-1]["files"]]


def finish(command: Command, exit_code: int = 0) -> str:
    """Wait for a command that ends with this exit code, and return what it printed."""
    printed, _ = command.communicate(timeout=WAIT_SECONDS)
    assert command.returncode == exit_code, printed
    assert "Traceback" not in printed
    return printed


def error_of(command: Command, exit_code: int) -> str:
    """Wait for a command that fails, and return its one sentence."""
    printed = finish(command, exit_code)
    (line,) = [line for line in printed.splitlines() if line.startswith("Error: ")]
    return line


def until(condition: Callable[[], bool], command: subprocess.Popen[Any]) -> bool:
    """Wait for a condition, and return whether it came before the command's end."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        if command.poll() is not None:
            return False
        time.sleep(0.001)
    return True


def killed(
    start: Callable[[Path], Command], condition: Callable[[Path], bool], folder: Path
) -> Path:
    """Return the folder of scores of a command that was killed once a condition came true."""
    for attempt in range(5):
        scores = folder / f"scores-{attempt}"
        command = start(scores)
        came = until(lambda scores=scores: condition(scores), command)  # type: ignore[misc]
        command.kill()
        command.communicate()
        if came and command.returncode == -signal.SIGKILL and making(scores):
            return scores
        if came and len(list(scores.glob("*.parquet"))) > len(list(scores.glob("*.record.json"))):
            return scores
    raise AssertionError("the command was always quicker than its killer")


def made_at(path: Path) -> tuple[int, int]:
    """Return which file has a name: it must not be written a second time."""
    return path.stat().st_ino, path.stat().st_mtime_ns


def making(folder: Path, name: str = "", more_than: float = 0) -> list[Path]:
    """Return the files that are being written, and hold more than so many bytes."""
    found = []
    for path in folder.glob(f".{name}*.making-*"):
        try:
            size = path.stat().st_size
        except FileNotFoundError:  # it just got its name
            continue
        if size >= more_than:
            found.append(path)
    return found


def paused(command: Command, folder: Path, name: str = "") -> Command:
    """Stop a command in the middle of a file. ``SIGCONT`` lets it go on."""
    assert until(lambda: bool(making(folder, name, 10_000)), command), command.communicate()
    command.send_signal(signal.SIGSTOP)
    assert making(folder, name), "it was quicker than the signal"
    return command


def go_on(command: Command) -> Command:
    command.send_signal(signal.SIGCONT)
    return command


def write_rows(path: Path, reviews: Reviews, rows: int, first: int = 0) -> Path:
    """Write rows of an ``id`` that no other file has and a review. Some are blank."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "review"])
        for number in range(first, first + rows):
            text = "" if number % BLANK_EVERY == 7 else reviews[number % len(reviews)][0]
            writer.writerow([number, text])
    return path


def contents(folder: Path) -> dict[str, bytes]:
    """Return the scores and rejects in a folder. Their records have times of their own."""
    return {
        path.name: path.read_bytes()
        for path in sorted(folder.iterdir())
        if path.is_file() and not path.name.endswith(".record.json")
    }


def assert_every_row_once(scores: Path, rows: int, first: int = 0) -> None:
    """The ids of the scores and the records of the rejects are those of the input."""
    ids = [int(each) for each in pq.read_table(scores, columns=["id"])["id"].to_pylist()]
    with scores.with_name(f"{scores.name}.rejects.csv").open(encoding="utf-8") as file:
        rejected = [first + int(each["record"]) - 2 for each in csv.DictReader(file)]
    assert ids == sorted(set(ids))
    assert sorted(ids + rejected) == list(range(first, first + rows))


@pytest.fixture(scope="module")
def models(reviews_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry with two versions of a model, the first one champion."""
    folder = tmp_path_factory.mktemp("models")
    registry = Registry(folder / "models")
    for terms in (5000, 3000):
        content = small_config(reviews_file)
        content["variants"] = {"linear": {"train.hidden": [], "train.epochs": 3}}
        content["vectorize"] = {**content["vectorize"], "max_features": terms}
        content["publish"] = {"name": "imdb"}
        config = write_config(folder / f"{terms}.yaml", content)
        bundle = read_bundle(plan_and_run(config, folder / "store", STAGES).folder("publish"))
        registry.add("imdb", bundle.files, bundle.digest, {})
        if terms == 5000:
            registry.promote("imdb", bundle.version, "by hand")
    return registry.folder


@pytest.fixture
def house(models: Path, tmp_path: Path, prefect_api: str) -> Iterator[House]:
    """The models in artifacts of the test's own; its commands end with it."""
    shutil.copytree(models, tmp_path / "artifacts" / "models", symlinks=True)
    house = House(tmp_path / "artifacts")
    yield house
    for command in house.started:
        command.kill()
        command.wait()


@pytest.fixture(scope="module")
def source(imdb: Reviews, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that takes seconds, and a folder ``inbox`` of daily files."""
    folder = tmp_path_factory.mktemp("source")
    write_rows(folder / "big.csv", imdb, ROWS)
    (folder / "inbox").mkdir()
    for day in range(DAYS):
        write_rows(folder / "inbox" / f"{day}.csv", imdb, DAY_ROWS, day * DAY_ROWS)
    return folder


@pytest.fixture(scope="module")
def undisturbed(
    models: Path, source: Path, tmp_path_factory: pytest.TempPathFactory, prefect_api_of_module: str
) -> Path:
    """The scores of all of them, of runs that nothing happened to."""
    folder = tmp_path_factory.mktemp("undisturbed")
    shutil.copytree(models, folder / "artifacts" / "models", symlinks=True)
    house = House(folder / "artifacts")
    for name in ("big.parquet", "big.csv"):
        (folder / name).mkdir()
        finish(house.score(source / "big.csv", folder / name / name))
    assert_every_row_once(folder / "big.parquet" / "big.parquet", ROWS)
    finish(house.score(source / "inbox", folder / "inbox"))
    for day in range(DAYS):
        scores = folder / "inbox" / f"{day}.csv.parquet"
        assert_every_row_once(scores, DAY_ROWS, day * DAY_ROWS)
    return folder


@pytest.mark.parametrize(
    ("name", "share"),
    [
        *(("big.parquet", share) for share in (0, 0.3, 0.7, 0.99)),
        ("big.csv", 0.5),
        ("big.parquet", None),  # the scores have their name, and no record says so
    ],
)
def test_a_file_whose_scorer_was_killed_is_scored_whole(
    name: str, share: float | None, house: House, source: Path, undisturbed: Path, tmp_path: Path
) -> None:
    expected = contents(undisturbed / name)

    def is_there(scores: Path) -> bool:
        if share is None:
            return (scores / name).exists()
        return bool(making(scores, name, share * len(expected[name])))

    def start(scores: Path) -> Command:
        scores.mkdir()
        return house.score(source / "big.csv", scores / name)

    scores = killed(start, is_there, tmp_path)
    assert not list(scores.glob("*.record.json"))
    finish(house.score(source / "big.csv", scores / name))
    assert contents(scores) == expected
    assert house.states() == ["scored"]
    finish(house.score(source / "big.csv", scores / name))
    assert house.states() == ["kept"]


@pytest.mark.parametrize("day", [0, 2, DAYS - 1])
def test_a_folder_whose_scorer_was_killed_goes_on_where_it_was(
    day: int, house: House, source: Path, undisturbed: Path, tmp_path: Path
) -> None:
    scores = killed(
        lambda scores: house.score(source / "inbox", scores),
        lambda scores: bool(making(scores, f"{day}.csv.parquet")),
        tmp_path,
    )
    done = {path: made_at(path) for path in scores.glob("*.record.json")}
    assert day <= len(done) < DAYS
    finish(house.score(source / "inbox", scores))
    assert contents(scores) == contents(undisturbed / "inbox")
    assert house.states() == ["kept"] * len(done) + ["scored"] * (DAYS - len(done))
    assert {path: made_at(path) for path in done} == done


def test_what_a_killed_scorer_left_goes_although_its_file_is_gone(
    house: House, source: Path, imdb: Reviews, tmp_path: Path
) -> None:
    scores, inbox = tmp_path / "scores", tmp_path / "inbox"
    shutil.copytree(source / "inbox", inbox)
    command = paused(house.score(inbox, scores), scores)
    command.kill()
    command.communicate()
    (left,) = making(scores)
    shutil.rmtree(inbox)
    inbox.mkdir()
    write_rows(inbox / "tuesday.csv", imdb, 20)
    finish(house.score(inbox, scores))
    assert not left.exists()
    assert_every_row_once(scores / "tuesday.csv.parquet", 20)


def test_two_scorers_at_once_share_a_folder(
    house: House, source: Path, undisturbed: Path, tmp_path: Path
) -> None:
    scores = tmp_path / "scores"
    both = [house.score(source / "inbox", scores) for _ in range(2)]
    for command in both:
        finish(command)
    states = [[each["state"] for each in run["files"]] for run in house.runs()]
    for pair in zip(*states, strict=True):
        assert sorted(pair) in (["busy", "scored"], ["kept", "scored"])
    assert contents(scores) == contents(undisturbed / "inbox")


def test_a_scorer_leaves_what_another_one_is_writing(
    house: House, source: Path, undisturbed: Path, tmp_path: Path
) -> None:
    scores = tmp_path / "scores"
    first = paused(house.score(source / "inbox", scores), scores, "1.csv")
    (left,) = making(scores)
    finish(house.score(source / "inbox", scores))
    assert house.states() == ["kept", "busy", *["scored"] * (DAYS - 2)]
    assert left.exists()
    finish(go_on(first))
    states = [each["state"] for each in house.runs()[0]["files"]]
    assert states == [*["scored"] * 2, *["kept"] * (DAYS - 2)]
    assert contents(scores) == contents(undisturbed / "inbox")


@pytest.mark.parametrize("move", ["promote", "rollback", "rm"])
def test_a_run_has_one_model_although_the_champion_moves(
    move: str, house: House, source: Path, tmp_path: Path
) -> None:
    old, new = house.versions
    if move == "rollback":
        finish(house.start("models", "promote", "imdb", new))
        old, new = new, old
    scores = tmp_path / "scores"
    command = paused(house.score(source / "inbox", scores), scores)
    if move == "rollback":
        finish(house.start("models", "rollback", "imdb"))
    else:
        finish(house.start("models", "promote", "imdb", new))
    if move == "rm":
        finish(house.start("models", "rm", "imdb", old))
        assert not (house.registry.folder / "imdb" / old).exists()
    assert house.registry.current("imdb") == new
    finish(go_on(command))
    assert versions_in(scores) == [{old}] * DAYS
    finish(house.score(source / "inbox", scores))
    assert house.states() == ["kept"] * DAYS
    finish(house.score(source / "inbox", scores, "--rescore"))
    assert versions_in(scores) == [{new}] * DAYS


def versions_in(scores: Path) -> list[set[str]]:
    """Return the versions that each file of scores names."""
    tables = [pq.read_table(path, columns=["model_version"]) for path in scores.glob("*.parquet")]
    return [set(pc.unique(table["model_version"]).to_pylist()) for table in tables]


@pytest.mark.parametrize(
    ("content", "exit_code", "words"),
    [
        ("", 2, "is empty; it must hold a header and rows."),
        ("\n\n \n", 2, "no column 'review' to score"),
        ("\n\n\n", 2, "holds blank lines only"),
        ("id,review\n1,\n2,  \n3,\t\n", 3, ""),
    ],
)
def test_a_file_without_texts_is_told_and_stops_no_other(
    content: str, exit_code: int, words: str, house: House, imdb: Reviews, tmp_path: Path
) -> None:
    inbox, scores = tmp_path / "inbox", tmp_path / "scores"
    inbox.mkdir()
    (inbox / "1.csv").write_text(content)
    write_rows(inbox / "2.csv", imdb, 20)
    options = ("--output", scores, "--settle-seconds", 0)
    assert words in error_of(house.start("score", inbox, *options), exit_code)
    assert house.states() == ["failed", "scored"]
    assert sorted(contents(scores)) == ["2.csv.parquet", "2.csv.parquet.rejects.csv"]


def test_a_header_alone_is_scored_to_no_rows(house: House, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("id,review\n")
    finish(house.score(tmp_path / "in.csv", tmp_path / "out.parquet"))
    assert pq.read_table(tmp_path / "out.parquet").num_rows == 0
    assert house.states() == ["scored"]


def test_a_file_that_is_being_written_is_told_and_not_half_scored(
    house: House, imdb: Reviews, tmp_path: Path
) -> None:
    inbox, scores = tmp_path / "inbox", tmp_path / "scores"
    for folder in (inbox, scores):
        folder.mkdir()
    growing = write_rows(inbox / "1.csv", imdb, 2000)  # its reading takes many appends
    written = write_rows(inbox / "2.csv", imdb, 20)
    os.utime(written, (time.time() - 3600,) * 2)
    with subprocess.Popen([sys.executable, "-c", APPEND, growing]) as appending:
        try:
            size = growing.stat().st_size
            assert until(lambda: growing.stat().st_size > size, appending)
            error = error_of(house.score(growing, tmp_path / "out.parquet"), 2)
            assert f"{growing} changed while it was read" in error
            assert not (tmp_path / "out.parquet").exists()
            assert making(tmp_path) == []
            finish(house.start("score", inbox, "--output", scores))
            assert house.states() == ["waiting", "scored"]
        finally:
            appending.kill()
    lines = growing.read_text(encoding="utf-8").splitlines(keepends=True)
    growing.write_text("".join(lines if lines[-1].endswith("\n") else lines[:-1]))
    finish(house.score(inbox, scores))
    assert house.states() == ["scored", "kept"]


def test_a_file_that_grows_in_the_middle_is_scored_once_it_is_whole(
    house: House, source: Path, imdb: Reviews, tmp_path: Path
) -> None:
    path = Path(shutil.copy(source / "inbox" / "0.csv", tmp_path / "in.csv"))
    command = paused(house.score(path, tmp_path / "out.csv"), tmp_path)
    with path.open("a") as file:
        file.write(f"{DAY_ROWS},one more\n")
    assert "changed while it was read" in error_of(go_on(command), 2)
    assert [each.name for each in tmp_path.glob("*out*")] == []
    finish(house.score(path, tmp_path / "out.parquet"))
    assert_every_row_once(tmp_path / "out.parquet", DAY_ROWS + 1)


def test_memory_does_not_grow_with_the_file(house: House, imdb: Reviews, tmp_path: Path) -> None:
    """A file of 1 GB beside one of 50 MB."""
    peaks, scores = [], tmp_path / "out.parquet"
    for least_bytes in (50e6, 1e9):
        rows = round(least_bytes / 1250)
        path = write_rows(tmp_path / "in.csv", imdb, rows)
        try:
            assert path.stat().st_size > least_bytes
            command = ("score", path, "--output", scores)
            printed = finish(house.start(*command, python=(sys.executable, "-c", TELL_PEAK)))
            assert_every_row_once(scores, rows)
        finally:
            path.unlink()
            scores.unlink(missing_ok=True)
        peaks.append(int(printed.rpartition("peak ")[2]))
    assert peaks[1] < 1.2 * peaks[0]


@pytest.mark.parametrize(
    ("name", "share"),
    [*(("big.parquet", share) for share in (0, 0.5, 0.99, 1)), ("big.csv", 0.99)],
)
def test_a_full_disk_is_a_sentence_and_leaves_nothing_half_written(
    name: str, share: float, house: House, source: Path, undisturbed: Path, tmp_path: Path
) -> None:
    """At 1 the scores fit, and what is written beside them does not."""
    if not can_mount():
        pytest.skip("a small disk cannot be mounted here (that needs root)")
    disk, expected = tmp_path / "disk", contents(undisturbed / name)
    disk.mkdir()
    pages = -(-len(expected[name]) // 4096)
    small, large = f"{max(1, int(share * pages)) * 4}k", f"{pages * 8}k"
    script = (
        f'mount -t tmpfs -o size={small} tmpfs "{disk}"; "$@"; echo "exit code $?";'
        f'ls -A "{disk}"; echo "end of list"; mount -o remount,size={large} "{disk}"; "$@";'
        f'echo "exit code $?"; cp "{disk}"/* "{tmp_path}"'
    )
    mounted = ("unshare", "--mount", "sh", "-c", script, "sh", *COMMAND)
    command = house.start(
        *("score", source / "big.csv", "--output", disk / name),
        python=mounted,
    )
    printed = finish(command)
    first, _, rest = printed.partition("exit code 1\n")
    (error,) = [line for line in first.splitlines() if line.startswith("Error: ")]
    assert error.startswith(f"Error: The scores cannot be written to {disk}/big")
    assert error.endswith("(No space left on device); free space or name another output.")
    listed, _, second = rest.partition("end of list\n")
    assert set(listed.split()) <= {".locks"}
    assert second.splitlines()[-1] == "exit code 0"
    assert {each: (tmp_path / each).read_bytes() for each in expected} == expected


@pytest.mark.parametrize("ending", [".nbi", ".nbc"])
def test_damaged_compiled_code_is_compiled_again(
    ending: str, house: House, source: Path, undisturbed: Path, tmp_path: Path
) -> None:
    compiled, day = str(tmp_path / "compiled"), source / "inbox" / "0.csv"
    texts = [f"text {number}" for number in range(40)]
    options = ("--output", tmp_path / "out.parquet", "--rescore")
    for command in (("predict", *texts), ("score", day, *options), ("predict", *texts)):
        finish(house.start(*command, NUMBA_CACHE_DIR=compiled))
        found = list(Path(compiled).rglob(f"*{ending}"))
        assert found
        for path in found:
            path.write_bytes(b"\0damaged" if ending == ".nbc" else b"")
    expected = (undisturbed / "inbox" / "0.csv.parquet").read_bytes()
    assert (tmp_path / "out.parquet").read_bytes() == expected
