"""Remove old flow runs from this checkout's own Prefect server.

Prefect keeps every flow run, and its UI gets slower with each (PrefectHQ/prefect#16054).

::

    ended runs of our flows ─┬─ the newest 1,000 of the last 90 days stay
                             └─ others, with task runs, states and logs: removed, 50 at a time

run.json and the reports stay. So do runs of other flows, and runs that are scheduled or going.
Artifacts of removed runs are removed by the server itself (`KEEPS_NO_ORPHANS`).
"""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from reviewflow.errors import UsageError
from reviewflow.formatting import amount

if TYPE_CHECKING:
    from prefect.client.schemas.filters import FlowRunFilter

FLOWS = ("sentiment", "moons", "score")
KEEP_VARIABLE, KEEP_RUNS = "REVIEWFLOW_KEEP_FLOW_RUNS", 1000
DAYS_VARIABLE, KEEP_DAYS = "REVIEWFLOW_KEEP_FLOW_RUN_DAYS", 90
BATCH = 50  # the most that Prefect's API removes in one request
BULK_DELETE: Any = "/flow_runs/bulk_delete"  # not among the paths that the client is typed for
STAMP = "pruned"  # in Prefect's home: its time is when nothing was left to remove
PAUSE_SECONDS = 86_400.0
BY_HAND_SECONDS = 1.0  # at the start of a run by hand; the next run goes on with the rest


class Pruner:
    """Removes old flow runs once a day, a batch at a time.

    To be made before Prefect is imported, so that a mistake in a variable is shown at once.

    Parameters
    ----------
    home : Prefect's home of the server, which must be this checkout's own.
    at_once : whether the first batch is due now.

    Raises
    ------
    UsageError : if a variable holds no number of runs or days.
    """

    def __init__(self, home: Path, at_once: bool = False) -> None:
        self.keep = _whole_number(KEEP_VARIABLE, KEEP_RUNS)
        self.days = _whole_number(DAYS_VARIABLE, KEEP_DAYS)
        self.removed = 0
        self._stamp, self._at_once = home / STAMP, at_once

    def is_due(self) -> bool:
        """Return whether a day has passed since nothing was left to remove."""
        try:
            age = time.time() - self._stamp.stat().st_mtime
        except OSError:
            return True
        return self._at_once or not 0 <= age < PAUSE_SECONDS

    def remove_batch(self) -> bool:
        """Remove up to `BATCH` runs, and return whether more may be left.

        A server that is too busy is asked again when the next batch is due.
        """
        try:
            found = self._remove_oldest()
        except Exception:  # of Prefect or its HTTP client; no run and no UI may fail by it
            return False
        if not found:
            self._at_once = False
            self._stamp.touch()
        return found > 0

    def sentence(self) -> str:
        """Return what was removed, and forget it."""
        removed, self.removed = self.removed, 0
        return (
            f"{amount(removed, 'old run')} removed from Prefect's history, which keeps the newest "
            f"{self.keep:,} of the last {amount(self.days, 'day')}; records and reports stay."
        )

    def remove_for_a_moment(self) -> str | None:
        """Remove old runs if that is due, and return a sentence if some went."""
        start = time.monotonic()
        if self.is_due():
            while self.remove_batch() and time.monotonic() - start < BY_HAND_SECONDS:
                pass
        return self.sentence() if self.removed else None

    def _remove_oldest(self) -> int:
        """Remove up to `BATCH` runs, and return how many were chosen."""
        from prefect.client.orchestration import get_client
        from prefect.client.schemas.filters import FlowRunFilterId

        with get_client(sync_client=True) as client:
            found = self._old_runs(client)
            if found:
                chosen = _filter_ended(id=FlowRunFilterId(any_=found))  # one may have begun again
                content = {"flow_runs": chosen.model_dump(mode="json", exclude_unset=True)}
                answer = client.request("POST", BULK_DELETE, json=content)
                self.removed += len(answer.json()["deleted"])
        return len(found)

    def _old_runs(self, client: Any) -> list[UUID]:
        """Return the ids of up to `BATCH` runs to remove."""
        from prefect.client.schemas.filters import FlowFilter, FlowFilterName, FlowRunFilterEndTime
        from prefect.client.schemas.sorting import FlowRunSort

        options = {
            "flow_filter": FlowFilter(name=FlowFilterName(any_=list(FLOWS))),
            "sort": FlowRunSort.START_TIME_DESC,
            "limit": BATCH,
        }
        oldest = datetime.now(UTC) - timedelta(days=self.days)
        found = client.read_flow_runs(
            flow_run_filter=_filter_ended(), offset=self.keep, **options
        ) or client.read_flow_runs(
            flow_run_filter=_filter_ended(end_time=FlowRunFilterEndTime(before_=oldest)), **options
        )
        return [run.id for run in found]


def _filter_ended(**filters: Any) -> "FlowRunFilter":
    """Return a filter for runs that have ended."""
    from prefect.client.schemas.filters import (
        FlowRunFilter,
        FlowRunFilterState,
        FlowRunFilterStateType,
    )
    from prefect.client.schemas.objects import TERMINAL_STATES

    states = FlowRunFilterStateType(any_=sorted(TERMINAL_STATES))
    return FlowRunFilter(state=FlowRunFilterState(type=states), **filters)


def _whole_number(variable: str, default: int) -> int:
    given = os.environ.get(variable) or str(default)
    if not given.isascii() or not given.isdecimal() or not 0 < int(given) < 1_000_000:
        raise UsageError(f"{variable} is {given!r}; give a whole number from 1 to 999999.")
    return int(given)
