"""Read published metrics to show beside ours, from a YAML file.

source: where the figures are from
variants:
  relu: {test: {accuracy: 0.8925}}
  tanh:                               # two runs of the same settings
    - {test: {accuracy: 0.8968}}
    - {test: {accuracy: 0.8961}}
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
    """Return the content of a reference file.

    Returns
    -------
    dict
        ``source``; ``variants``, the first run of each by split and metric; ``repeats``, a list of
        all runs of each variant that has more than one. All are empty without a path.

    Raises
    ------
    ConfigError
        If there is no such file, or its content has another shape.
    """
    if path is None:
        return {"source": "", "variants": {}, "repeats": {}}
    content = read_yaml(Path(path))
    variants = content.get("variants")
    if not isinstance(variants, dict) or not set(content) <= {"source", "variants"}:
        raise ConfigError(f"{path} must hold `variants` with a name each, and may hold `source`.")
    runs = {str(name): _runs(path, name, value) for name, value in variants.items()}
    return {
        "source": str(content.get("source") or ""),
        "variants": {name: several[0] for name, several in runs.items()},
        "repeats": {name: several for name, several in runs.items() if len(several) > 1},
    }


def _runs(path: str, name: Any, value: Any) -> list[dict[str, dict[str, float]]]:
    """Return the published runs of a variant, one or a list in the file."""
    if not isinstance(value, list):
        return [_by_split(path, str(name), value)]
    if not value:
        raise ConfigError(f"{path}: {name} is an empty list; it must hold a run or more.")
    return [
        _by_split(path, f"{name}, run {number}", one) for number, one in enumerate(value, start=1)
    ]


def _by_split(path: str, name: str, value: Any) -> dict[str, dict[str, float]]:
    if not isinstance(value, dict) or not value or not set(value) <= set(SPLITS):
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
