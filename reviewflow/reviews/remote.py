"""Fetch files from other machines once, and ask whether they have changed.

URL ─┬─ a run: fetch_url ─▶ copy in artifacts/downloads, new only if the content is
     └─ a plan: ask_urls ─▶ the copy, and whether a run would fetch the file again
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread

from reviewflow.config.urls import HTTP, scheme_of, url_problem
from reviewflow.errors import InputError
from reviewflow.reviews.downloads import (
    RemoteFile,
    Version,
    copy_lock,
    keep_copy,
    kept_copy,
    new_copy,
)
from reviewflow.reviews.transfer import Answer, Refused, Unreachable
from reviewflow.store.os_errors import store_errors

ASK_SECONDS = 2.0
MOST_ASKED_AT_ONCE = 16
RETRY_WAITS_SECONDS = (1.0, 4.0)
Progress = Callable[[int, int | None], None]


@dataclass(frozen=True)
class Asked:
    """What is known of a file before it is fetched.

    Attributes
    ----------
    copy : the copy of the last fetch.
    unchanged : whether a run would use it as it is, None if that is not known.
    reason : why it is not known, in a few words.
    is_answered : whether the machine answered.
    """

    url: str
    copy: RemoteFile
    unchanged: bool | None
    reason: str = ""
    is_answered: bool = True

    @property
    def sentence(self) -> str | None:
        """What a plan should say of it, None where nothing changed."""
        if self.unchanged:
            return None
        when = short_moment(self.copy.fetched)
        if self.unchanged is None:
            what = "may have changed" if self.is_answered else "not asked"
            return f"{self.url} {what} ({self.reason}); planned on the copy of {when}."
        return (
            f"{self.url} has changed since it was fetched; a run fetches it first. Planned on the "
            f"copy of {when}."
        )


def check_url(url: str, setting: str) -> None:
    """Raise InputError if a URL holds credentials or cannot be read.

    The message repeats nothing of it.

    Parameters
    ----------
    setting : what holds the URL, for the message.
    """
    problem = url_problem(url)
    if problem is not None:
        raise InputError(f"{setting} {problem}.")


def fetch_url(
    url: str,
    folder: Path,
    progress: Progress | None = None,
    waits_seconds: tuple[float, ...] = RETRY_WAITS_SECONDS,
) -> RemoteFile:
    """Return the copy of a file, which is fetched if it has changed.

    Parameters
    ----------
    folder : keeps the copies.
    progress : receives the bytes that have come, and the bytes of the file if they are known.
    waits_seconds : before each further try, where the machine does not answer.

    Raises
    ------
    InputError
        If the file cannot be fetched, also where there is a copy: it may be old.
    StoreError
        If the copy cannot be written.
    """
    check_url(url, "The address of the reviews")
    for wait in (*waits_seconds, None):
        try:
            with copy_lock(url, folder):
                return _fetch_once(url, folder, progress)
        except Refused as error:
            raise _not_fetched(url, folder, error) from None
        except Unreachable as error:
            if wait is None:
                raise _not_fetched(url, folder, error) from None
            time.sleep(wait)
    raise AssertionError("the last try returns or raises")


def require_copy(url: str, folder: Path) -> RemoteFile:
    """Return the copy of the last fetch, and ask no machine.

    Raises
    ------
    InputError
        If there is none.
    """
    copy = kept_copy(url, folder)
    if copy is None:
        raise InputError(
            f"{url} has not been fetched yet, so nothing is known of its rows; "
            "reviewflow run fetches it."
        )
    return copy


def ask_urls(urls: Iterable[str], folder: Path, seconds: float = ASK_SECONDS) -> tuple[Asked, ...]:
    """Ask whether files have changed since they were fetched, all at once.

    Parameters
    ----------
    seconds : how long to wait, for all answers together.

    Raises
    ------
    InputError
        If a file was never fetched.
    """
    copies = [require_copy(url, folder) for url in urls]
    questions: SimpleQueue[tuple[RemoteFile, Future[Asked]]] = SimpleQueue()
    answers: list[Future[Asked]] = [Future() for _ in copies]
    for question in zip(copies, answers, strict=True):
        questions.put(question)
    deadline = time.monotonic() + seconds
    for _ in range(min(len(copies), MOST_ASKED_AT_ONCE)):
        # a thread that still waits must not keep the process
        Thread(target=_ask_all, args=(questions, deadline, seconds), daemon=True).start()
    return tuple(
        _answer_until(deadline, answer, copy, seconds)
        for copy, answer in zip(copies, answers, strict=True)
    )


def short_moment(stamp: str) -> str:
    """Return a time of ISO 8601 as ``26 Nov 09:12``, where this machine is."""
    moment = datetime.fromisoformat(stamp).astimezone()
    return f"{moment.day} {moment:%b %H:%M}"


def _fetch_once(url: str, folder: Path, progress: Progress | None) -> RemoteFile:
    copy = kept_copy(url, folder)
    with _open(url, None if copy is None else copy.version) as answer:
        if copy is not None and answer.unchanged:
            return copy
        with new_copy(url, folder) as file:
            received = 0
            for chunk in answer.content:
                with store_errors(folder):
                    file.write(chunk)
                received += len(chunk)
                if progress is not None:
                    progress(received, answer.version.size)
            return keep_copy(file, url, folder, answer.version)


def _open(
    url: str, known: Version | None, head: bool = False, seconds: float | None = None
) -> AbstractContextManager[Answer]:
    """Ask for a file in the way of its scheme."""
    if scheme_of(url) in HTTP:
        from reviewflow.reviews.http_files import TIMEOUT_SECONDS, open_http

        return open_http(url, known, head, seconds or TIMEOUT_SECONDS)
    from reviewflow.reviews.fsspec_files import open_with_fsspec

    return open_with_fsspec(url, known, head)


def _not_fetched(url: str, folder: Path, error: Refused | Unreachable) -> InputError:
    copy = kept_copy(url, folder)
    if copy is None:
        advice = "check the address, or download the file and name its path"
    else:
        advice = (
            f"the copy of {short_moment(copy.fetched)} may be old, so it is not used unless you "
            f"name its path ({copy.path})"
        )
    return InputError(f"{url} cannot be fetched ({error}); {advice}.")


def _ask_all(
    questions: SimpleQueue[tuple[RemoteFile, Future[Asked]]], deadline: float, seconds: float
) -> None:
    """Answer questions until none is left, or nobody waits any more."""
    while time.monotonic() < deadline:
        try:
            copy, answer = questions.get_nowait()
        except Empty:
            return
        answer.set_result(_ask(copy, seconds))


def _ask(copy: RemoteFile, seconds: float) -> Asked:
    try:
        with _open(copy.url, copy.version, head=True, seconds=seconds + 1) as answer:
            reason = "" if answer.unchanged is not None else "the server says nothing of changes"
            return Asked(copy.url, copy, answer.unchanged, reason)
    except (Refused, Unreachable) as error:
        return Asked(copy.url, copy, None, str(error), isinstance(error, Refused))


def _answer_until(
    deadline: float, answer: Future[Asked], copy: RemoteFile, seconds: float
) -> Asked:
    """Return the answer of a thread, if it comes in time."""
    try:
        return answer.result(max(0.0, deadline - time.monotonic()))
    except TimeoutError:
        return Asked(copy.url, copy, None, f"no answer within {seconds:g} s", False)
