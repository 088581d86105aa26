"""A copy of the checkout that tests may edit, and runs of it as new commands would make them.

checkout ─ copied once ─▶ edits, put back after each test
                             │
first run ─ copied ─▶ artifacts of each test ─▶ plan, run ─▶ PlannedRun
"""

import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from reviewflow.pipeline.reasons import Reason, reason_text
from tests.conftest import ROOT, Reviews, small_config, write_config, write_reviews

COPIED = ("configs", "flows", "reviewflow", "tasks")
EVERYTHING = (
    "suites", "ingest", "validate reviews", "normalize", "vectorize", "validate features",
    "train", "evaluate", "report",
)  # fmt: skip
ROW_WISE = ("ingest", "normalize", "vectorize")
ROWS = 400

StepName = tuple[str, int | None]


@dataclass(frozen=True)
class PlannedRun:
    """A plan and, where there was one, the run that followed. Steps go by label and part."""

    answer: dict[str, Any]

    @cached_property
    def plan(self) -> dict[StepName, dict[str, Any]]:
        """The plan's entries."""
        return {(entry["label"], entry["part"]): entry for entry in self.answer["plan"]}

    @cached_property
    def outcomes(self) -> dict[StepName, dict[str, Any]]:
        """What became of each step."""
        return {(entry["label"], entry["part"]): entry for entry in self.answer["outcomes"]}

    @property
    def record(self) -> dict[str, Any]:
        """The run's run.json."""
        return dict(self.answer["record"])

    @property
    def since(self) -> list[str]:
        """What the report says has changed since the last run."""
        return list(self.record["since"]["changes"])

    def with_action(self, action: str) -> set[str]:
        """Labels of the nodes of which a step will ``run``, run ``unless`` or is ``cached``."""
        return {label for (label, _), e in self.plan.items() if e["action"] == action}

    def entry(self, label: str) -> dict[str, Any]:
        """The plan's entry for a node's first step."""
        return next(entry for (name, _), entry in self.plan.items() if name == label)

    def why(self, label: str) -> str:
        """The plan's words for a node's first step."""
        return str(self.entry(label)["reason"])

    def reasons(self, label: str) -> list[Reason]:
        """The plan's reasons for a node's first step."""
        return as_reasons(self.entry(label))

    @property
    def ran(self) -> set[str]:
        """Labels of the nodes of which a step ran."""
        return {label for (label, _), e in self.outcomes.items() if e["state"] == "ran"}

    def parts_that_ran(self, label: str) -> int:
        """How many parts of a node ran."""
        return sum(e["state"] == "ran" for (name, _), e in self.outcomes.items() if name == label)


def as_reasons(entry: dict[str, Any]) -> list[Reason]:
    """Return the reasons of an entry of a plan or of run.json."""
    return [Reason(**reason) for reason in entry["reasons"]]


def assert_words_come_of_reasons(run: PlannedRun) -> None:
    """Check that the words of a plan and of run.json are made of their reasons, and of no more."""
    for entry in run.plan.values():
        words = reason_text(as_reasons(entry))
        if entry["action"] == "unless":
            assert entry["reason"].startswith(f"{words}, unless " if words else "unless ")
        else:
            assert entry["reason"] == words
            assert bool(words) == (entry["action"] == "run")
    if "record" in run.answer:
        for stage in run.record["stages"]:
            assert stage["reason"] == reason_text(as_reasons(stage))
            assert bool(stage["reasons"]) == (stage["state"] == "ran")


First = tuple[Path, PlannedRun]  # artifacts of the first run, and what it did


class Driver:
    """A process that answers requests in turn (see ``driver.py``).

    Byte code is written, as for a user.
    """

    def __init__(self) -> None:
        unset = ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
        environment = {k: v for k, v in os.environ.items() if k not in unset}
        environment |= {"PYTHONSAFEPATH": "1"}
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("driver.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def answers(self, *requests: dict[str, Any]) -> list[PlannedRun]:
        """Return what comes of requests that are made at the same time."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(requests) + "\n")
        self.process.stdin.flush()
        codes = json.loads(self.process.stdout.readline())
        assert codes == [0] * len(requests), "the driver's messages say why"
        found = [PlannedRun(json.loads(Path(r["answer"]).read_text("utf-8"))) for r in requests]
        for run, request in zip(found, requests, strict=True):
            assert run.answer["reviewflow"].startswith(request["checkout"])
            assert not run.answer.get("mismatches")
            if not request["in_words"]:
                assert_words_come_of_reasons(run)
        return found

    def end(self) -> None:
        """Close its input and wait for its end."""
        self.process.communicate()


@dataclass
class Checkout:
    """The copied checkout with the artifacts of one test."""

    root: Path
    artifacts: Path
    driver: Driver
    first_on_path: list[str] = field(default_factory=list)
    originals: dict[Path, tuple[bytes, int] | None] = field(default_factory=dict)

    def path(self, name: str) -> Path:
        """A file of the checkout that is put back after the test."""
        path = self.root / name
        if path not in self.originals:
            content = (path.read_bytes(), path.stat().st_mtime_ns) if path.exists() else None
            self.originals[path] = content
        return path

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace a text that occurs once in a file."""
        path = self.path(name)
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{name} has {old!r} {text.count(old)} times"
        path.write_text(text.replace(old, new), encoding="utf-8")

    def configure(self, **changes: Any) -> None:
        """Write the configuration with changed sections."""
        write_config(self.path("configs/job.yaml"), configuration() | changes)

    def write_config(self, name: str, content: dict[str, Any]) -> None:
        """Write another configuration."""
        path = self.path(name)
        path.parent.mkdir(exist_ok=True)
        write_config(path, content)

    def write_rows(self, reviews: Reviews) -> None:
        """Write the reviews."""
        write_reviews(self.path("data/reviews.csv"), reviews)

    def install(self, package: str, version: str) -> None:
        """Give a package another version: metadata that Python finds before the installed one."""
        assert importlib.metadata.version(package) != version
        folder = self.artifacts.parent / "installed"
        info = folder / f"{package}-{version}.dist-info"
        info.mkdir(parents=True)
        metadata = f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n"
        (info / "METADATA").write_text(metadata, encoding="utf-8")
        self.first_on_path.append(str(folder))

    def file(self, stage: str, name: str) -> Path:
        """The only file of this name among a stage's artifacts."""
        (path,) = (self.artifacts / "store" / stage).glob(f"*/{name}")
        return path

    def request(self, groups: tuple[str, ...] = (), **others: Any) -> dict[str, Any]:
        """A request as the driver takes it."""
        return {
            "checkout": str(self.root),
            "first_on_path": self.first_on_path,
            "config": "configs/job.yaml",
            "artifacts": str(self.artifacts),
            "answer": str(self.artifacts.parent / "answer.json"),
            "groups": groups,
            "recheck": False,
            "in_words": False,
            "edits": {},
        } | others

    def plan(self, **others: Any) -> PlannedRun:
        """Return what ``reviewflow plan --json`` prints."""
        return self.driver.answers(self.request(**others))[0]

    def plan_in_words(self) -> str:
        """Return what ``reviewflow plan`` prints."""
        return str(self.driver.answers(self.request(in_words=True))[0].answer["text"])

    def run(self, groups: tuple[str, ...] = EVERYTHING, **others: Any) -> PlannedRun:
        """Plan and run.

        Parameters
        ----------
        others : ``recheck`` computes every cached step again, aside, and compares bytes, ``edits``
            are made while the run is going (see ``driver.edit_meanwhile``), each before a group.
        """
        (run,) = self.driver.answers(self.request(groups, **others))
        if groups == EVERYTHING and run.answer["exit_code"] == 0:
            assert run.outcomes.keys() == run.plan.keys()
        return run

    def put_back(self) -> None:
        """Undo every edit, times of change included: compiled code is kept by those."""
        for path, content in self.originals.items():
            if content is None:
                path.unlink(missing_ok=True)
            else:
                path.write_bytes(content[0])
                os.utime(path, ns=(content[1], content[1]))


def configuration() -> dict[str, Any]:
    """The whole job on a few hundred reviews: two variants, a small network, one epoch."""
    content = small_config(Path("../data/reviews.csv"))
    content["validate"] = {name: f"expectations/{name}.yaml" for name in ("reviews", "features")}
    return content


@pytest.fixture(scope="session")
def driver() -> Iterator[Driver]:
    driver = Driver()
    yield driver
    driver.end()


@pytest.fixture(scope="session")
def code_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkout's code and configurations; what Numba has compiled comes along."""
    root = tmp_path_factory.mktemp("incremental") / "checkout"
    root.mkdir()
    for name in COPIED:
        shutil.copytree(ROOT / name, root / name)
    (root / "data").mkdir()
    return root


@pytest.fixture(scope="session")
def few(reviews: Reviews) -> Reviews:
    """400 real reviews."""
    return reviews[:ROWS]


@pytest.fixture(scope="session")
def first(code_copy: Path, driver: Driver, few: Reviews) -> First:
    """The first run, which every test goes on from: its artifacts and what it did."""
    write_reviews(code_copy / "data" / "reviews.csv", few)
    write_config(code_copy / "configs" / "job.yaml", configuration())
    artifacts = code_copy.parent / "first" / "artifacts"
    artifacts.mkdir(parents=True)
    return artifacts, Checkout(code_copy, artifacts, driver).run()


@pytest.fixture
def checkout(first: First, code_copy: Path, driver: Driver, tmp_path: Path) -> Iterator[Checkout]:
    """The checkout after the first run, with a copy of its artifacts."""
    shutil.copytree(first[0], tmp_path / "artifacts", symlinks=True)
    checkout = Checkout(code_copy, tmp_path / "artifacts", driver)
    yield checkout
    checkout.put_back()


def assert_plan_came_true(run: PlannedRun, before: PlannedRun) -> None:
    """Check that the run did what the plan had said, step by step."""
    for step, outcome in run.outcomes.items():
        entry = run.plan[step]
        assert entry["key"] in (None, outcome["key"]), step
        if entry["action"] == "unless":
            assert entry["key"] is None, step
            known = before.outcomes.get(step, {"inputs": None})
            assert (outcome["state"] == "ran") == (outcome["inputs"] != known["inputs"]), step
        else:
            assert outcome["state"] == {"run": "ran", "cached": "cached"}[entry["action"]], step
        if entry["action"] == "run":
            assert outcome["reasons"] == entry["reasons"], step
