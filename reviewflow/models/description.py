"""Check the entries of ``bundle.json``, to name what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from reviewflow.config.loading import validate_model
from reviewflow.config.sections import Normalize, Vectorize
from reviewflow.errors import ConfigError


def check_entries(content: Mapping[str, Any]) -> None:
    """Raise ValueError unless all that is read of a bundle has its kind."""
    _check(content, "class_names", "a list of texts", _is_texts)
    _check(content, "text_column", "a text", _is_text)
    for name in ("normalize", "vectorize", "network", "metrics", "profile"):
        _check(content, name, "an object", _is_object)
    _check(content, "threshold", "a number", _is_number)
    network = content["network"]
    _check(network, "hidden", "a list of whole numbers", _is_sizes, "network.")
    _check(network, "activation", "a text", _is_text, "network.")


def check_files(files: Any, names: tuple[str, ...]) -> None:
    """Raise ValueError unless each file has its size and its digest."""
    if not _is_object(files):
        raise ValueError("its entry files is not an object")
    for name in names:
        _check(files, name, "an object", _is_object, "files.")
        _check(files[name], "bytes", "a whole number", _is_whole, f"files.{name}.")
        _check(files[name], "sha256", "a text", _is_text, f"files.{name}.")


def read_settings(content: Mapping[str, Any]) -> tuple[Normalize, Vectorize]:
    """Return the sections that a bundle was made by.

    Raises
    ------
    ValueError
        If a setting is not one; the message has a sentence for each.
    """
    try:
        normalize = validate_model(Normalize, content["normalize"], "its entry normalize")
        return normalize, validate_model(Vectorize, content["vectorize"], "its entry vectorize")
    except ConfigError as error:
        raise ValueError(str(error)) from None


def _check(
    content: Mapping[str, Any], name: str, kind: str, fits: Callable[[Any], bool], where: str = ""
) -> None:
    if name not in content:
        raise ValueError(f"bundle.json has no entry {where}{name}")
    if not fits(content[name]):
        raise ValueError(f"its entry {where}{name} is not {kind}")


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_sizes(value: Any) -> bool:
    return isinstance(value, list) and all(_is_whole(each) and each > 0 for each in value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
