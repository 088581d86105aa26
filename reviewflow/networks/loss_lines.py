"""Format losses as the write-up prints them.

Every run prints them, so the module is cheap to import.
"""

from typing import Any


def loss_lines(history: list[dict[str, Any]]) -> list[str]:
    """Return a line ``[epoch, step] loss: 0.693`` for each window."""
    return [
        f"[{row['epoch']}, {row['step']}] loss: {row['loss']:.3f}"
        for row in history
        if row["kind"] == "window"
    ]
