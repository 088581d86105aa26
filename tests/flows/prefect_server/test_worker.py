"""The worker's own lines in the logs of runs."""

import inspect
import logging

from prefect.workers.base import BaseWorker

from flows.prefect_server.worker import IS_REFUSED, SUBMITS, RepeatedLines


def test_a_run_that_waits_is_submitted_once_in_its_log() -> None:
    lines = RepeatedLines()
    attempt = [f"Worker 'w' {SUBMITS} 'a'", f"Aborted submission of flow run 'a': {IS_REFUSED}"]
    other = [f"Worker 'w' {SUBMITS} 'b'", "Completed submission of flow run 'b'"]
    said = [*attempt, *attempt, *attempt, *other]
    kept = [line for line in said if lines.filter(record(line))]
    assert kept == [attempt[0], *other]


def record(message: str) -> logging.LogRecord:
    """A line of a log."""
    return logging.LogRecord("w", logging.INFO, "w.py", 1, message, None, None)


def test_these_are_the_words_of_prefects_worker() -> None:
    source = inspect.getsource(BaseWorker)
    assert SUBMITS in source
    assert "Server returned a non-pending state {state.type.value!r}" in source
