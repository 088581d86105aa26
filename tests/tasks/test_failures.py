"""What Prefect says of a failure: a sentence as the state, and a log without repetitions."""

import logging

import pytest

from reviewflow.errors import ConfigError, QualityError
from tasks.failures import ShortLog, failed_state, failure_sentence

LOGGER = logging.getLogger("tests.short_log")
OURS = "8a0f5f0e-0a46-4f5d-9c5e-0d4f3d1d6f10"


def test_an_error_becomes_its_first_sentence_without_its_table() -> None:
    table = "The reviews failed 1 of 2 checks. Mend them:\n\nseverity  expected"
    assert failure_sentence(QualityError(table)) == "The reviews failed 1 of 2 checks."
    assert failure_sentence(QualityError("No rows. Mend that.")) == "No rows. Mend that."


def test_a_sentence_begins_with_the_variant_it_is_about() -> None:
    error = ConfigError("The loss is not finite any more.")
    assert failure_sentence(error, "train[tanh]") == f"train[tanh]: {error}"
    assert failure_sentence(error, "ingest") == str(error)
    named = ConfigError("There is not enough memory for train[tanh].")
    assert failure_sentence(named, "train[tanh]") == str(named)


def test_an_unexpected_error_is_a_sentence_on_one_line() -> None:
    sentence = failure_sentence(ValueError("7 is out\nof bounds"), "train[tanh]")
    assert sentence == (
        "train[tanh] failed unexpectedly (ValueError: 7 is out of bounds); its log has the "
        "traceback."
    )
    assert failure_sentence(KeyError()).startswith("The run failed unexpectedly (KeyError: ")


def test_a_state_says_where_to_read_on_and_holds_the_error() -> None:
    error = ValueError()
    state = failed_state(error, "It failed.", "Report: http://h/report.html")
    assert (state.is_failed(), state.message) == (True, "It failed. Report: http://h/report.html")
    assert state.data is error
    assert failed_state(error, "It failed.").message == "It failed."


@pytest.fixture
def kept(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> pytest.LogCaptureFixture:
    """The records that pass the filter, on a logger in the place of Prefect's."""
    monkeypatch.setattr("tasks.failures.LOGGERS", (LOGGER.name,))
    LOGGER.filters.clear()
    short_log = ShortLog()
    short_log.watch(OURS)
    short_log.watch(OURS)
    assert LOGGER.filters == [short_log]
    return caplog


def log(message: str, error: BaseException | None = None, flow_run_id: str = OURS) -> None:
    """Log as Prefect does of a task run."""
    LOGGER.error(message, exc_info=error or True, extra={"flow_run_id": flow_run_id})


def test_repetitions_and_tasks_that_waited_are_left_out(kept: pytest.LogCaptureFixture) -> None:
    log("Task run failed with state: Failed(message='Too few.', type=FAILED)")
    log("Finished in state Skipped('It needs …', type=CANCELLED)")
    assert kept.messages == []
    log("Finished in state Failed('Too few.')")
    assert kept.messages == ["Finished in state Failed('Too few.')"]


def test_an_error_for_a_person_has_no_traceback(kept: pytest.LogCaptureFixture) -> None:
    log("Task run failed with exception: … - Retry 1/3", ConfigError("No answer."))
    log("Engine execution exited with unexpected exception", ConfigError("No answer."))
    (record,) = kept.records
    assert record.exc_info is None
    log("nothing is known of it")
    assert kept.records[-1].exc_info is None


def test_any_other_error_has_one_traceback(kept: pytest.LogCaptureFixture) -> None:
    error = ValueError("odd")
    for message in ("This is unexpected:", "Encountered exception", "Engine execution exited"):
        log(message, error)
    log("This is unexpected:", ValueError("odd"))
    assert kept.messages == ["This is unexpected:"] * 2
    assert all(record.exc_info for record in kept.records)


def test_the_logs_of_other_flow_runs_are_left_alone(kept: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        log("Finished in state Skipped()", ConfigError("No answer."), flow_run_id="another")
    assert len(kept.records) == 2
    assert all(record.exc_info for record in kept.records)
