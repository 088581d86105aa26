"""Which variant a trained model belongs to, and which artifacts it was made from."""

from typing import NamedTuple


class Lineage(NamedTuple):
    """One trained model among a report's.

    Attributes
    ----------
    group : number of its variant; several seeds of one variant share it.
    tokens, vocabulary, features : places of what it was made from among the sets of tokens, the
        vocabularies and the sets of features that the report is handed; variants share them.
    """

    group: int
    tokens: int
    vocabulary: int
    features: int
