"""Read published metrics to show beside ours, from a YAML file.

source: where the figures are from
variants:
  relu: {test: {accuracy: 0.8925}}
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from reviewflow.config.loading import read_yaml
from reviewflow.errors import ConfigError
from reviewflow.evaluation.metrics import METRICS

SPLITS = ("train", "test")


def read_reference(path: str | None) -> dict[str, Any]:
    """Return ``source`` and ``variants`` of a reference file.

    Both are empty without a path.

    Raises
    ------
    ConfigError
        If there is no such file, or its content has another shape.
    """
    if path is None:
        return {"source": "", "variants": {}}
    content = read_yaml(Path(path))
    variants = content.get("variants")
    if not isinstance(variants, dict) or not set(content) <= {"source", "variants"}:
        raise ConfigError(f"{path} must hold `variants` with a name each, and may hold `source`.")
    return {
        "source": str(content.get("source") or ""),
        "variants": {str(name): _by_split(path, name, value) for name, value in variants.items()},
    }


def _by_split(path: str, name: Any, value: Any) -> dict[str, dict[str, float]]:
    if not isinstance(value, dict) or not set(value) <= set(SPLITS):
        raise ConfigError(f"{path}: {name} must hold train, test or both.")
    return {split: _by_metric(path, f"{name}, {split}", value[split]) for split in value}


def _by_metric(path: str, where: str, value: Any) -> dict[str, float]:
    names = [metric.name for metric in METRICS]
    if not isinstance(value, dict) or not set(value) <= set(names):
        raise ConfigError(f"{path}: {where} may hold {', '.join(names)}.")
    for metric, number in value.items():
        if not _is_finite_number(number):
            raise ConfigError(f"{path}: {where}, {metric} must be a number (given: {number!r}).")
    return {metric: float(number) for metric, number in value.items()}


def _is_finite_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value)
