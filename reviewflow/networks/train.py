"""Train one variant with one seed: the stage ``train``.

features (parts) ─ load ─▶ X, labels ─ scale ─┐
                         shuffle ─────────────┼─▶ steps ─ fold ─▶ model.safetensors, model.json
initial weights by seed ──────────────────────┘     └─ losses ──▶ history.parquet
"""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from reviewflow.config.sections import Train
from reviewflow.context import Context
from reviewflow.errors import QualityError
from reviewflow.features.dataset import load_dataset
from reviewflow.networks.fit import fit_network
from reviewflow.networks.loss_history import history_table
from reviewflow.networks.model import save_network


def train_network(
    *,
    features: tuple[Path, ...],
    vocabulary: Path,
    train: Train,
    classes: int,
    folder: Path,
    context: Context,
) -> dict[str, Any]:
    """Train one network and write it with its history into ``folder``.

    Parameters
    ----------
    features : folders with ``features.parquet``, one a part.
    vocabulary : folder with ``vocabulary.parquet``; its length is the network's input.
    train : settings; ``device`` is ``cpu`` or ``cuda``, ``repeats`` has no effect.
    classes : K, the number of classes.

    Returns
    -------
    dict
        ``rows``: the number of training rows.

    Raises
    ------
    QualityError
        If no training row has a label, the vocabulary is empty, or ``early_stopping`` lacks
        validation rows.
    Cancelled
        If the run was stopped.
    """
    terms = pq.read_metadata(vocabulary / "vocabulary.parquet").num_rows
    dataset = load_dataset(features, terms, train.shuffle_buffer)
    data = dataset.train
    if not data.rows or not terms:
        lacking = "no row with a label" if terms else "no term in the vocabulary"
        raise QualityError(
            f"Training needs rows to learn from, but there is {lacking} in the training split; "
            "check ingest.labels, split.test_size and vectorize.min_df."
        )
    network, epochs = fit_network(data, terms, train, context, classes, dataset.validation)
    settings = train.model_dump(mode="json", exclude={"repeats"})
    save_network(network, settings, folder)
    pq.write_table(history_table(epochs, train.log_every), folder / "history.parquet")
    return {"rows": data.rows}
