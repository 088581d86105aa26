"""Say in Prefect why something failed, with at most one traceback.

error ─┬─ first sentence, variant, address of the page ──▶ state of the task run and the flow run
       └─ table, or the traceback of an unexpected error ─▶ log, once
"""

import logging
from collections import deque
from typing import Any

from prefect.client.schemas import State
from prefect.logging import get_run_logger
from prefect.states import Failed

from reviewflow.errors import ReviewflowError, error_line

LOGGERS = ("prefect.flow_runs", "prefect.task_runs")
# what Prefect logs beside "Finished in state …", and of tasks behind one that failed
REPEATED = ("Task run failed with state", "Finished in state Skipped")
OF_ENGINE = "Engine execution exited"
KEPT_ERRORS = 16  # of a run in which many tasks failed, to know one that Prefect logs again


def failure_sentence(error: Exception, title: str = "") -> str:
    """Return why something failed, without the error's table.

    Parameters
    ----------
    title : of the task group that failed. An error that is written for a person names its stage, so
        it is put first only where it says which variant it is.
    """
    if isinstance(error, ReviewflowError):
        cause, table, _ = str(error).partition("\n")
        if table:  # the log has it, with what to do
            cause = cause.partition(". ")[0]
        sentence = f"{cause.rstrip(':.')}."
        return f"{title}: {sentence}" if "[" in title and title not in sentence else sentence
    what = f"{type(error).__name__}: {error_line(error)}"
    return f"{title or 'The run'} failed unexpectedly ({what}); its log has the traceback."


def failed_state(error: Exception, sentence: str, page: str | None = None) -> State[Any]:
    """Return the state of a failure, whose message is a sentence.

    Whoever asks for the result gets the error. Prefect logs no traceback of a state.

    Parameters
    ----------
    page : where to read on, such as ``Report: http://…``.
    """
    return Failed(message=sentence if page is None else f"{sentence} {page}", data=error)


def log_failure(error: Exception) -> None:
    """Log what a state cannot show: a table, or the place of a fault."""
    if not isinstance(error, ReviewflowError):
        get_run_logger().error("This is unexpected:", exc_info=error)
    elif "\n" in str(error):
        get_run_logger().error(str(error).replace("─", "-"))  # which is wider in Prefect's UI


class ShortLog(logging.Filter):
    """Keeps repetitions out of the logs of some flow runs.

    An error that is written for a person has no traceback, and any other has one.
    """

    def __init__(self) -> None:
        super().__init__()
        self._flow_runs: set[str] = set()
        self._logged: deque[BaseException] = deque(maxlen=KEPT_ERRORS)

    def watch(self, flow_run_id: str) -> None:
        """Shorten the log of a flow run and of its task runs from now on."""
        self._flow_runs.add(flow_run_id)
        for name in LOGGERS:
            logging.getLogger(name).addFilter(self)  # once, however often it is called

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a record is logged.

        A traceback that says nothing is dropped from it.
        """
        if str(getattr(record, "flow_run_id", "")) not in self._flow_runs:
            return True
        message, error = record.getMessage(), record.exc_info[1] if record.exc_info else None
        if message.startswith(REPEATED):
            return False
        if error is None or isinstance(error, ReviewflowError):
            record.exc_info = None
            return not message.startswith(OF_ENGINE)
        is_new = not any(error is each for each in self._logged)
        self._logged.append(error)
        return is_new


SHORT_LOG = ShortLog()
