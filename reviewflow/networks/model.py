"""Define the network in PyTorch, and read and write it.

rows of X (CSR) ─ layer 1 ─ activation ─ layer 2 ─ activation ─ … ─ layer n ─▶ logits
                                            two classes: sigmoid(logit) ─▶ P(class 1)
                                            more: softmax(logits) ─▶ P(class 0), P(class 1), …
"""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn
from torch.nn import functional

from reviewflow.errors import ConfigError, StoreError
from reviewflow.networks.activations import find_activation

WEIGHTS_FILE = "model.safetensors"
DESCRIPTION_FILE = "model.json"


class Csr(NamedTuple):
    """B sparse rows.

    Attributes
    ----------
    indptr : int64, shape (B + 1,).
    indices : int64, shape (entries,).
    values : float32, shape (entries,).
    """

    indptr: Tensor
    indices: Tensor
    values: Tensor


class Network(nn.Module):
    """Fully connected layers: V terms → hidden layers → logits.

    Without hidden layers it is logistic regression, for more than two classes softmax regression.

    Parameters
    ----------
    terms : V, the number of terms in the vocabulary.
    hidden : units of each hidden layer.
    activation : name of the hidden layers' entry in :mod:`reviewflow.networks.activations`.
    classes : K; two classes share one logit, more have one each.

    The weights are uninitialised: see :func:`initialize_weights` and :func:`load_network`.
    """

    def __init__(
        self, terms: int, hidden: tuple[int, ...], activation: str, classes: int = 2
    ) -> None:
        super().__init__()
        self.terms, self.hidden, self.classes = terms, hidden, classes
        self.activation = find_activation(activation).name
        sizes = (terms, *hidden, 1 if classes == 2 else classes)
        self.layers = nn.ModuleList(
            # skip_init: PyTorch's own initialisation would draw from a generator that threads share
            nn.utils.skip_init(nn.Linear, inputs, units)  # type: ignore[no-untyped-call]
            for inputs, units in pairwise(sizes)
        )

    def linear_layers(self) -> list[nn.Linear]:
        """Return the layers from the input up. ``weight`` is (units, inputs)."""
        return [layer for layer in self.layers if isinstance(layer, nn.Linear)]

    def forward(self, X: Tensor | Csr) -> Tensor:
        """Return the logits of dense rows (B, V) or of sparse ones.

        Their shape is (B,) for two classes, otherwise (B, K).
        """
        first, *others = self.linear_layers()
        activate = find_activation(self.activation).torch_forward
        Z = first(X) if isinstance(X, Tensor) else sparse_linear(X, first)
        for layer in others:
            Z = layer(activate(functional, Z))
        return Z.squeeze(1) if self.classes == 2 else Z


def sparse_linear(X: Csr, layer: nn.Linear) -> Tensor:
    """Return X @ weight.T + bias, reading only weights of terms that occur."""
    sums = functional.embedding_bag(
        X.indices,
        layer.weight.T.contiguous(),
        X.indptr,
        mode="sum",
        per_sample_weights=X.values,
        include_last_offset=True,
    )
    return sums + layer.bias


def initialize_weights(network: Network, init: str, seed: int) -> None:
    """Initialise every layer from a generator of the network's own.

    Parameters
    ----------
    init : ``default`` as PyTorch's nn.Linear: weights and biases uniform within ±1/√inputs, the
        same numbers as after ``torch.manual_seed(seed)``; ``zeros``: weights and biases 0;
        ``xavier`` (Glorot and Bengio 2010): uniform within ±√(6 / (inputs + units)), biases 0;
        ``he`` (He et al. 2015): normal with deviation √(2 / inputs), biases 0.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for layer in network.linear_layers():
            bound = layer.in_features**-0.5
            layer.bias.zero_()
            if init == "default":
                # the call that nn.Linear makes: its bound, too, is 1/√inputs
                nn.init.kaiming_uniform_(layer.weight, a=5**0.5, generator=generator)
                layer.bias.uniform_(-bound, bound, generator=generator)
            elif init == "zeros":
                layer.weight.zero_()
            elif init == "xavier":
                nn.init.xavier_uniform_(layer.weight, generator=generator)
            elif init == "he":
                nn.init.kaiming_normal_(layer.weight, generator=generator)
            else:
                raise ValueError(f"{init!r} is not one of default, zeros, xavier, he.")


def save_network(network: Network, training: dict[str, Any], folder: Path) -> None:
    """Write the weights, and the architecture with the settings ``training``."""
    weights = {name: weight.contiguous() for name, weight in network.state_dict().items()}
    (folder / WEIGHTS_FILE).write_bytes(save(weights))
    description = {
        "terms": network.terms,
        "hidden": list(network.hidden),
        "activation": network.activation,
        "classes": network.classes,
        "train": training,
    }
    text = json.dumps(description, indent=2, sort_keys=True) + "\n"
    (folder / DESCRIPTION_FILE).write_text(text, encoding="utf-8")


def load_network(folder: Path) -> Network:
    """Return the network that :func:`save_network` wrote.

    Raises
    ------
    StoreError
        If a file is missing, or the weights are not those of the architecture.
    """
    try:
        description = json.loads((folder / DESCRIPTION_FILE).read_text(encoding="utf-8"))
        network = Network(
            description["terms"],
            tuple(description["hidden"]),
            description["activation"],
            description.get("classes", 2),  # files of 0.2 and before have no such field
        )
        network.load_state_dict(load_file(folder / WEIGHTS_FILE))
    except (OSError, KeyError, ValueError, RuntimeError, ConfigError, SafetensorError) as error:
        cause = " ".join(str(error).split())
        raise StoreError(
            f"The model in {folder} cannot be read ({cause}); train it again with --refresh train."
        ) from None
    return network
