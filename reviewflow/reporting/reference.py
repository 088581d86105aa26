"""Published metrics, to be shown beside ours: a YAML file of figures by variant, split and metric.

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


def reference(path: str | None) -> dict[str, Any]:
    """``source`` and ``variants`` of a reference file; both empty without one.

    Raises
    ------
    ConfigError
        If there is no such file, or it holds something else.
    """
    if path is None:
        return {"source": "", "variants": {}}
    content = read_yaml(Path(path))
    variants = content.get("variants")
    if not isinstance(variants, dict) or not set(content) <= {"source", "variants"}:
        raise ConfigError(f"{path} must hold `variants` with a name each, and may hold `source`.")
    return {
        "source": str(content.get("source") or ""),
        "variants": {str(name): _figures(path, name, told) for name, told in variants.items()},
    }


def _figures(path: str, name: Any, told: Any) -> dict[str, dict[str, float]]:
    if not isinstance(told, dict) or not set(told) <= set(SPLITS):
        raise ConfigError(f"{path}: {name} must hold train, test or both.")
    return {split: _metrics(path, f"{name}, {split}", told[split]) for split in told}


def _metrics(path: str, where: str, told: Any) -> dict[str, float]:
    names = [metric.name for metric in METRICS]
    if not isinstance(told, dict) or not set(told) <= set(names):
        raise ConfigError(f"{path}: {where} may hold {', '.join(names)}.")
    for metric, value in told.items():
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not math.isfinite(value)
        ):
            raise ConfigError(f"{path}: {where}, {metric} must be a number (given: {value!r}).")
    return {metric: float(value) for metric, value in told.items()}
