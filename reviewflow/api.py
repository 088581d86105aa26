"""Offer the library's public functions: load_model, read_run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reviewflow.models.predictor import Model


def load_model(model: str | Path, artifacts: str | Path = "artifacts") -> Model:
    """Return a published model.

    Parameters
    ----------
    model : the name under which it was published, whose champion is taken, ``NAME/VERSION`` with
        the beginning of a version, or the folder of a bundle.
    artifacts : folder of the results, in which names are looked up.

    Raises
    ------
    UsageError
        If there is no such model.
    InputError
        If its bundle is damaged, or of a newer format.
    """
    from reviewflow.errors import InputError, UsageError
    from reviewflow.models.bundle import read_bundle
    from reviewflow.models.predictor import Model
    from reviewflow.models.registry import model_folder

    if not isinstance(model, str | Path):
        raise UsageError(
            "A model is loaded by its name or the folder of a bundle, and not by "
            f'{type(model).__name__}: write load_model("imdb").'
        )
    if str(model) and (Path(model) / "bundle.json").is_file():
        return Model(read_bundle(Path(model).resolve()))
    models, name = Path(artifacts) / "models", str(model)
    while True:
        folder = model_folder(models, name)
        try:
            return Model(read_bundle(folder.resolve()))
        except InputError:
            if model_folder(models, name) == folder:
                raise  # otherwise it was replaced and removed meanwhile


def read_run(run: str | Path = "latest", artifacts: str | Path = "artifacts") -> dict[str, Any]:
    """Return the record of a run, as its ``run.json`` has it.

    Parameters
    ----------
    run : its folder, its id, the beginning of one, or a link such as ``latest``.
    artifacts : folder of the results, in which ids are looked up.

    Raises
    ------
    UsageError
        If there is no such run.
    StoreError
        If its record cannot be read.
    """
    from reviewflow.runs.history import find_run
    from reviewflow.runs.record import read_run as read_folder

    folder = Path(run)
    if not (folder / "run.json").is_file():
        folder = find_run(Path(artifacts) / "runs", str(run)).folder
    return read_folder(folder)
