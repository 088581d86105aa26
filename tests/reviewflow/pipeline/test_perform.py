"""A resolved step is all that a process elsewhere needs to perform it."""

import pickle
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from reviewflow.config.sentiment import read_config
from reviewflow.context import Context
from reviewflow.errors import StoreError
from reviewflow.jobs.open_sentiment import open_sentiment
from reviewflow.jobs.sentiment import SENTIMENT
from reviewflow.pipeline import perform
from reviewflow.pipeline.last_run import LastRun
from reviewflow.pipeline.perform import perform_step
from reviewflow.pipeline.planner import Planner
from reviewflow.pipeline.resolved import ResolvedStep
from reviewflow.pipeline.runner import Listener, Run
from reviewflow.store import compiled_code
from reviewflow.store.artifacts import Store
from reviewflow.text import wordnet
from tests.conftest import (
    ROOT,
    Reviews,
    small_config,
    with_every_stage,
    write_config,
    write_reviews,
)

PROCESS = """
import pickle, sys
from pathlib import Path
from reviewflow.context import Context
from reviewflow.pipeline.perform import perform_step
from reviewflow.store.artifacts import Store

store = Store(Path(sys.argv[2]))
for step in pickle.loads(Path(sys.argv[1]).read_bytes()):
    print(perform_step(step, store, Context()).artifact.manifest["key"])
"""


def job(folder: Path, reviews: Reviews) -> Path:
    """Write the reviews and a configuration of the whole job."""
    path = write_reviews(folder / "reviews.csv", reviews)
    return write_config(folder / "job.yaml", with_every_stage(small_config(path)))


def open_job(config: Path, artifacts: Path) -> Planner:
    return open_sentiment(read_config(config), artifacts, LastRun())


def run_job(config: Path, artifacts: Path) -> Run:
    with ThreadPoolExecutor(2) as pool:
        run = Run(open_job(config, artifacts), Listener(), pool)
        for name in SENTIMENT.groups:
            for group in run.task_groups(name):
                run.perform(group)
    return run


@pytest.fixture(scope="module")
def run(reviews: Reviews, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of a small job on threads."""
    folder = tmp_path_factory.mktemp("job")
    return run_job(job(folder, reviews), folder / "artifacts")


def resolve_all(run: Run) -> list[ResolvedStep]:
    return [run.planner.resolve(step) for step in run.artifacts]


def test_another_process_makes_the_same_bytes_from_the_pickled_steps(
    run: Run, tmp_path: Path
) -> None:
    steps = resolve_all(run)
    assert {step.stage for step in steps} == {stage.name for stage in SENTIMENT.stages}
    pickled, store = tmp_path / "steps", tmp_path / "store"
    pickled.write_bytes(pickle.dumps(steps))
    done = subprocess.run(
        [sys.executable, "-c", PROCESS, str(pickled), str(store)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [step.key for step in steps]
    for step, artifact in zip(steps, run.artifacts.values(), strict=True):
        for name, entry in artifact.manifest["files"].items():
            made = store / step.stage / step.key / name
            assert made.read_bytes() == (artifact.folder / name).read_bytes(), (step.label, name)
            assert entry["bytes"] == made.stat().st_size


def test_a_resolved_step_is_frozen_throughout(run: Run) -> None:
    for step in resolve_all(run):
        for value in parts_of(step):
            assert not is_dataclass(value) or value.__dataclass_params__.frozen, type(value)


def parts_of(value: Any) -> Iterator[Any]:
    """Yield a dataclass and the dataclasses in its fields."""
    yield value
    if is_dataclass(value):
        for field in fields(value):
            yield from parts_of(getattr(value, field.name))


def test_the_planners_key_is_the_runners(run: Run) -> None:
    for step, artifact in run.artifacts.items():
        assert run.planner.plan_step(step).key == artifact.manifest["key"]
        assert run.planner.resolve(step).key == artifact.manifest["key"]


def test_a_step_whose_compiled_code_was_damaged_is_made_again(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = run.planner.resolve(next(iter(run.artifacts)))
    write, seen = perform.stage_writer, []

    def fail_twice(*given: Any) -> perform.Writer:
        def writer(folder: Path) -> Any:
            (folder / "half").touch()
            seen.append(folder)
            if len(seen) <= 2:  # of two files
                raise EOFError("Ran out of input")
            (folder / "half").unlink()
            return write(*given)(folder)

        return writer

    monkeypatch.setattr(perform, "stage_writer", fail_twice)
    with pytest.raises(EOFError):
        perform_step(step, Store(tmp_path / "store"), Context())
    seen.clear()
    monkeypatch.setattr(
        compiled_code, "remove_damaged_code", lambda error: isinstance(error, EOFError)
    )
    made = perform_step(step, Store(tmp_path / "store"), Context()).artifact
    assert len(seen) == 3
    assert not (made.folder / "half").exists()
    assert made.manifest["key"] == step.key


def test_words_of_wordnet_edited_after_planning_store_nothing(
    reviews: Reviews, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tmp_path / "wordnet.zip"
    archive.write_bytes(wordnet.ARCHIVE.read_bytes())
    monkeypatch.setattr(wordnet, "ARCHIVE", archive)
    planner = open_job(job(tmp_path, reviews), tmp_path / "artifacts")
    planner.plan_all()
    with ThreadPoolExecutor(2) as pool:
        run = Run(planner, Listener(), pool)
        for group in run.task_groups("ingest"):
            run.perform(group)
        with zipfile.ZipFile(wordnet.ARCHIVE) as whole:
            content = {name: whole.read(name) for name in whole.namelist()}
        with zipfile.ZipFile(archive, "w") as edited:
            for name, words in content.items():
                edited.writestr(name, b"" if name == "noun.exc" else words)
        (group,) = run.task_groups("normalize")
        with pytest.raises(StoreError, match=r"wordnet\.zip changed while the run was going"):
            run.perform(group)
    assert not list((tmp_path / "artifacts" / "store").glob("normalize/*"))


def test_a_package_that_is_upgraded_meanwhile_stores_nothing(run: Run, tmp_path: Path) -> None:
    step = next(each for each in resolve_all(run) if each.stage == "evaluate")
    versions = {**step.fingerprint.packages, "numpy": "0.1"}
    old = replace(step, fingerprint=replace(step.fingerprint, packages=versions))
    store = Store(tmp_path / "store")
    with pytest.raises(StoreError, match="numpy changed while the run was going"):
        perform_step(old, store, Context())
    assert not list((tmp_path / "store").glob("evaluate/*"))


@pytest.mark.parametrize("is_undone", [False, True], ids=["edited", "edited and undone"])
def test_a_suite_edited_while_its_check_runs_stores_nothing(
    reviews: Reviews, tmp_path: Path, is_undone: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    import reviewflow.quality.validate_suites as module

    config = job(tmp_path, reviews)
    content = small_config(tmp_path / "reviews.csv")
    suite = tmp_path / "mine.yaml"
    text = Path(content["validate"]["reviews"]).read_text(encoding="utf-8")
    suite.write_text(text, encoding="utf-8")
    content["validate"]["reviews"] = str(suite)
    write_config(config, content)
    planner = open_job(config, tmp_path / "artifacts")
    (node,) = (node for node in planner.nodes if node.stage.name == "suites")
    step = planner.resolve(node.steps[0])
    name = step.function.rpartition(".")[2]
    function = getattr(module, name)

    def edit(**arguments: Any) -> Any:
        suite.write_text(f"{text}# edited\n", encoding="utf-8")
        if is_undone:
            suite.write_text(text, encoding="utf-8")
        return function(**arguments)

    monkeypatch.setattr(module, name, edit)
    from reviewflow.context import Context

    with pytest.raises(StoreError, match=r"mine\.yaml changed while the run was going"):
        perform_step(step, planner.store, Context())
    assert not list((tmp_path / "artifacts" / "store" / "suites").glob("*"))
    monkeypatch.undo()
    suite.write_text(text, encoding="utf-8")
    assert perform_step(step, planner.store, Context()).ran
