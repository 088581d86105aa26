"""Digest JSON values: equal values have equal digests."""

import hashlib
import json
from typing import Any

KEY_CHARACTERS = 32


def digest_of(value: Any) -> str:
    """Return the digest of a JSON value, whatever the order of its keys.

    JSON keeps 1, 1.0, "1" and true apart, which a hash of concatenated text would not.
    """
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:KEY_CHARACTERS]
