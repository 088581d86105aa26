"""Format values for people: counts, durations, sizes, safe text."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

NOTHING = "–"
ACTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
LONGEST = 400


def visible(value: Any, longest: int | None = None) -> str:
    """Return text from data with characters that act unseen made visible.

    Control characters, such as the start of a terminal's colour code, become their picture
    (``␛``) or their code point. Marks that turn the direction of writing become their code point.
    Tabs and line feeds stay. `reviewflow.errors.escape` does the same for messages, in escapes.

    Parameters
    ----------
    longest : characters to keep of a longer text, followed by its length.
    """
    text = ACTING.sub(_picture, str(value))
    text = text.encode("utf-8", "replace").decode("utf-8")
    if longest is not None and len(text) > longest:
        return f"{text[:longest]}… ({len(text):,} characters)"
    return text


def _picture(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code == 0x7F:
        return "␡"
    return chr(0x2400 + code) if code < 0x20 else f"⟨U+{code:04X}⟩"


def plain(value: Any) -> str:
    """Return a value from run.json, of any kind, as one line."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, dict):
        return ", ".join(f"{visible(key)}: {plain(inner)}" for key, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(plain(inner) for inner in value)
    return visible(value, LONGEST)


def setting(value: Any) -> str:
    """Return a setting's value as one line, as a person would type it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, float) else str(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(setting(inner) for inner in value)}]"
    return "null" if value is None else visible(value, LONGEST)


def figure(value: Any, digits: int = 4) -> str:
    """Return a metric with a fixed number of digits, or a dash for none."""
    number = finite(value)
    return NOTHING if number is None else f"{number:.{digits}f}"


def signed_number(value: float, digits: int) -> str:
    """Return ``+1.23`` or ``−0.45``, with a real minus sign."""
    return f"{value:+.{digits}f}".replace("-", "−")


def finite(value: Any) -> float | None:
    """Return a finite number as it is, and None for anything else (NaN, text)."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def amount(count: int, noun: str, plural: str | None = None) -> str:
    """Return a count and its noun: ``1 row``, ``2,000 rows``."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def duration(seconds: Any) -> str:
    """Return a duration: ``0.04 s``, ``12.3 s``, ``3 min 5 s``, ``1 h 4 min``."""
    number = finite(seconds)
    if number is None:
        return NOTHING
    if number < 0.995:
        return f"{number:.2f} s"
    if number < 59.95:
        return f"{number:.1f} s"
    whole = round(number)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    minutes = round(number / 60)
    return f"{minutes // 60} h {minutes % 60} min"


def size(size_bytes: Any) -> str:
    """Return an amount of memory or disk: ``812 B``, ``4.2 MB``."""
    number = finite(size_bytes)
    if number is None:
        return NOTHING
    for unit in ("B", "kB", "MB", "GB"):
        if number < 999.5:
            return (
                f"{number:.0f} {unit}" if unit == "B" or number >= 99.5 else f"{number:.1f} {unit}"
            )
        number /= 1000
    return f"{number:.1f} TB"


def moment(stamp: Any) -> str:
    """Return a time as ``3 June 2025, 14:05 UTC``, other text unchanged.

    Parameters
    ----------
    stamp : ISO 8601.
    """
    try:
        time = datetime.fromisoformat(stamp)
    except (TypeError, ValueError):
        return NOTHING if stamp is None else visible(stamp, LONGEST)
    zone = f" {time.tzname()}" if time.tzinfo else ""
    return f"{time.day} {time:%B %Y, %H:%M}{zone}"


def join_names(names: list[str], most: int = 6) -> str:
    """Join names as in a sentence: ``a and b``, ``a, b and 3 others``."""
    if len(names) > most:
        return f"{', '.join(names[: most - 1])} and {len(names) - most + 1} others"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def quote_names(names: list[str]) -> list[str]:
    """Return names in quotes if one of several holds a comma."""
    if len(names) > 1 and any("," in name for name in names):
        return [f"“{name}”" for name in names]
    return names


def flatten(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested settings by full names, such as ``train.seed``."""
    found: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping) and value:
            found |= flatten(value, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = value
    return found


def nearest(word: str, known: Iterable[str], cutoff: float = 0.5) -> str | None:
    """Return the known name that a misspelt word most likely means, or None.

    Parameters
    ----------
    cutoff : least similarity, from 0 (any name) to 1 (equal but for case).
    """
    from difflib import get_close_matches  # for errors alone: every command imports this module

    names = {name.lower(): name for name in reversed(list(known))}  # the first one wins
    found = get_close_matches(word.lower(), names, n=1, cutoff=cutoff)
    return names[found[0]] if found else None
