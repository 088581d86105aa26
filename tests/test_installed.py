"""Installed from a wheel into an environment of its own, every command works in an empty folder."""

import csv
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from socket import socket

import click
import pytest
import yaml

from flows.commands.main import main
from tests.conftest import ROOT, Reviews

MINUTES = 60
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
WORKFLOW = yaml.safe_load((ROOT / "docs" / "github_actions.yml").read_text(encoding="utf-8"))
COPIED = [
    name
    for line in re.findall(r"^COPY (.*)$", DOCKERFILE, flags=re.MULTILINE)
    for name in line.split()[:-1]
]


def workflow_commands() -> list[str]:
    """The lines that the workflow runs in a shell."""
    steps = WORKFLOW["jobs"]["train"]["steps"]
    return [line for step in steps for line in step.get("run", "").splitlines()]


def documented_commands() -> list[str]:
    """What the image is run with in the documentation, and what the workflow runs."""
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8").replace("\\\n", " ")
    images = re.findall(r"^docker run .* (reviewflow (?:run|ui).*)$", page, flags=re.MULTILINE)
    assert len(images) == 3
    return images + [line for line in workflow_commands() if line.startswith("reviewflow ")]


def test_what_the_image_copies_is_in_the_checkout() -> None:
    assert all((ROOT / name).exists() for name in COPIED)


def test_the_image_and_the_workflow_install_the_lock() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    (torch,) = re.findall(r"^torch==([\d.]+)", lock, flags=re.MULTILINE)
    for text in (DOCKERFILE, "\n".join(workflow_commands())):
        assert f"torch=={torch}\n" in text
        assert re.search(r"--requirement \S*requirements\.lock", text)


@pytest.mark.parametrize("line", documented_commands())
def test_a_documented_command_has_options_that_exist(line: str) -> None:
    _, name, *arguments = shlex.split(line)
    command = main.get_command(click.Context(main), name)
    assert command is not None
    if isinstance(command, click.Group):
        command = command.commands[arguments.pop(0)]
    command.make_context(name, arguments)


class Installed:
    """The command of an environment, run in an empty folder by a user with an empty home."""

    def __init__(self, environment: Path, folder: Path, home: Path) -> None:
        self.script, self.folder, self.home = environment / "bin" / "reviewflow", folder, home
        names = ("PATH", "LANG", "TMPDIR")
        self.environment = {name: os.environ[name] for name in names if name in os.environ}
        self.environment["HOME"] = str(home)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the command."""
        return subprocess.Popen(
            [str(self.script), *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str) -> str:
        """Return what the command prints, once it has succeeded."""
        process = self.start(*arguments)
        output, _ = process.communicate(timeout=10 * MINUTES)
        assert process.returncode == 0, output
        return output


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of what the image copies, and of nothing else."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in COPIED:
        source, target = ROOT / name, folder / "source" / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, target, symlinks=True, ignore=ignored)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    options = ["--no-deps", "--no-build-isolation", "--quiet", "--wheel-dir", str(folder)]
    pip = [sys.executable, "-m", "pip", "wheel", *options, str(folder / "source")]
    subprocess.run(pip, check=True, env={**os.environ, "PYTHONPATH": ""})
    (path,) = folder.glob("reviewflow-*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    """The wheel in a new environment with the packages of the lock."""
    environment = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    for what in (["--requirement", str(ROOT / "requirements.lock")], ["--no-deps", str(wheel)]):
        pip = [str(environment / "bin" / "pip"), "install", "--quiet", *what]
        subprocess.run(pip, check=True, env=clean)
    yield Installed(environment, tmp_path_factory.mktemp("empty"), tmp_path_factory.mktemp("home"))
    shutil.rmtree(environment)  # 2 GB


@pytest.mark.slow
@pytest.mark.timeout(40 * MINUTES)
def test_every_command_works_in_an_empty_folder(installed: Installed, reviews: Reviews) -> None:
    folder = installed.folder
    assert "ingest: will run — first run" in installed.run("plan")
    assert list(folder.iterdir()) == []
    stars = {"negative": "1", "positive": "5"}
    with (folder / "stars.csv").open("w", encoding="utf-8", newline="") as file:
        rows = [(text, stars[label]) for text, label in reviews]
        csv.writer(file).writerows([("text", "stars"), *rows])
    assert "Written: stars.yaml" in installed.run("init", "stars.csv")
    assert "Report: " in installed.run("run", "--config", "stars.yaml")
    assert json.loads((folder / "artifacts/runs/latest/run.json").read_text())["name"] == "stars"
    planned = installed.run("plan", "--config", "stars.yaml")
    assert "ingest: cached" in planned
    assert "will run" not in planned
    assert "Report: " in installed.run("run", "--config", "configs/fast.yaml")
    assert (folder / "data/raw/imdb_reviews.csv").is_file()
    assert "moons.html" in installed.run("moons", "--set", "sensitivity.seeds=1")
    assert {path.name for path in folder.iterdir()} == {
        "artifacts",
        "data",
        "stars.csv",
        "stars.yaml",
    }
    assert not (installed.home / ".prefect").exists()


@pytest.mark.slow
@pytest.mark.timeout(20 * MINUTES)
def test_the_ui_of_a_new_project_is_served(installed: Installed) -> None:
    assert "Made project" in installed.run("init", "--to", "project")
    with closing(socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = installed.folder / "project"
    serving = Installed(installed.script.parents[1], folder, installed.home)
    process = serving.start("ui", "--port", str(port))
    try:
        assert process.stdout is not None
        printed = ""
        while "Ctrl-C ends all of it." not in printed:
            line = process.stdout.readline()
            assert line, printed
            printed += line
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/health") as answer:
            assert answer.read() == b"true"
        time.sleep(1)
    finally:
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=2 * MINUTES)
    assert process.returncode == 0, output
    assert output.endswith("Shutting down.\n")
    assert not (installed.home / ".prefect").exists()
