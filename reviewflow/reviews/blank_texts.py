"""Find blank texts: null, empty, or only white space.

The module imports neither pandas nor ``pyarrow.compute``, since planning uses it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

# The first UTF-8 bytes of all characters of white space: the ASCII ones, U+0085 and U+00A0 (C2),
# U+1680 (E1), U+2000 to U+205F (E2) and U+3000 (E3).
WHITE_LEADS = bytes(range(0x21)) + b"\xc2\xe1\xe2\xe3"


def blank_texts(texts: pa.StringArray) -> np.ndarray:
    """Return which texts are blank, bool (R,).

    White space is what Python's ``str.isspace`` and Arrow's ``utf8_trim_whitespace`` call so. The
    first byte of nearly every text says that it is not blank, so hardly any text is decoded.
    """
    import numpy as np

    from reviewflow.reviews.arrow import nulls, text_and_ends

    content, ends = text_and_ends(texts)
    blank: np.ndarray = nulls(texts) | (np.diff(ends) == 0)
    filled = np.flatnonzero(~blank)
    leads = np.frombuffer(content, np.uint8)[ends[filled]]
    for row in filled[np.isin(leads, np.frombuffer(WHITE_LEADS, np.uint8))].tolist():
        blank[row] = str(content[ends[row] : ends[row + 1]], "utf-8").isspace()
    return blank
