"""End every command that fails with a sentence and an exit code."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import click

from flows.signals import interrupted_by_signals
from reviewflow.errors import ReviewflowError

DEBUG = "REVIEWFLOW_DEBUG"  # set by `reviewflow --debug`: tracebacks instead of sentences
INTERRUPTED = "Stopped; what was finished is kept, run again to go on."


@contextmanager
def handle_errors() -> Iterator[None]:
    """Turn what the body raises into a sentence and an exit code."""
    try:
        with interrupted_by_signals():
            yield
    except (click.ClickException, click.exceptions.Exit, click.Abort):
        raise  # click's own way to end
    except KeyboardInterrupt:
        _exit(INTERRUPTED, 1)
    except ReviewflowError as error:
        if os.environ.get(DEBUG):
            raise
        _exit("\n".join([f"Error: {error}", *_notes(error)]), error.exit_code)
    except Exception as error:
        if os.environ.get(DEBUG):
            raise
        _exit(f"Error: {_sentence_on(error)}", 1)


def _exit(sentence: str, code: int) -> NoReturn:
    print(sentence, file=sys.stderr)
    sys.exit(code)


def _notes(error: Exception) -> list[str]:
    """Return what else a person should know, such as where the report is."""
    return list(getattr(error, "__notes__", ()))


def _sentence_on(error: Exception) -> str:
    from reviewflow.formatting import visible

    return (
        f"something unexpected happened ({type(error).__name__}: {visible(error)}); "
        "reviewflow --debug … shows where."
    )
