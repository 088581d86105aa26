"""What one process does with one state of the project's code: make the job, or do it again.

lay out ─▶ keys ─┬─ as they were ─▶ do the step again on the undisturbed inputs ─▶ same bytes?
                 └─ others ───────▶ the step would run: nothing to show

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
from pathlib import Path
from types import SimpleNamespace
from typing import Any

Tell = Callable[[dict[str, Any]], None]
BASELINE = "baseline.json"
MEMOS = "memos"
OTHER_BYTES = "other bytes"


def opened(folder: Path, reaches: Any, memos: Path | None = None, index: Any = None) -> Any:
    """The run of the job, laid out on an index that is given, or on what memos and file tell."""
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
    """Rows that were written when the job was made, in the place of a source."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def rows(self, part: int) -> Any:
        """Return the rows of a part."""
        from pyarrow import parquet

        return parquet.read_table(self.folder / f"rows-{part}.parquet")


class NamedRows:
    """A name in the place of a source's rows."""

    def rows(self, part: int) -> str:
        """Return what stands for the rows of a part."""
        return "the rows"


def resolved(run: Any, step: Any, source: Any) -> Any:
    """The resolved step, with another source in the place of its own."""
    found = run.planner.resolve(step)
    return replace(found, source=source) if found.source is not None else found


def context_of(run: Any) -> Any:
    """The surroundings of a step."""
    from reviewflow.context import Context

    return Context(stop=run.stop, executor=run.pool)


def steps_of(run: Any) -> Iterator[tuple[str, Any]]:
    """Every step in the order of the job, with a name that two processes agree on."""
    counts: dict[str, int] = {}
    for node in run.planner.nodes:
        for step in node.steps:
            stage = node.stage.name
            counts[stage] = counts.get(stage, 0) + 1
            yield f"{stage} {counts[stage]}", step


def make_all(folder: Path, reaches: Any, tell: Tell) -> None:
    """Make the whole job; tell of every step its key, arguments, files and imports."""
    from pyarrow import parquet

    from reviewflow.pipeline.perform import perform_step

    run = opened(folder, reaches)
    tables = [table for _, table in fresh_parts(folder)]
    for part, table in enumerate(tables):
        parquet.write_table(table, folder / f"rows-{part}.parquet")
    (folder / "index.json").write_text(run.index.to_json(), encoding="utf-8")
    for name, step in steps_of(run):
        found = resolved(run, step, StoredRows(folder))
        imported: set[str] = set()
        with stand_in(found.function, traced(found.function, imported)):
            artifact = perform_step(found, run.planner.store, context_of(run), True).artifact
        run.planner.record(step, artifact, True)
        tell(
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
    tell({"laid out": True, "imported": sorted(forget_project())})


@contextmanager
def stand_in(does: str, function: Callable[..., Any]) -> Iterator[None]:
    """Another function in the place of a stage's; the stage's module is not imported for it."""
    module, _, name = does.rpartition(".")
    before = sys.modules.get(module)
    sys.modules[module] = SimpleNamespace(**{name: function})  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[module]
        if before is not None:
            sys.modules[module] = before


def traced(does: str, imported: set[str]) -> Callable[..., Any]:
    """A stage's function, with the project's modules that it imports noted on the way."""

    def function(*, folder: Path, context: Any, **arguments: Any) -> Any:
        plain = pickle.dumps(arguments)
        before = forget_project()
        module, _, name = does.rpartition(".")
        from reviewflow.context import Context

        result = getattr(import_module(module), name)(
            **pickle.loads(plain), folder=folder, context=Context()
        )
        imported.update(forget_project())
        sys.modules.update(before)
        return result

    return function


def forget_project() -> dict[str, Any]:
    """Take the project's modules out of what is imported, and return them."""
    names = [name for name in sys.modules if name.partition(".")[0] == "reviewflow"]
    return {name: sys.modules.pop(name) for name in names}


def arguments_of(run: Any, step: Any) -> str | None:
    """What a step's function is handed, as text; None where that cannot be told."""
    from reviewflow.pipeline.perform import stage_writer

    handed: dict[str, Any] = {}
    try:
        found = resolved(run, step, NamedRows())
        with stand_in(found.function, lambda **arguments: handed.update(arguments)):
            stage_writer(found, context_of(run))(folder=Path())
    except Exception:
        return None
    handed.pop("context", None)
    return repr(sorted(handed.items()))


def do_again(folder: Path, reaches: Any, module: str, tell: Tell) -> None:
    """Find the keys with the project as it is now; do again what is cached, and compare.

    A step that never imports the changed module, and is handed the same arguments, cannot give
    anything else: it is not done again.

    Parameters
    ----------
    module : the changed one.
    tell : hears ``laid out`` when all keys are known, and then of every step done again.
    """
    baseline = json.loads((folder / BASELINE).read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(dir=folder) as memos:
        shutil.copytree(folder / MEMOS, memos, dirs_exist_ok=True)
        first = opened(folder, reaches, Path(memos))
    wrong = list(_told_wrong(first, folder))
    run, todo = _foretold(folder, reaches, baseline)
    other_index = first.index.to_json() != run.index.to_json()
    tell({"laid out": True, "changed": len(baseline) - len(todo), "other index": other_index})
    for sentence in wrong:
        tell({"stale": "index", "why": sentence})
    for known, step in todo:
        if module not in known["imported"] and arguments_of(run, step) == known["arguments"]:
            continue
        tell({"begins": known["made"]})
        why = _difference(run, step, known, folder)
        if why is None:
            tell({"ended": known["made"]})
        else:
            tell({"stale": known["made"], "why": why})


def fresh_parts(folder: Path) -> Iterator[Any]:
    """The parts of the file as they are cut now, whatever the index cache says."""
    from reviewflow.config.sentiment import read_config
    from reviewflow.reviews.parts import cut

    return cut(read_config(folder / "job.yaml").ingest, None)


def _foretold(folder: Path, reaches: Any, baseline: list[Any]) -> tuple[Any, list[Any]]:
    """The run on the undisturbed index, and the steps whose keys stood."""
    from reviewflow.reviews.parts import Index
    from reviewflow.store.artifacts import Artifact

    index = Index.from_json((folder / "index.json").read_text(encoding="utf-8"))
    run = opened(folder, reaches, index=index)
    by_key = {(known["stage"], known["key"]): known for known in baseline}
    by_name = {known["made"]: known for known in baseline}
    todo = []
    for name, step in steps_of(run):
        known = by_key.get((step.node.stage.name, run.planner.resolve(step).key))
        if known is not None:
            todo.append((known, step))
        known = known or by_name[name]
        run.planner.record(step, Artifact(Path(known["folder"]), known["manifest"]), False)
    return run, todo


def _told_wrong(run: Any, folder: Path) -> Iterator[str]:
    """What the index says of the file's parts and is not so."""
    from pyarrow import parquet

    before = json.loads((folder / "index.json").read_text(encoding="utf-8"))["parts"]
    fresh = list(fresh_parts(folder))
    if [part for part, _ in fresh] != list(run.index.parts):
        yield "the memo gave other parts than the file has"
    for number, (part, table) in enumerate(fresh[: len(before)]):
        kept = parquet.read_table(folder / f"rows-{number}.parquet")
        if dict(part.digests) == before[number]["digests"] and not table.equals(kept):
            yield f"part {number} has other rows and the same digests"


def _difference(run: Any, step: Any, known: dict[str, Any], folder: Path) -> str | None:
    """Do a step again; what is not as it was, in words, or None."""
    from reviewflow.pipeline.perform import stage_writer

    made = Path(tempfile.mkdtemp(dir=run.planner.store.folder.parent))
    try:
        stage_writer(resolved(run, step, StoredRows(folder)), context_of(run))(folder=made)
    except BaseException as error:  # whatever a changed program does
        return f"{type(error).__name__}: {str(error)[:200]}"
    else:
        found = digests(made)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    kept = known["bytes"]
    files = [name for name in {**kept, **found} if kept.get(name) != found.get(name)]
    return f"{OTHER_BYTES} in {', '.join(files)}" if files else None


def digests(folder: Path) -> dict[str, str]:
    """A digest of every data file below a folder, by path (pages for people left out)."""
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and path.name != "manifest.json"
        and "_docs" not in (name := path.relative_to(folder).as_posix())
    }
