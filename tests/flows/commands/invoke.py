"""Run the command in this process."""

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from flows.commands.main import main


def reviewflow(*arguments: object) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def options(config: Path, *more: object) -> list[object]:
    return ["--config", config, "--artifacts", config.parent / "artifacts", *more]


def assert_plain(result: Result, exit_code: int) -> str:
    """The command ended with this exit code and one plain sentence, which is returned."""
    assert result.exit_code == exit_code, result.output
    assert isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.output
    assert "Traceback" not in result.stderr
    (line,) = result.stderr.splitlines()
    assert line.startswith("Error: ")
    assert line[-1] in ".?"
    return line


def call(artifacts: Path, *arguments: str) -> Result:
    """Run a command on some artifacts."""
    return reviewflow(*arguments, "--artifacts", artifacts)


def asked(artifacts: Path, *arguments: str) -> Any:
    """What a command on some artifacts prints as JSON."""
    answer = call(artifacts, *arguments, "--json")
    assert answer.stdout.isascii()
    return json.loads(answer.stdout)
