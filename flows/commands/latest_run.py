"""Find the run that a person means, and name a newer one that failed."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from flows.commands.output import say
from reviewflow.runs.history import RunRecord, find_run, newer_run

STATES: Mapping[str, str] = MappingProxyType(
    {
        "failed": "failed",
        "crashed": "crashed",
        "cancelled": "was cancelled",
        "running": "is going on",
        "unreadable": "cannot be read",
    }
)


def named_run(wanted: str, artifacts: str, quiet: bool = False) -> RunRecord:
    """Return a run.

    A link such as ``latest`` leads to a completed run. If the newest run has not completed, it is
    named.

    Parameters
    ----------
    wanted : an id, the beginning of one, or a link.
    quiet : whether to name no other run.

    Raises
    ------
    UsageError : if there is no such run, or if several ids begin like that.
    """
    found = find_run(Path(artifacts) / "runs", wanted)
    newer = None if quiet or found.run_id.startswith(wanted) else newer_run(found)
    if newer is not None and newer.state != "completed":
        say(f"A newer run {STATES[newer.state]}: `reviewflow show {newer.run_id}`.")
    return found
