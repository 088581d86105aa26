"""A training's losses as the write-up prints them; light to import, since every run prints them."""

from typing import Any


def loss_lines(history: list[dict[str, Any]]) -> list[str]:
    """A line ``[epoch, step] loss: 0.693`` for each window of a history."""
    return [
        f"[{row['epoch']}, {row['step']}] loss: {row['loss']:.3f}"
        for row in history
        if row["kind"] == "window"
    ]
