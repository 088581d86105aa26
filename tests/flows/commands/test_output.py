"""What commands print, read by real pipes whose readers go away, and by no reader at all."""

import fcntl
import json
import os
import pty
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from flows.commands.main import main
from flows.commands.output import age, one_line, say_table, tolerant_output
from tests.conftest import Reviews, small_config, write_config, write_reviews
from tests.flows.commands.conftest import SECOND
from tests.reviewflow.small_store import key_of, make_artifact, write_run

PIPE_BYTES, HEAD_BYTES = 4096, 8192  # what a small pipe holds, what `head` reads at once
RUNS = 300
FIRST, LAST = "2024-01-01T00-00-00-000000", f"2024-01-01T00-00-00-{RUNS - 1:06}"
COMMANDS = {
    "help": ("--help",),
    "version": ("--version",),
    "help of a command": ("store", "gc", "--help"),
    "runs": ("runs",),
    "runs as JSON": ("runs", "--json"),
    "show": ("show", FIRST),
    "show as JSON": ("show", FIRST, "--json"),
    "compare": ("compare", FIRST, LAST),
    "compare as JSON": ("compare", FIRST, LAST, "--json"),
    "plan": ("plan", "--config", "small.yaml"),
    "plan as JSON": ("plan", "--config", "small.yaml", "--json"),
    "datasets": ("data", "list"),
    "artifacts": ("store", "ls"),
    "artifacts as JSON": ("store", "ls", "--json"),
    "verification": ("store", "verify"),
    "garbage": ("store", "gc", "--keep-runs", "1", "--dry-run"),
}
SHORT = {"help", "version", "help of a command", "plan", "plan as JSON", "datasets"}
DAMAGED = {"verification"}  # it ends with 1 when nobody reads, too


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, reviews: Reviews) -> Path:
    """A project whose commands have more to say than a pipe holds."""
    folder = tmp_path_factory.mktemp("project")
    artifacts = folder / "artifacts"
    for number in range(RUNS):
        make_artifact(artifacts, "train", number)
        (artifacts / "store" / "train" / key_of(number) / "data.txt").write_text("damaged")
    metrics = {"accuracy": 0.8, "roc_auc": 0.9, "log_loss": 0.4}
    for number in range(RUNS):
        many = number in (0, RUNS - 1)
        write_run(
            artifacts,
            f"2024-01-01T00-00-00-{number:06}",
            [("train", key_of(number))],
            config={f"setting {each}": number for each in range(1000 if many else 1)},
            variants=[
                {
                    "name": f"variant {each}",
                    "state": "ran",
                    "seconds": 1.0,
                    "diagnosis": "Learned: the loss fell.",
                    "metrics": {"test": metrics},
                }
                for each in range(300 if many else 0)
            ],
        )
    write_config(
        folder / "small.yaml", small_config(write_reviews(folder / "few.csv", reviews[:9]))
    )
    return folder


def command(folder: Path, *arguments: str, output: int) -> subprocess.Popen[str]:
    """Start a command that writes to a file descriptor, which is closed here."""
    process = subprocess.Popen(
        [sys.executable, "-m", "flows.commands.main", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=output,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(output)
    return process


def small_pipe() -> tuple[int, int]:
    """A pipe that holds no more than a page for a reader that does not read."""
    ours, theirs = os.pipe()
    fcntl.fcntl(theirs, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    return ours, theirs


def assert_ended_in_silence(name: str, process: subprocess.Popen[str]) -> None:
    """The command printed no error and ended with its own exit code."""
    _, errors = process.communicate()
    assert (name, errors) == (name, "")
    assert (name, process.returncode) == (name, int(name in DAMAGED))


def test_head_takes_a_line_of_every_command(folder: Path) -> None:
    going = {}
    for name, arguments in COMMANDS.items():
        ours, theirs = small_pipe()
        process = command(folder, *arguments, output=theirs)
        head = subprocess.Popen(["head", "-1"], stdin=ours, stdout=subprocess.PIPE, text=True)
        os.close(ours)
        going[name] = process, head
    for name, (process, head) in going.items():
        line, _ = head.communicate()
        assert (name, line.count("\n")) == (name, 1)
        assert_ended_in_silence(name, process)


def test_a_reader_that_was_never_there_is_no_error(folder: Path) -> None:
    going = {}
    for name in ("help", "version", "plan", "runs", "verification"):
        ours, theirs = os.pipe()
        os.close(ours)
        going[name] = command(folder, *COMMANDS[name], output=theirs)
    for name, process in going.items():
        assert_ended_in_silence(name, process)


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - SHORT))
def test_these_commands_print_more_than_pipe_and_head_hold(
    folder: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else they would be done before head has gone away."""
    monkeypatch.chdir(folder)
    result = CliRunner().invoke(main, COMMANDS[name])
    assert result.exit_code == (name in DAMAGED)
    assert len(result.stdout.encode()) > PIPE_BYTES + HEAD_BYTES


def test_an_error_that_nobody_reads_keeps_its_exit_code(folder: Path) -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    process = subprocess.Popen(
        [sys.executable, "-m", "flows.commands.main", "show", "2025"], cwd=folder, stderr=theirs
    )
    os.close(theirs)
    assert process.wait() == 2


def test_without_standard_output_a_command_does_its_work(folder: Path) -> None:
    command = f"{sys.executable} -m flows.commands.main runs >&-"
    done = subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_full_disk_under_the_output_is_an_error(folder: Path) -> None:
    command = f"{sys.executable} -m flows.commands.main runs > /dev/full"
    done = subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 1
    assert "No space left on device" in done.stderr
    assert done.stderr.count("\n") == 1


def test_json_is_ascii_whatever_the_encoding(folder: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    for arguments in (("plan", "--config", "small.yaml", "--json"), ("runs", "--json")):
        done = subprocess.run(
            [sys.executable, "-m", "flows.commands.main", *arguments],
            cwd=folder,
            env=environment,
            capture_output=True,
        )
        assert done.stdout.isascii()
        assert json.loads(done.stdout)


def test_a_table_in_a_file_is_aligned_by_the_width_of_its_characters(
    capsys: pytest.CaptureFixture[str],
) -> None:
    say_table("Title", ("name", ">count"), [("日本", 1), ("a[red]b\n", 20), (None, None)])
    assert capsys.readouterr().out.splitlines() == [
        "",
        "Title",
        "name      count",
        "日本          1",
        "a[red]b      20",
        "–             –",
    ]


@given(st.text(max_size=40))
def test_nothing_of_a_text_acts_on_a_terminal(text: str) -> None:
    line = one_line(text)
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") for c in line)
    assert all(character in line for character in text if character.isprintable())


def test_streams_are_put_back() -> None:
    before = sys.stdout, sys.stderr
    with tolerant_output():
        assert sys.stdout is not before[0]
    assert (sys.stdout, sys.stderr) == before


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-1, "0.00 s"), (59.4, "59.4 s"), (61.9, "1 min 1 s"), (86_400, "1 day"), (2e5, "2 days")],
)
def test_ages(seconds: float, words: str) -> None:
    assert age(seconds) == words


def test_a_terminal_gets_tables_with_ids_that_commands_take_and_a_bar(artifacts: Path) -> None:
    """In a real pseudo-terminal, 80 columns wide."""
    for arguments, words in ((["runs"], SECOND[:16]), (["store", "ls"], key_of(1))):
        screen = in_terminal([*arguments, "--artifacts", str(artifacts)])
        assert words in screen
    assert "verifying" in in_terminal(["store", "verify", "--artifacts", str(artifacts)])
    assert "\x1b[31m[" not in in_terminal(["show", "latest", "--artifacts", str(artifacts)])


def in_terminal(arguments: list[str]) -> str:
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": "80", "TERM": "xterm"}
    process = subprocess.Popen(
        [sys.executable, "-m", "flows.commands.main", *arguments],
        stdout=theirs,
        stderr=theirs,
        env=environment,
    )
    os.close(theirs)
    printed = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # how Linux marks the end of a pseudo-terminal
            break
        if not piece:
            break
        printed += piece
    process.wait()
    os.close(ours)
    assert process.returncode == 0
    return printed.decode()
