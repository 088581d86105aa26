"""What a command raises becomes a sentence and an exit code."""

import click
import pytest

from flows.commands.errors import DEBUG, INTERRUPTED, handle_errors
from reviewflow.errors import InputError, QualityError, ReviewflowError, StoreError


def end(error: BaseException) -> int:
    """The exit code of a command that raises an error."""
    with pytest.raises(SystemExit) as ended, handle_errors():
        raise error
    return int(ended.value.code or 0)


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (InputError("It is empty."), 2, "Error: It is empty."),
        (QualityError("Too few."), 3, "Error: Too few."),
        (StoreError("No room."), 1, "Error: No room."),
        (ReviewflowError("a\x1b[31m"), 1, "Error: a\\x1b[31m"),
        (InputError("No run https://a:pw@b/c?sig=1."), 2, "Error: No run https://…@b/c?sig=…"),
        (KeyboardInterrupt(), 130, INTERRUPTED),
        (
            KeyError("a\x1b"),
            1,
            "Error: something unexpected happened (KeyError: 'a\\x1b'); "
            "reviewflow --debug … shows where.",
        ),
    ],
)
def test_an_error_is_a_sentence_and_an_exit_code(
    error: BaseException, code: int, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert end(error) == code
    assert capsys.readouterr().err == f"{sentence}\n"


@pytest.mark.parametrize("error", [InputError("It is empty."), KeyError("a")])
def test_debug_lets_errors_through(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DEBUG, "1")
    with pytest.raises(type(error)), handle_errors():
        raise error


@pytest.mark.parametrize("error", [click.UsageError("no"), click.exceptions.Exit(0), click.Abort()])
def test_clicks_own_ways_to_end_are_clicks(error: Exception) -> None:
    with pytest.raises(type(error)), handle_errors():
        raise error
