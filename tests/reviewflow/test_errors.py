"""Errors: their exit codes, and messages that a terminal cannot obey."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewflow import errors
from reviewflow.errors import (
    Cancelled,
    ConfigError,
    InputError,
    LearningError,
    QualityError,
    ReviewflowError,
    StoreError,
    WorkerError,
)


def tree(error: type[ReviewflowError], depth: int = 0) -> list[str]:
    """The names of an error's class and its subclasses, as the module draws them."""
    lines = [f"{depth} {error.__name__}"]
    return lines + [line for sub in error.__subclasses__() for line in tree(sub, depth + 1)]


def test_the_drawn_tree_is_the_tree() -> None:
    drawing = (errors.__doc__ or "").split("\n\n")[1].splitlines()
    drawn = []
    for line in drawing:
        start = len(line) - len(line.lstrip(" │├└─"))
        drawn.append(f"{start // 4 - 1} {line[start:].split()[0]}")
    assert drawn == tree(ReviewflowError)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError, 2),
        (InputError, 2),
        (QualityError, 3),
        (LearningError, 3),
        (StoreError, 1),
        (WorkerError, 1),
        (Cancelled, 130),
    ],
)
def test_exit_codes(error: type[ReviewflowError], code: int) -> None:
    assert error.exit_code == code


def test_a_message_of_another_library_is_one_line() -> None:
    assert errors.error_line(ValueError("two\n  lines.")) == "two lines"
    assert errors.error_line(ValueError()) == "ValueError"
    assert errors.error_line(ValueError("x" * 400)) == "x" * 300


def test_a_message_is_text_for_a_terminal() -> None:
    error = ReviewflowError("The file \x1b[31mred\u202e has\ntwo lines and \ud800.")
    assert str(error) == "The file \\x1b[31mred\\u202e has\ntwo lines and \\ud800."


@given(st.text(), st.sampled_from(["", "\n"]))
def test_escaped_text_is_printable(text: str, keep: str) -> None:
    escaped = errors.escape(text, keep)
    assert all(character in keep or character.isprintable() for character in escaped)
    assert errors.escape(escaped, keep) == escaped


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "There is not enough memory for train[wide]. Make"),
        (
            RuntimeError("can't allocate memory: you tried to allocate 1500000000 bytes"),
            "for train[wide]. 1.5 GB were asked for at once. Make",
        ),
        (RuntimeError("CUDA out of memory."), "for train[wide]. Make"),
        (RuntimeError("a bug"), None),
        (ValueError("you tried to allocate 8 bytes"), None),
    ],
)
def test_memory_that_ran_out_is_told_from_other_errors(
    error: BaseException, words: str | None
) -> None:
    found = errors.out_of_memory(error, "train[wide]")
    assert (found is None) == (words is None)
    assert words is None or words in str(found)
