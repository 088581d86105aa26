"""A copy of the checkout that tests may edit, and runs of it as new commands would make them.

checkout ─ copied once ─▶ edits, put back after each test
                             │
first run ─ copied ─▶ artifacts of each test ─▶ plan, run ─▶ Told
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

from tests.conftest import ROOT, Reviews, small_config, write_config, write_reviews

COPIED = ("configs", "flows", "reviewflow", "tasks")
EVERYTHING = (
    "suites", "ingest", "validate reviews", "normalize", "vectorize", "validate features",
    "train", "evaluate", "report",
)  # fmt: skip
ROW_WISE = ("ingest", "normalize", "vectorize")
ROWS = 400

Named = tuple[str, int | None]


@dataclass(frozen=True)
class Told:
    """What the plan said and, where there was a run, what it did; steps by label and part."""

    answer: dict[str, Any]

    @cached_property
    def foretold(self) -> dict[Named, dict[str, Any]]:
        """The plan's entries."""
        return {(entry["label"], entry["part"]): entry for entry in self.answer["plan"]}

    @cached_property
    def outcomes(self) -> dict[Named, dict[str, Any]]:
        """What became of each step."""
        return {(entry["label"], entry["part"]): entry for entry in self.answer["outcomes"]}

    def with_action(self, action: str) -> set[str]:
        """Labels of the lines of which a step will ``run``, run ``unless`` or is ``cached``."""
        return {label for (label, _), e in self.foretold.items() if e["action"] == action}

    def why(self, label: str) -> str:
        """The plan's reason for a line's first step."""
        return next(e["reason"] for (name, _), e in self.foretold.items() if name == label)

    @property
    def ran(self) -> set[str]:
        """Labels of the lines of which a step ran."""
        return {label for (label, _), e in self.outcomes.items() if e["state"] == "ran"}

    def parts_that_ran(self, label: str) -> int:
        """How many parts of a line ran."""
        return sum(e["state"] == "ran" for (name, _), e in self.outcomes.items() if name == label)


class Driver:
    """A process that answers requests one after the other (see ``driver.py``).

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

    def answers(self, *requests: dict[str, Any]) -> list[Told]:
        """What comes of requests that are made at the same time."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(requests) + "\n")
        self.process.stdin.flush()
        codes = json.loads(self.process.stdout.readline())
        assert codes == [0] * len(requests), "the driver's messages say why"
        found = [Told(json.loads(Path(r["answer"]).read_text("utf-8"))) for r in requests]
        for told, request in zip(found, requests, strict=True):
            assert told.answer["reviewflow"].startswith(request["checkout"])
            assert not told.answer.get("lies")
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
    found_first: list[str] = field(default_factory=list)
    kept: dict[Path, tuple[bytes, int] | None] = field(default_factory=dict)

    def path(self, name: str) -> Path:
        """A file of the checkout that is put back after the test."""
        path = self.root / name
        if path not in self.kept:
            content = (path.read_bytes(), path.stat().st_mtime_ns) if path.exists() else None
            self.kept[path] = content
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
        self.found_first.append(str(folder))

    def file(self, stage: str, name: str) -> Path:
        """The only file of this name among a stage's artifacts."""
        (path,) = (self.artifacts / "store" / stage).glob(f"*/{name}")
        return path

    def request(self, works: tuple[str, ...] = (), **others: Any) -> dict[str, Any]:
        """A request as the driver takes it."""
        return {
            "checkout": str(self.root),
            "found_first": self.found_first,
            "config": "configs/job.yaml",
            "artifacts": str(self.artifacts),
            "answer": str(self.artifacts.parent / "answer.json"),
            "works": works,
            "recheck": False,
            "in_words": False,
            "meanwhile": {},
        } | others

    def plan(self) -> Told:
        """What ``reviewflow plan --json`` says."""
        return self.driver.answers(self.request())[0]

    def plan_in_words(self) -> str:
        """What ``reviewflow plan`` says."""
        return str(self.driver.answers(self.request(in_words=True))[0].answer["text"])

    def run(self, works: tuple[str, ...] = EVERYTHING, recheck: bool = False) -> Told:
        """Plan and run; ``recheck`` computes every cached step again, aside, and compares bytes."""
        (told,) = self.driver.answers(self.request(works, recheck=recheck))
        if works == EVERYTHING:
            assert told.outcomes.keys() == told.foretold.keys()
        return told

    def put_back(self) -> None:
        """Undo every edit, times of change included: compiled code is kept by those."""
        for path, content in self.kept.items():
            if content is None:
                path.unlink(missing_ok=True)
            else:
                path.write_bytes(content[0])
                os.utime(path, ns=(content[1], content[1]))


def configuration() -> dict[str, Any]:
    """The whole job on a few hundred reviews: two variants, a small network, one epoch."""
    content = small_config(Path("data/reviews.csv"))
    content["validate"] = {
        name: f"configs/expectations/{name}.yaml" for name in ("reviews", "features")
    }
    return content


@pytest.fixture(scope="session")
def driver() -> Iterator[Driver]:
    driver = Driver()
    yield driver
    driver.end()


@pytest.fixture(scope="session")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
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
def first(copied: Path, driver: Driver, few: Reviews) -> tuple[Path, Told]:
    """The first run, which every test goes on from: its artifacts and what it did."""
    write_reviews(copied / "data" / "reviews.csv", few)
    write_config(copied / "configs" / "job.yaml", configuration())
    artifacts = copied.parent / "first" / "artifacts"
    artifacts.mkdir(parents=True)
    return artifacts, Checkout(copied, artifacts, driver).run()


@pytest.fixture
def checkout(
    first: tuple[Path, Told], copied: Path, driver: Driver, tmp_path: Path
) -> Iterator[Checkout]:
    """The checkout after the first run, with a copy of its artifacts."""
    shutil.copytree(first[0], tmp_path / "artifacts", symlinks=True)
    checkout = Checkout(copied, tmp_path / "artifacts", driver)
    yield checkout
    checkout.put_back()


def assert_foretold(told: Told, before: Told) -> None:
    """What the plan foretold is what the run did, step by step."""
    for step, outcome in told.outcomes.items():
        entry = told.foretold[step]
        assert entry["key"] in (None, outcome["key"]), step
        if entry["action"] == "unless":
            assert entry["key"] is None, step
            known = before.outcomes.get(step, {"inputs": None})
            assert (outcome["state"] == "ran") == (outcome["inputs"] != known["inputs"]), step
        else:
            assert outcome["state"] == {"run": "ran", "cached": "cached"}[entry["action"]], step
            assert bool(entry["reason"]) == (entry["action"] == "run"), step
        if entry["action"] == "run":
            assert outcome["reason"] == entry["reason"], step
