"""The group of all commands: its list, its lazy imports, bad usage, ``--debug``."""

import subprocess
import sys
from pathlib import Path

import click
import pytest

from flows.commands.errors import DEBUG
from flows.commands.main import COMMANDS, main
from tests.flows.commands.invoke import options, reviewflow

IMPORTED = "import sys, flows.commands.main as m; m.main(['--help'], standalone_mode=False)"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_of_a_command_what_its_own_help_says_first(name: str) -> None:
    command = main.get_command(click.Context(main), name)
    assert command is not None
    assert command.name == name
    assert command.help
    assert " ".join(command.help.split("\n\n")[0].split()) == COMMANDS[name][1]


def test_the_list_has_whole_sentences() -> None:
    text = " ".join(reviewflow("--help").stdout.split())
    for name, (_, summary) in COMMANDS.items():
        assert f"{name} {summary}" in text


def test_the_list_imports_no_command() -> None:
    heavy = "print(*sorted(m for m in sys.modules if m.startswith(('flows', 'rich', 'pydantic'))))"
    done = subprocess.run(
        [sys.executable, "-c", f"{IMPORTED}\n{heavy}"], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1].split() == [
        "flows",
        "flows.commands",
        *(f"flows.commands.{name}" for name in ("errors", "main", "output")),
        "flows.signals",
    ]


@pytest.mark.parametrize("arguments", [["run", "--no-such-option"], ["no-such-command"]])
def test_bad_usage_is_exit_code_2(arguments: list[str]) -> None:
    result = reviewflow(*arguments)
    assert result.exit_code == 2
    assert "no-such" in result.stderr


def test_debug_shows_the_traceback(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DEBUG, "")  # so that it is put back
    result = reviewflow("--debug", "plan", *options(config, "--set", "train.epochs=0"))
    assert result.exit_code == 1
    assert type(result.exception).__name__ == "ConfigError"
