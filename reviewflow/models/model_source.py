"""Name what a trained model was made from."""

from typing import NamedTuple

from reviewflow.config.sections import Normalize, Vectorize


class ModelSource(NamedTuple):
    """What one trained model was made from.

    Attributes
    ----------
    variant : number of its variant, which several seeds share.
    vocabulary : position of its vocabulary among those that are read.
    normalize, vectorize : the settings of its variant.
    """

    variant: int
    vocabulary: int
    normalize: Normalize
    vectorize: Vectorize
