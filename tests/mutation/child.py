"""Run the job or its steps again, in a process with one state of the code.

    plan ─▶ keys ─┬─ equal ─▶ run the step again on the first inputs ─▶ same bytes?
                  └─ other ─▶ the step would run, so nothing can be stale

The project is imported inside the functions, since every process has its own state of it.
"""

import hashlib
import json
import pickle
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from inspect import signature
from pathlib import Path
from types import SimpleNamespace
from typing import Any

Send = Callable[[dict[str, Any]], None]
BASELINE = "baseline.json"
MEMOS = "memos"
OTHER_BYTES = "other bytes"


def open_run(folder: Path, reaches: Any, memos: Path | None = None, index: Any = None) -> Any:
    """Return the run of the job, on an index or on what caches and file say."""
    from concurrent.futures import ThreadPoolExecutor

    from reviewflow.config.sentiment import read_config
    from reviewflow.jobs.sentiment import SENTIMENT
    from reviewflow.pipeline.graph import build_graph
    from reviewflow.pipeline.last_run import LastRun
    from reviewflow.pipeline.planner import Planner
    from reviewflow.pipeline.runner import Listener, Run
    from reviewflow.reviews.source import ReviewSource, open_source
    from reviewflow.store.artifacts import Store

    config = read_config(folder / "job.yaml")
    source = open_source(config.ingest, None, memos or folder / MEMOS)
    source = ReviewSource(config.ingest, None, index) if index else source
    parts = len(source.index.parts)
    nodes = build_graph(SENTIMENT.stages, config, config.variant_configs, parts)
    store = Store(folder / "artifacts" / "store")
    planner = Planner(store, nodes, reaches, LastRun(), source)
    return Run(planner, Listener(), ThreadPoolExecutor(2))


class StoredRows:
    """A source with the rows that were written by the first run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def rows(self, part: int) -> Any:
        """Return the rows of a part."""
        from pyarrow import parquet

        return parquet.read_table(self.folder / f"rows-{part}.parquet")


class NamedRows:
    """A source whose rows are a name."""

    def rows(self, part: int) -> str:
        """Return the name of the rows of a part."""
        return "the rows"


def resolve_step(run: Any, step: Any, source: Any) -> Any:
    """Return the resolved step with another source."""
    found = run.planner.resolve(step)
    return replace(found, source=source) if found.source is not None else found


def context_of(run: Any) -> Any:
    """Return the context of a step."""
    from reviewflow.context import Context

    return Context(stop=run.stop, executor=run.pool)


def steps_of(run: Any) -> Iterator[tuple[str, Any]]:
    """Yield every step in the job's order, with a name equal in all processes."""
    counts: dict[str, int] = {}
    for node in run.planner.nodes:
        for step in node.steps:
            stage = node.stage.name
            counts[stage] = counts.get(stage, 0) + 1
            yield f"{stage} {counts[stage]}", step


def make_all(folder: Path, reaches: Any, send: Send) -> None:
    """Run the whole job, and send key, arguments and files of each step."""
    from pyarrow import parquet

    from reviewflow.pipeline.perform import perform_step

    run = open_run(folder, reaches)
    tables = [table for _, table in fresh_parts(folder)]
    for part, table in enumerate(tables):
        parquet.write_table(table, folder / f"rows-{part}.parquet")
    (folder / "index.json").write_text(run.index.to_json(), encoding="utf-8")
    for name, step in steps_of(run):
        found = resolve_step(run, step, StoredRows(folder))
        imported: set[str] = set()
        with stand_in(found.function, trace_imports(found.function, imported)):
            artifact = perform_step(found, run.planner.store, context_of(run), True).artifact
        run.planner.record(step, artifact, True)
        send(
            {
                "made": name,
                "stage": step.node.stage.name,
                "key": found.key,
                "folder": str(artifact.folder),
                "manifest": dict(artifact.manifest),
                "arguments": arguments_of(run, step),
                "bytes": digests(artifact.folder),
                "imported": sorted(imported),
            }
        )
    send({"laid out": True, "imported": sorted(forget_project())})


@contextmanager
def stand_in(name: str, function: Callable[..., Any]) -> Iterator[None]:
    """Replace a stage's function without importing its module."""
    module, _, attribute = name.rpartition(".")
    before = sys.modules.get(module)
    sys.modules[module] = SimpleNamespace(**{attribute: function})  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[module]
        if before is not None:
            sys.modules[module] = before


def trace_imports(name: str, imported: set[str]) -> Callable[..., Any]:
    """Return a stage's function that records its imports of the project."""

    def function(*, folder: Path, context: Any, **arguments: Any) -> Any:
        plain = pickle.dumps(arguments)
        before = forget_project()
        module, _, attribute = name.rpartition(".")
        from reviewflow.context import Context

        result = getattr(import_module(module), attribute)(
            **pickle.loads(plain), folder=folder, context=Context()
        )
        imported.update(forget_project())
        sys.modules.update(before)
        return result

    return function


def forget_project() -> dict[str, Any]:
    """Remove the project's modules from the imported ones, and return them."""
    names = [name for name in sys.modules if name.partition(".")[0] == "reviewflow"]
    return {name: sys.modules.pop(name) for name in names}


def arguments_of(run: Any, step: Any) -> str | None:
    """Return a step's arguments as text, None where they raise an error."""
    from reviewflow.pipeline.perform import stage_writer

    passed: dict[str, Any] = {}
    try:
        found = resolve_step(run, step, NamedRows())
        with stand_in(found.function, lambda **arguments: passed.update(arguments)):
            stage_writer(found, context_of(run))(folder=Path())
    except Exception:
        return None
    passed.pop("context", None)
    return repr(sorted(passed.items()))


def do_again(folder: Path, reaches: Any, module: str, send: Send) -> None:
    """Plan with the changed project, run cached steps again, and compare.

    A step that never imports the changed module and receives the same arguments cannot write
    other bytes, so it does not run again.

    Parameters
    ----------
    module : the changed module.
    send : receives ``laid out`` when all keys are known, and then every step that ran again.
    """
    baseline = json.loads((folder / BASELINE).read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(dir=folder) as memos:
        shutil.copytree(folder / MEMOS, memos, dirs_exist_ok=True)
        first = open_run(folder, reaches, Path(memos))
    wrong = list(_index_errors(first, folder))
    run, todo = _planned_steps(folder, reaches, baseline)
    other_index = first.index.to_json() != run.index.to_json()
    send({"laid out": True, "changed": len(baseline) - len(todo), "other index": other_index})
    for sentence in wrong:
        send({"ended": "index", "stale": sentence})
    for known, step in todo:
        if module not in known["imported"] and arguments_of(run, step) == known["arguments"]:
            continue
        send({"begins": known["made"]})
        send({"ended": known["made"]} | _result_again(run, step, known, folder))


def fresh_parts(folder: Path) -> Iterator[Any]:
    """Return the parts of the file as the changed code cuts them."""
    from reviewflow.config.sentiment import read_config
    from reviewflow.reviews.parts import cut

    return cut(read_config(folder / "job.yaml").ingest, None)


def _planned_steps(folder: Path, reaches: Any, baseline: list[Any]) -> tuple[Any, list[Any]]:
    """Return the run on the first index, and the steps with equal keys."""
    from reviewflow.reviews.parts import Index
    from reviewflow.store.artifacts import Artifact

    index = Index.from_json((folder / "index.json").read_text(encoding="utf-8"))
    run = open_run(folder, reaches, index=index)
    by_key = {(known["stage"], known["key"]): known for known in baseline}
    by_name = {known["made"]: known for known in baseline}
    todo = []
    for name, step in steps_of(run):
        known = by_key.get((step.node.stage.name, run.planner.resolve(step).key))
        if known is not None:
            todo.append((known, step))
        known = known or by_name[name]
        stage_folder = Path(known["folder"]).parent
        run.planner.record(step, Artifact.from_manifest(stage_folder, known["manifest"]), False)
    return run, todo


def _index_errors(run: Any, folder: Path) -> Iterator[str]:
    """Yield what the index says wrongly about the parts of the file."""
    from pyarrow import parquet

    before = json.loads((folder / "index.json").read_text(encoding="utf-8"))["parts"]
    fresh = list(fresh_parts(folder))
    if [part for part, _ in fresh] != list(run.index.parts):
        yield "the cached index has other parts than the file"
    for number, (part, table) in enumerate(fresh[: len(before)]):
        kept = parquet.read_table(folder / f"rows-{number}.parquet")
        if dict(part.digests) == before[number]["digests"] and not table.equals(kept):
            yield f"part {number} has other rows and the same digests"


def _result_again(run: Any, step: Any, known: dict[str, Any], folder: Path) -> dict[str, str]:
    """Run a step again, and return ``stale`` or ``refused`` with a reason, if it is either.

    Stale: other bytes, or a crash of the stage's function. Refused: the engine around the function
    raised, so that nothing is written, whatever is in the store.
    """
    from reviewflow.pipeline.perform import stage_writer

    made, crashes = Path(tempfile.mkdtemp(dir=run.planner.store.folder.parent)), list[str]()
    try:
        found = resolve_step(run, step, StoredRows(folder))
        with watch_function(found.function, crashes):
            figures = stage_writer(found, context_of(run))(folder=made)
            dict(figures)  # as the store does, which publishes nothing if there are none
    except BaseException as error:  # a changed program may raise anything
        return {"stale": crashes[0]} if crashes else {"refused": error_text(error)}
    else:
        written = digests(made)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    kept = known["bytes"]
    files = [name for name in {**kept, **written} if kept.get(name) != written.get(name)]
    return {"stale": f"{OTHER_BYTES} in {', '.join(files)}"} if files else {}


@contextmanager
def watch_function(name: str, crashes: list[str]) -> Iterator[None]:
    """Collect what a stage's function raises, its import included."""
    module_name, _, attribute = name.rpartition(".")
    try:
        module = import_module(module_name)
        real = getattr(module, attribute)
    except BaseException as error:
        crashes.append(error_text(error))
        raise

    def function(**arguments: Any) -> Any:
        signature(real).bind(**arguments)  # what does not fit is the engine's, and never runs
        try:
            return real(**arguments)
        except BaseException as error:
            crashes.append(error_text(error))
            raise

    setattr(module, attribute, function)
    try:
        yield
    finally:
        setattr(module, attribute, real)


def error_text(error: BaseException) -> str:
    """Return an error's type and the beginning of its message."""
    return f"{type(error).__name__}: {str(error)[:200]}"


def digests(folder: Path) -> dict[str, str]:
    """Return a digest of every data file below a folder, by path.

    Pages for people are left out.
    """
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and path.name != "manifest.json"
        and "_docs" not in (name := path.relative_to(folder).as_posix())
    }
