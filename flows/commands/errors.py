"""End every command with one plain sentence and an exit code, whatever stopped it."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

import click

from reviewflow.errors import ReviewflowError

DEBUG = "REVIEWFLOW_DEBUG"  # set by `reviewflow --debug`: tracebacks instead of sentences
STOPPED = "Stopped; what was finished is kept, run again to go on."


@contextmanager
def handle_errors() -> Iterator[None]:
    """Turn what the body raises into a sentence on standard error and an exit code."""
    try:
        with _interrupted_by_signals():
            yield
    except (click.ClickException, click.exceptions.Exit, click.Abort):
        raise  # click's own way to end
    except KeyboardInterrupt:
        _exit(STOPPED, 1)
    except ReviewflowError as error:
        if os.environ.get(DEBUG):
            raise
        _exit(f"Error: {error}", error.exit_code)
    except Exception as error:
        if os.environ.get(DEBUG):
            raise
        _exit(f"Error: {_unexpected(error)}", 1)


def ending_signals() -> tuple[signal.Signals, ...]:
    """Return the signals that end a command in order, as Ctrl-C does.

    SIGHUP comes from a terminal that is closed; under ``nohup`` it is ignored and stays so.
    """
    if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
        return (signal.SIGTERM,)
    return signal.SIGTERM, signal.SIGHUP


@contextmanager
def _interrupted_by_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end the body as Ctrl-C does: a run is recorded, its server left."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        if number == signal.SIGHUP:  # terminal and shell may both send it: once is enough
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in ending_signals()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _exit(sentence: str, code: int) -> NoReturn:
    print(sentence, file=sys.stderr)
    sys.exit(code)


def _unexpected(error: Exception) -> str:
    from reviewflow.formatting import visible

    return (
        f"something unexpected happened ({type(error).__name__}: {visible(error)}); "
        "reviewflow --debug … shows where."
    )
