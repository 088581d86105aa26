"""What one process does with one state of the project's code: make the job, or do it again.

lay out ─▶ keys ─┬─ as they were ─▶ do the step again on the undisturbed inputs ─▶ same bytes?
                 └─ others ───────▶ the step would run: nothing to show

The project is imported inside the functions, since every process has its own state of it.
"""

import hashlib
import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Tell = Callable[[dict[str, Any]], None]
BASELINE = "baseline.json"


def opened(folder: Path, reaches: Any, index: Any = None) -> Any:
    """The run of the job, laid out, with its own memos where no index is given."""
    from concurrent.futures import ThreadPoolExecutor

    from reviewflow.config import read_config
    from reviewflow.lines import job_lines
    from reviewflow.plan import Ledger, Previous
    from reviewflow.reviews.parts import indexed
    from reviewflow.run import Listener, Run
    from reviewflow.store import Store

    config = read_config(folder / "job.yaml")
    index = index or indexed(config.ingest, None, folder / "artifacts" / "memos")
    lines = job_lines(config, len(index.parts))
    store = Store(folder / "artifacts" / "store")
    ledger = Ledger(store, index, lines, reaches, Previous({}, {}))
    return Run(config, ledger, Listener(), ThreadPoolExecutor(2))


def context_of(run: Any) -> Any:
    """The surroundings of a step."""
    from reviewflow.context import Context

    return Context(stop=run.stop, executor=run.executor)


def steps_of(run: Any) -> Iterator[tuple[str, Any]]:
    """Every step in the order of the job, with a name that two processes agree on."""
    counts: dict[str, int] = {}
    for line in run.ledger.lines:
        for step in line.steps:
            stage = line.stage.name
            counts[stage] = counts.get(stage, 0) + 1
            yield f"{stage} {counts[stage]}", step


def make_stage(folder: Path, reaches: Any, stage: str, tell: Tell) -> None:
    """Make the artifacts of one stage, all before it being made; tell keys, files and imports."""
    from pyarrow import parquet

    run = opened(folder, reaches)
    tables = list(fresh_parts(run))
    for part, (_, table) in enumerate(tables):
        parquet.write_table(table, folder / f"rows-{part}.parquet")
    (folder / "index.json").write_text(run.index.to_json(), encoding="utf-8")
    for name, step in steps_of(run):
        decision = run.ledger.settle(step)
        artifact = decision.artifact
        if step.line.stage.name == stage:
            rows = None if step.part is None else tables[step.part][1]
            artifact = artifact or run._make(step, decision, context_of(run), rows)
            told = {
                "stage": stage,
                "label": step.line.label,
                "part": step.part,
                "key": decision.key,
                "folder": str(artifact.folder),
                "manifest": dict(artifact.manifest),
                "bytes": digests(artifact.folder),
            }
            tell({"made": name, **told})
        if artifact is None:
            break
        run.ledger.made(step, artifact, False)
    tell({"imported": sorted(name for name in sys.modules if name.startswith("reviewflow"))})


def do_again(folder: Path, reaches: Any, stages: set[str], tell: Tell) -> None:
    """Find the keys with the project as it is now; do again what is cached, and compare.

    Parameters
    ----------
    stages : the stages of which steps are done again.
    tell : hears ``laid out`` when all keys are known, and then of every step done again.
    """
    baseline = json.loads((folder / BASELINE).read_text(encoding="utf-8"))
    stale = list(_told_wrong(opened(folder, reaches), folder))
    run, todo = _foretold(folder, reaches, baseline)
    tell({"laid out": True, "changed": len(baseline) - len(todo), "total": len(baseline)})
    for sentence in stale:
        tell({"stale": "index", "why": sentence})
    for known, step in todo:
        if known["stage"] not in stages:
            continue
        tell({"begins": known["made"]})
        why = _difference(run, step, known, _rows(folder, step))
        tell({"ended": known["made"]} if why is None else {"stale": known["made"], "why": why})


def fresh_parts(run: Any) -> Iterator[Any]:
    """The parts of the file as they are cut now, whatever a memo says."""
    from reviewflow.reviews.parts import cut

    return cut(run.config.ingest, None)


def _foretold(folder: Path, reaches: Any, baseline: list[Any]) -> tuple[Any, list[Any]]:
    """The run on the undisturbed index, and the steps whose keys stood."""
    from reviewflow.reviews.parts import Index
    from reviewflow.store import Artifact

    index = Index.from_json((folder / "index.json").read_text(encoding="utf-8"))
    run = opened(folder, reaches, index)
    by_key = {(known["stage"], known["key"]): known for known in baseline}
    by_name = {known["made"]: known for known in baseline}
    todo = []
    for name, step in steps_of(run):
        decision = run.ledger.settle(step)
        known = by_key.get((step.line.stage.name, decision.key))
        if known is not None:
            todo.append((known, step))
        known = known or by_name[name]
        run.ledger.made(step, Artifact(Path(known["folder"]), known["manifest"]), False)
    return run, todo


def _told_wrong(run: Any, folder: Path) -> Iterator[str]:
    """What the index says of the file's parts and is not so."""
    from pyarrow import parquet

    before = json.loads((folder / "index.json").read_text(encoding="utf-8"))["parts"]
    fresh = list(fresh_parts(run))
    if [part for part, _ in fresh] != list(run.index.parts):
        yield "the memo gave other parts than the file has"
    for number, (part, table) in enumerate(fresh[: len(before)]):
        kept = parquet.read_table(folder / f"rows-{number}.parquet")
        if dict(part.digests) == before[number]["digests"] and not table.equals(kept):
            yield f"part {number} has other rows and the same digests"


def _rows(folder: Path, step: Any) -> Any:
    from pyarrow import parquet

    if step.line.stage.name != "ingest":
        return None
    return parquet.read_table(folder / f"rows-{step.part}.parquet")


def _difference(run: Any, step: Any, known: dict[str, Any], rows: Any) -> str | None:
    """Do a step again; what is not as it was, in words, or None."""
    made = Path(tempfile.mkdtemp(dir=run.ledger.store.folder.parent))
    try:
        run._writer(step, context_of(run), rows)(made)
    except BaseException as error:  # whatever a changed program does
        return f"{type(error).__name__}: {str(error)[:200]}"
    else:
        found = digests(made)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    kept = known["bytes"]
    files = [name for name in {**kept, **found} if kept.get(name) != found.get(name)]
    return f"other bytes in {', '.join(files)}" if files else None


def digests(folder: Path) -> dict[str, str]:
    """A digest of every data file below a folder, by path (pages for people left out)."""
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and path.name != "manifest.json"
        and "_docs" not in (name := path.relative_to(folder).as_posix())
    }
