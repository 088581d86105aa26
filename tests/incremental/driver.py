"""Runs the job of a copied checkout, each request in a process of its own.

requests (a line of JSON) ─▶ fork ─▶ import reviewflow from the copy ─▶ plan, run ─▶ answer (a file)

The heavy libraries are imported once, before the fork; nothing of the project is. So every
request meets the modules as they are on disk now, as a new command would, and costs seconds less.
The requests of one line are answered at once.
"""

import json
import os
import sys
import traceback
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
        children = [forked(request) for request in json.loads(line)]
        codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        print(json.dumps(codes), flush=True)


def forked(request: dict[str, Any]) -> int:
    """Start a process that answers; returns its id."""
    child = os.fork()
    if child == 0:
        answer_alone(request)
    return child


def answer_alone(request: dict[str, Any]) -> None:
    """In the forked process: answer, and leave without the parent's business."""
    code = 1
    try:
        checkout = Path(request["checkout"])
        os.chdir(checkout)
        sys.path[:0] = [*request["found_first"], str(checkout)]
        answer = planned_and_performed(request)
        Path(request["answer"]).write_text(json.dumps(answer), encoding="utf-8")
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def planned_and_performed(request: dict[str, Any]) -> dict[str, Any]:
    """What the command says will happen, and, where a run is asked for, what happened."""
    import reviewflow

    arguments = ["--config", request["config"], "--artifacts", request["artifacts"]]
    answer = {"reviewflow": reviewflow.__file__}
    if request["in_words"]:
        return answer | {"text": command("plan", *arguments)}
    answer["plan"] = json.loads(command("plan", *arguments, "--json"))
    return answer | performed(request) if request["works"] else answer


def command(*arguments: str) -> str:
    """What a command of the command line prints."""
    from contextlib import redirect_stdout
    from io import StringIO

    from flows.commands.main import main as reviewflow

    out = StringIO()
    with redirect_stdout(out):
        reviewflow(list(arguments), standalone_mode=False)
    return out.getvalue()


def performed(request: dict[str, Any]) -> dict[str, Any]:
    """Do the job with the library alone, as the flow does it."""
    from concurrent.futures import ThreadPoolExecutor

    from reviewflow.config.sentiment import read_config
    from reviewflow.errors import ReviewflowError
    from reviewflow.jobs.open_sentiment import open_sentiment
    from reviewflow.jobs.sentiment_summary import summary
    from reviewflow.pipeline.runner import Listener, Run
    from reviewflow.reporting.page.html import html_page
    from reviewflow.runs.identity import run_identity
    from reviewflow.runs.record import RunRecorder, last_run

    config, artifacts = Path(request["config"]), Path(request["artifacts"])
    settings, runs = read_config(config), artifacts / "runs"
    previous = last_run(runs, run_identity("sentiment", config.stem, settings))
    record = RunRecorder(runs, "sentiment", config.stem, settings)
    with ThreadPoolExecutor(2) as pool:
        planner = open_sentiment(settings, artifacts, previous)
        run = Run(planner, Listener(), pool, request["recheck"])
        try:
            for group in request["works"]:
                import_edited(**request["meanwhile"].get(group, {}))
                for work in run.task_groups(group):
                    run.perform(work)
        except ReviewflowError as error:
            return {"outcomes": outcomes(run), "error": str(error)}
    record.write_keys(run.keys, previous)
    content = record.finish(
        "completed", None, summary(run, settings, record.folder / "report.html")
    )
    page = html_page(content, run.folder_of("report")) if "report" in request["works"] else ""
    return {"outcomes": outcomes(run), "lies": run.mismatches, "page": page}


def import_edited(module: str = "", old: str = "", new: str = "") -> None:
    """Import a module with an edit that is undone at once, times included."""
    if module:
        path = Path(module.replace(".", "/") + ".py").resolve()
        text, times = path.read_text("utf-8"), path.stat()
        assert text.count(old) == 1
        assert module not in sys.modules
        path.write_text(text.replace(old, new), encoding="utf-8")
        import_module(module)
        path.write_text(text, encoding="utf-8")
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def outcomes(run: Any) -> list[dict[str, Any]]:
    """What became of each step, in the order in which they ended."""
    return [
        {
            "label": step.node.label,
            "part": step.part,
            "state": outcome.state,
            "reason": outcome.reason,
            "key": outcome.key,
            "inputs": artifact.manifest["inputs"],
            "digests": artifact.digests,
            "folder": str(artifact.folder),
        }
        for (step, artifact), outcome in zip(run.artifacts.items(), run.outcomes, strict=True)
    ]


if __name__ == "__main__":
    main()
