"""Say which seeds of a variant ended in another way than most."""

from __future__ import annotations

from collections.abc import Sequence

KINDS = {
    "diverged": ("diverged", "diverged"),
    "did not learn": ("did not learn", "did not learn"),
    "predicts one class": ("predicts one class", "predict one class"),
    "no better than the majority": (
        "is no better than the majority class",
        "are no better than the majority class",
    ),
    "not told apart from chance": (
        "is not told apart from chance",
        "are not told apart from chance",
    ),
    "below the majority": (
        "is right less often than the majority class",
        "are right less often than the majority class",
    ),
    "overfits": ("overfits", "overfit"),
    "under-trained": ("is still improving", "are still improving"),
    "learned": ("learned", "learned"),
}  # of a diagnosis: in words, of one and of several


def seed_phrases(
    kinds: Sequence[str], accuracies: Sequence[float | None], usual: str
) -> dict[str, str]:
    """Return ``1 of 3 seeds did not learn (accuracy 0.540)``, by kind.

    Parameters
    ----------
    kinds : diagnosis of each seed.
    accuracies : of each seed, None where it is unknown.
    usual : the kind that is left out: that of the variant.
    """
    found = {}
    for kind in dict.fromkeys(kinds):
        own = [position for position, each in enumerate(kinds) if each == kind]
        if kind != usual and kind:
            how = KINDS.get(kind, (kind, kind))[len(own) > 1]
            known = sorted(a for position in own if (a := accuracies[position]) is not None)
            ends = " to ".join(dict.fromkeys(f"{end:.3f}" for end in (*known[:1], *known[-1:])))
            figures = f" (accuracy {ends})" if ends else ""
            found[kind] = f"{len(own)} of {len(kinds)} seeds {how}{figures}"
    return found
