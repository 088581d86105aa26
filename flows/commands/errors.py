"""End every command that fails with a sentence and an exit code."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import click

from flows.signals import interrupted_by_signals
from reviewflow.config.urls import mask_secrets
from reviewflow.errors import Cancelled, ReviewflowError

DEBUG = "REVIEWFLOW_DEBUG"  # set by `reviewflow --debug`: tracebacks instead of sentences
INTERRUPTED = "Stopped; what was finished is kept, run again to go on."


@contextmanager
def handle_errors() -> Iterator[None]:
    """Turn what the body raises into a sentence and an exit code.

    No sentence repeats the credentials in a URL, wherever on the command line it was put.
    """
    try:
        with interrupted_by_signals():
            yield
    except (click.exceptions.Exit, click.Abort):
        raise  # click's own way to end
    except click.ClickException as error:
        shown = mask_secrets(error.format_message())
        if shown == error.format_message():
            raise
        raise click.UsageError(shown, getattr(error, "ctx", None)) from None
    except KeyboardInterrupt:
        _exit(INTERRUPTED, Cancelled.exit_code)
    except ReviewflowError as error:
        if os.environ.get(DEBUG):
            raise
        _exit("\n".join([f"Error: {error}", *_notes(error)]), error.exit_code)
    except Exception as error:
        if os.environ.get(DEBUG):
            raise
        _exit("\n".join([f"Error: {_sentence_on(error)}", *_notes(error)]), 1)


def _exit(sentence: str, code: int) -> NoReturn:
    print(mask_secrets(sentence), file=sys.stderr)
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
