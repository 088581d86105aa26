"""Let SIGTERM and SIGHUP end a command in order, as Ctrl-C does.

SIGHUP comes from a terminal that is closed.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interrupted_by_signals() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into KeyboardInterrupt.

    So a run is recorded as cancelled. A no-op outside the main thread, where signals cannot be
    handled.
    """

    def interrupt(number: int) -> None:
        if number == signal.SIGHUP:  # terminal and shell may both send it: once is enough
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    with _handlers(ending_signals(), interrupt):
        yield


@contextmanager
def event_of_signals() -> Iterator[threading.Event]:
    """Yield an event that Ctrl-C, SIGTERM and SIGHUP set."""
    ended = threading.Event()
    with _handlers((signal.SIGINT, *ending_signals()), lambda number: ended.set()):
        yield ended


def ending_signals() -> tuple[signal.Signals, ...]:
    """Return SIGTERM, and SIGHUP unless it is ignored, as ``nohup`` asks for."""
    if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
        return (signal.SIGTERM,)
    return signal.SIGTERM, signal.SIGHUP


@contextmanager
def _handlers(numbers: tuple[signal.Signals, ...], handle: Callable[[int], None]) -> Iterator[None]:
    """Call a function for some signals while the body runs."""

    def handler(number: int, frame: FrameType | None) -> None:
        handle(number)

    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)
