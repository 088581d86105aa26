"""Summarise a run of the two moons, for run.json and as files for people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reviewflow.errors import StoreError
from reviewflow.moons.config import MoonsConfig
from reviewflow.moons.picture_names import PICTURES
from reviewflow.moons.training import LINES_FILE, read_history
from reviewflow.pipeline.runner import Run

VERSIONS = ("whole_set", "point_by_point")
PAGE_FILE = "moons.html"


def moons_summary(run: Run, config: MoonsConfig, page: Path) -> dict[str, Any]:
    """Return run.json beside its head, of what was reached.

    Parameters
    ----------
    page : path of the page. The pictures and loss lines are in its folder.
    """
    return {
        "stages": [outcome.to_json() for outcome in run.all_outcomes()],
        "data": {"rows": config.data.points},
        "versions": [entry for name in VERSIONS for entry in _version(run, name)],
        "artifacts": {"report": str(page), "files": [name for _, name in results(run)]},
    }


def results(run: Run) -> Iterator[tuple[Path, str]]:
    """Yield each file for a person to look at, and the name to give it."""
    pictures = run.folder_of("pictures")
    if pictures is not None:
        for name in PICTURES:
            for ending in ("svg", "png"):
                yield pictures / f"{name}.{ending}", f"{name}.{ending}"
    for version in VERSIONS:
        model = run.folder_of(version)
        if model is not None:
            yield model / LINES_FILE, f"losses_{version}.txt"
    page = run.folder_of("page")
    if page is not None:
        yield page / PAGE_FILE, PAGE_FILE


def writable_folder(folder: Path) -> Path:
    """Return the folder, created if it is missing.

    Raises
    ------
    StoreError : if it cannot be created.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"The output folder {folder} cannot be made ({error.strerror}); "
            "choose another with --output."
        ) from None
    return folder


def _version(run: Run, name: str) -> Iterator[dict[str, Any]]:
    """Yield an entry with a version's losses and accuracy, if it was trained."""
    model, fresh = run.folder_of(name), run.folder_of("fresh")
    if model is None:
        return
    losses = read_history(model).epochs
    accuracy = (
        None
        if fresh is None
        else json.loads((fresh / "accuracy.json").read_text(encoding="utf-8"))[name]
    )
    yield {
        "name": name,
        "first": float(losses[0]),
        "highest": float(losses.max()),
        "last": float(losses[-1]),
        "accuracy": accuracy,
    }
