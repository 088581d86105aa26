"""The project's own errors as one sentence and an exit code, for every command."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from types import FrameType
from typing import Any

import click

from reviewflow.errors import ReviewflowError


def plainly(command: Callable[..., Any]) -> Callable[..., Any]:
    """Turn the project's own errors into one sentence and an exit code."""

    @wraps(command)
    def guarded(*arguments: Any, **options: Any) -> Any:
        try:
            with _terminated_as_interrupted():
                return command(*arguments, **options)
        except ReviewflowError as error:
            if os.environ.get("REVIEWFLOW_DEBUG"):
                raise
            click.echo(f"Error: {error}", err=True)
            sys.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo("Stopped; what was finished is kept, run again to go on.", err=True)
            sys.exit(1)
        except Exception as error:
            if os.environ.get("REVIEWFLOW_DEBUG"):
                raise
            from reviewflow.formatting import visible

            click.echo(
                f"Error: something unexpected happened ({type(error).__name__}: "
                f"{visible(error)}); reviewflow --debug … shows where.",
                err=True,
            )
            sys.exit(1)

    return guarded


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Let SIGTERM end a command as Ctrl-C does: its server is left, and a sentence is said."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
