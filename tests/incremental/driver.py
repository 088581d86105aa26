"""Plan and run the job of a copied checkout, each request in a process of its own.

requests (a line of JSON) ─▶ fork ─▶ import reviewflow from the copy ─▶ plan, run ─▶ answer (a file)

The heavy libraries are imported once, before the fork. Nothing of the project is, so every request
meets the modules as they are on disk now, as a new command would, and costs seconds less. The
requests of one line are answered at the same time.
"""

import json
import os
import sys
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

LIBRARIES = ("great_expectations", "matplotlib.figure", "nltk", "numba", "pandas", "pyarrow.csv")
LATER = ("pyarrow.parquet", "safetensors.torch", "sklearn.metrics", "torch", "pydantic", "yaml")


def main() -> None:
    """Answer requests until the input ends."""
    for name in (*LIBRARIES, *LATER):
        __import__(name)
    assert not {"reviewflow", "flows", "tasks"} & {name.partition(".")[0] for name in sys.modules}
    for line in sys.stdin:
        children = [fork(request) for request in json.loads(line)]
        codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        print(json.dumps(codes), flush=True)


def fork(request: dict[str, Any]) -> int:
    """Start a process that answers, and return its id."""
    child = os.fork()
    if child == 0:
        answer_alone(request)
    return child


def answer_alone(request: dict[str, Any]) -> None:
    """Answer in the forked process, and exit without the parent's clean-up."""
    code = 1
    try:
        checkout = Path(request["checkout"])
        os.chdir(checkout)
        sys.path[:0] = [*request["first_on_path"], str(checkout)]
        answer = plan_and_run(request)
        Path(request["answer"]).write_text(json.dumps(answer), encoding="utf-8")
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def plan_and_run(request: dict[str, Any]) -> dict[str, Any]:
    """Return the command's plan and, where groups are asked for, what a run of them did."""
    import reviewflow

    arguments = ["--config", request["config"], "--artifacts", request["artifacts"]]
    answer = {"reviewflow": reviewflow.__file__}
    if request["in_words"]:
        return answer | {"text": command("plan", *arguments)}
    answer["plan"] = json.loads(command("plan", *arguments, "--json"))
    return answer | run_job(request) if request["groups"] else answer


def command(*arguments: str) -> str:
    """Return what a command of the command line prints."""
    from contextlib import redirect_stdout
    from io import StringIO

    from flows.commands.main import main as reviewflow

    out = StringIO()
    with redirect_stdout(out):
        reviewflow(list(arguments), standalone_mode=False)
    return out.getvalue()


def run_job(request: dict[str, Any]) -> dict[str, Any]:
    """Do the job with the library alone, as the flow does it."""
    from concurrent.futures import ThreadPoolExecutor

    from reviewflow.config.sentiment import read_config
    from reviewflow.errors import ReviewflowError
    from reviewflow.jobs.open_sentiment import open_sentiment
    from reviewflow.jobs.sentiment_summary import summary
    from reviewflow.pipeline.runner import Listener, Run
    from reviewflow.reporting.page.html import html_page
    from reviewflow.runs.gc import write_claims
    from reviewflow.runs.record import RunRecorder, last_run

    config, artifacts = Path(request["config"]), Path(request["artifacts"])
    settings, runs = read_config(config), artifacts / "runs"
    record = RunRecorder(runs, "sentiment", config.stem, settings, config_file=config)
    previous = last_run(runs, record.identity)
    state, error, exit_code = "completed", None, 0
    with ThreadPoolExecutor(2) as pool:
        planner = open_sentiment(settings, artifacts, previous)
        run = Run(planner, Listener(), pool, request["recheck"])
        write_claims(record.folder, planner.fingerprint_digests())
        try:
            for name in request["groups"]:
                for edit in request["edits"].get(name, ()):
                    edit_meanwhile(**edit)
                for group in run.task_groups(name):
                    run.perform(group)
        except ReviewflowError as raised:
            state, error, exit_code = "failed", str(raised), raised.exit_code
    record.write_keys(run.keys, previous)
    content = record.finish(state, error, summary(run, settings, record.folder / "report.html"))
    return {
        "outcomes": outcomes(run),
        "record": content,
        "exit_code": exit_code,
        "mismatches": run.mismatches,
        "page": html_page(content, run.folder_of("report")),
    }


def edit_meanwhile(file: str, old: str, new: str, undo: str | None = None) -> None:
    """Edit a file of the project after keys were taken.

    Parameters
    ----------
    undo : when the file is put back, its times included. After the import of a module that is
        named here, or after a call of a stage's function (``call: module.function``), which then
        begins with the edit as well. None for never.
    """
    path = Path(file).resolve()
    text, times = path.read_text("utf-8"), path.stat()
    assert text.count(old) == 1, f"{file} has {old!r} {text.count(old)} times"

    def edit() -> None:
        path.write_text(text.replace(old, new), encoding="utf-8")

    def put_back() -> None:
        path.write_text(text, encoding="utf-8")
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))

    if undo is None:
        edit()
    elif undo.startswith("call: "):
        call_between(undo.removeprefix("call: "), edit, put_back)
    else:
        assert undo not in sys.modules, f"{undo} was imported before the edit"
        edit()
        import_module(undo)
        put_back()


def call_between(function: str, before: Callable[[], None], after: Callable[[], None]) -> None:
    """Put a function in the place of a stage's that does something before and after it."""
    module_name, _, name = function.rpartition(".")
    module = import_module(module_name)
    original = getattr(module, name)

    def wrapper(**arguments: Any) -> Any:
        before()
        try:
            return original(**arguments)
        finally:
            after()

    setattr(module, name, wrapper)


def outcomes(run: Any) -> list[dict[str, Any]]:
    """Return what became of each step, in the order in which they ended."""
    return [
        {
            **outcome.to_json(),
            "label": step.node.label,
            "inputs": artifact.manifest["inputs"],
            "digests": artifact.digests,
            "folder": str(artifact.folder),
        }
        for (step, artifact), outcome in zip(run.artifacts.items(), run.outcomes, strict=True)
    ]


if __name__ == "__main__":
    main()
