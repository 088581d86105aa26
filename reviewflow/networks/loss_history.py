"""Build ``history.parquet`` of losses and layer statistics."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewflow.networks.layer_stats import LayerStats

SCHEMA = pa.schema(
    [
        pa.field("epoch", pa.int32(), nullable=False),
        pa.field("step", pa.int32(), nullable=False),  # steps of the epoch that are done
        pa.field("kind", pa.string(), nullable=False),  # "window" or "epoch"
        pa.field("loss", pa.float64(), nullable=False),  # mean over the window's or epoch's steps
        pa.field("sampled_rows", pa.int32()),  # on which the layers were measured
        pa.field("gradient_norms", pa.list_(pa.float64())),  # a layer each
        pa.field("dead_shares", pa.list_(pa.float64())),  # a hidden layer each
        pa.field("saturated_shares", pa.list_(pa.float64())),
        pa.field("distinct_units", pa.list_(pa.int32())),
        pa.field("validation_loss", pa.float64()),  # at the epoch's end, with early stopping
    ]
)


@dataclass(frozen=True)
class Epoch:
    """One pass over the training rows.

    Attributes
    ----------
    number : from 1.
    losses : of each step, shape (steps,).
    stats : of the layers at its end.
    validation_loss : mean loss of the validation rows at its end, where they were measured.
    """

    number: int
    losses: NDArray[np.float64]
    stats: LayerStats
    validation_loss: float | None = None


def history_table(epochs: list[Epoch], log_every: int) -> pa.Table:
    """Return each epoch's windows and then its mean, a row each."""
    rows = [row for epoch in epochs for row in epoch_rows(epoch, log_every)]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def epoch_rows(epoch: Epoch, log_every: int) -> list[dict[str, Any]]:
    """Return the rows of one epoch: its windows, and the epoch as a whole.

    A window has ``log_every`` steps. Windows start with the epoch, so the steps after its last
    whole window are in no window. An epoch shorter than one window has a single one, which ends at
    its last step.
    """
    steps = len(epoch.losses)
    ends = range(log_every, steps + 1, log_every) if steps >= log_every else (steps,)
    windows = [
        {
            "epoch": epoch.number,
            "step": end,
            "kind": "window",
            "loss": float(np.mean(epoch.losses[max(end - log_every, 0) : end])),
        }
        for end in ends
    ]
    whole = {
        "epoch": epoch.number,
        "step": steps,
        "kind": "epoch",
        "loss": float(np.mean(epoch.losses)),
        "sampled_rows": epoch.stats.rows,
        "gradient_norms": epoch.stats.gradient_norms,
        "dead_shares": epoch.stats.dead_shares,
        "saturated_shares": epoch.stats.saturated_shares,
        "distinct_units": epoch.stats.distinct_units,
        "validation_loss": epoch.validation_loss,
    }
    return [*windows, whole]
