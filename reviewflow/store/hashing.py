"""Digest JSON values: equal values have equal digests."""

import hashlib
import json
from typing import Any

KEY_CHARACTERS = 32
_ENCODER = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def digest_of(value: Any) -> str:
    """Return the digest of a JSON value, whatever the order of its keys.

    JSON keeps 1, 1.0, "1" and true apart, which a hash of concatenated text would not.
    """
    return digest_of_text(json_text(value))


def json_text(value: Any) -> str:
    """Return JSON without spaces, the same for equal values."""
    return _ENCODER.encode(value)


def digest_of_text(text: str) -> str:
    """Return the digest of what ``json_text`` returned."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:KEY_CHARACTERS]
