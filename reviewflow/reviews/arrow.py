"""View Arrow arrays as NumPy arrays and back, without copies or pandas.

``pyarrow.array`` imports pandas and ``pyarrow.compute`` when it gets a NumPy array. That takes
longer than to read and hash 25,000 reviews. These functions pass buffers instead.
"""

from typing import Any

import numpy as np
import pyarrow as pa


def nulls(chunk: pa.Array) -> np.ndarray:
    """Return which values are null, bool, shape (R,)."""
    bitmap = chunk.buffers()[0]
    if bitmap is None:
        return np.zeros(len(chunk), bool)
    bits = np.unpackbits(np.frombuffer(bitmap, np.uint8), bitorder="little")
    absent: np.ndarray = bits[chunk.offset : chunk.offset + len(chunk)] == 0
    return absent


def numbers(chunk: pa.Array, kind: type[np.generic]) -> np.ndarray:
    """Return the numbers of a fixed-width array, 0 for null, shape (R,)."""
    stored = np.frombuffer(chunk.buffers()[1] or b"", kind)
    values = stored[chunk.offset : chunk.offset + len(chunk)]
    return np.where(nulls(chunk), kind(0), values) if chunk.null_count else values


def text_and_ends(chunk: pa.StringArray) -> tuple[memoryview, np.ndarray]:
    """Return the bytes of a string array and its text bounds, int64 (R + 1,)."""
    _, offsets, content = chunk.buffers()
    ends = np.frombuffer(offsets, np.int32)[chunk.offset : chunk.offset + len(chunk) + 1]
    return memoryview(content or b""), ends.astype(np.int64)


def number_array(values: np.ndarray, kind: Any, absent: np.ndarray | None = None) -> pa.Array:
    """Return an Arrow array over an array's memory, null where ``absent``."""
    present = None if absent is None or not absent.any() else _bits(~absent)
    return pa.Array.from_buffers(kind, len(values), [present, pa.py_buffer(values)])


def bool_array(values: np.ndarray) -> pa.BooleanArray:
    """Return an Arrow array of truth values."""
    return pa.Array.from_buffers(pa.bool_(), len(values), [None, _bits(values)])


def _bits(values: np.ndarray) -> pa.Buffer:
    return pa.py_buffer(np.packbits(values, bitorder="little"))


def is_utf8(content: bytes) -> bool:
    """Return whether bytes are valid UTF-8, by the rules of Python's decoder."""
    ends = pa.py_buffer(np.array([0, len(content)], np.int64))
    try:
        pa.LargeStringArray.from_buffers(1, ends, pa.py_buffer(content)).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True
