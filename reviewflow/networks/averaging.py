"""Average the weights of a training's last epochs."""

from dataclasses import dataclass, field

from reviewflow.networks.compiled_layers import zero_layers
from reviewflow.networks.compiled_sgd import Layers


@dataclass
class WeightAverage:
    """The mean of the weights at the ends of the last epochs.

    This is stochastic weight averaging (Izmailov et al. 2018). The ends of epochs stand for all
    steps: a mean over steps would touch every weight in every step, or keep a second set of
    weights for what each step changes.

    Attributes
    ----------
    epochs : number of epochs in the training.
    averaged : how many of the last ones count; with 0 or 1 the last weights are the result.
    """

    epochs: int
    averaged: int
    _sums: list[Layers] = field(default_factory=list)

    def add(self, number: int, layers: Layers) -> None:
        """Count the weights at the end of epoch ``number``, from 1."""
        if self.averaged < 2 or number <= self.epochs - self.averaged:
            return
        if not self._sums:
            self._sums.append(zero_layers(layers))
        for total, present in zip(self._sums[0], layers, strict=True):
            for one, other in zip(total, present, strict=True):
                one += other

    def mean(self, layers: Layers) -> Layers:
        """Return the mean, which is ``layers`` itself where nothing is averaged."""
        if not self._sums:
            return layers
        weights, biases = self._sums[0]
        return Layers(
            tuple(total / self.averaged for total in weights),
            tuple(total / self.averaged for total in biases),
        )
