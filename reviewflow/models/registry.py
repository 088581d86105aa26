"""Keep published models: versions that never change, one of them current.

    artifacts/models/<name>/<version>/   a bundle, with published.json: when, by which run, and why
                            current ──▶  the champion's version, a link that moves in one step
                            changes.jsonl    a line for each move

A version is the beginning of its bundle's digest, so the same model is published once. Nothing but
``remove`` takes a version away.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reviewflow.errors import UsageError
from reviewflow.models.bundle import version_of
from reviewflow.store.files import write_atomically
from reviewflow.store.locks import step_lock
from reviewflow.store.os_errors import store_errors

CURRENT, CHANGES, PUBLISHED = "current", "changes.jsonl", "published.json"
LOCK = "registry"
MAKING = ".making-"
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


@dataclass(frozen=True)
class ModelVersion:
    """One published model.

    Attributes
    ----------
    published : content of its ``published.json``: ``published`` (time), ``run_id`` and ``gate``
        among others. Empty if the file cannot be read.
    """

    name: str
    version: str
    folder: Path
    is_current: bool
    published: Mapping[str, Any]


class Registry:
    """The published models in one folder, shared by any number of runs.

    Parameters
    ----------
    folder : created when something is first published.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self) -> list[str]:
        """Return the names under which models were published."""
        if not self.folder.is_dir():
            return []
        return sorted(
            path.name
            for path in self.folder.iterdir()
            if path.is_dir() and NAME.fullmatch(path.name)
        )

    def versions(self, name: str) -> list[ModelVersion]:
        """Return a model's versions, the last published first.

        Raises
        ------
        UsageError
            If there is no model of that name.
        """
        if not name:
            raise UsageError(
                "The name of a model is empty; `reviewflow models ls` lists the names."
            )
        if name not in self.names():
            known = ", ".join(self.names())
            raise UsageError(
                f"No model called {name} was published in {self.folder}; "
                + (f"there is {known}." if known else "run a configuration with publish.name.")
            )
        current = self.current(name)
        found = [
            self._version(path, current)
            for path in (self.folder / name).iterdir()
            if path.is_dir() and not path.is_symlink() and not path.name.startswith(MAKING)
        ]
        return sorted(found, key=lambda each: (str(each.published.get("published")), each.version))[
            ::-1
        ]

    def find(self, name: str, version: str) -> ModelVersion:
        """Return the version that begins with some characters, or ``current``.

        Raises
        ------
        UsageError
            If there is none, or more than one.
        """
        versions = self.versions(name)
        if version == CURRENT:
            found = [each for each in versions if each.is_current]
        else:
            found = [each for each in versions if version and each.version.startswith(version)]
        if len(found) == 1:
            return found[0]
        if not version:
            raise UsageError(
                f"The version of the model {name} is empty; `reviewflow models ls` lists them."
            )
        what = "begins several versions" if found else "begins none of the versions"
        raise UsageError(
            f"{version} {what} of the model {name}; `reviewflow models ls` lists them."
        )

    def current(self, name: str) -> str | None:
        """Return the version that scores by default, None where there is none."""
        try:
            return os.readlink(self.folder / name / CURRENT)
        except OSError:
            return None

    def add(
        self, name: str, files: Sequence[Path], digest: str, published: Mapping[str, Any]
    ) -> ModelVersion:
        """Copy a bundle's files to a version of its own, unless it is there.

        Parameters
        ----------
        digest : of the bundle, in hexadecimal digits.
        published : what ``published.json`` says beside the time.

        Raises
        ------
        StoreError
            If the folder cannot be written.
        """
        own, version = self.folder / name, version_of(digest)
        with store_errors(self.folder), step_lock(self.folder, name, LOCK):
            own.mkdir(exist_ok=True)
            for left in own.glob(f"{MAKING}*"):  # of a process that was killed
                shutil.rmtree(left)
            if not (own / version).exists():
                stamped = {"published": _now(), **published}
                _copy_files(files, own / version, json.dumps(stamped, indent=1) + "\n")
        return self._version(own / version, self.current(name))

    def promote(self, name: str, version: str, reason: str) -> None:
        """Make a version the champion.

        Parameters
        ----------
        reason : what moves it, for the list of changes.

        Raises
        ------
        UsageError
            If there is no such version.
        StoreError
            If the folder cannot be written.
        """
        with self._changing(name):
            self._move(name, self.find(name, version).version, reason, is_back=False)

    def rollback(self, name: str) -> ModelVersion:
        """Make the champion before the current one the champion again.

        Raises
        ------
        UsageError
            If there is none, or it was removed.
        StoreError
            If the folder cannot be written.
        """
        with self._changing(name):
            there = {each.version for each in self.versions(name)}
            earlier = [each for each in self._champions(name)[:-1] if each in there]
            if not earlier:
                raise UsageError(f"The model {name} had no other champion that is still here.")
            self._move(name, earlier[-1], "rollback", is_back=True)
        return self.find(name, CURRENT)

    def remove(self, name: str, version: str) -> ModelVersion:
        """Remove a version that is not the champion.

        Raises
        ------
        UsageError
            If there is no such version, or it is the champion.
        StoreError
            If the folder cannot be written.
        """
        with self._changing(name):
            found = self.find(name, version)
            if found.is_current:
                raise UsageError(
                    f"{found.version} is the champion of {name}; promote another one first."
                )
            # one rename, so that nobody finds half a version
            aside = Path(tempfile.mkdtemp(prefix=MAKING, dir=self.folder / name))
            os.rename(found.folder, aside / found.version)
            shutil.rmtree(aside)
        return found

    def changes(self, name: str) -> list[dict[str, Any]]:
        """Return the moves of ``current``, the first one first."""
        try:
            lines = (self.folder / name / CHANGES).read_text(encoding="utf-8").splitlines()
        except OSError:
            return []
        moves = []
        for line in lines:
            with suppress(ValueError):  # somebody edited the file
                moves.append(json.loads(line))
        return moves

    def rolled_back(self, name: str) -> set[str]:
        """Return the versions that a person rolled back from.

        One that was promoted since is not among them.
        """
        versions: set[str] = set()
        for change in self.changes(name):
            versions.discard(change["to"])
            if change["is_back"]:
                versions.add(change["from"])
        return versions

    def promotion(self, version: ModelVersion) -> str | None:
        """Return why a version is the champion.

        None if it is not, or nobody knows.
        """
        moves = self.changes(version.name)
        if not version.is_current or not moves or moves[-1]["to"] != version.version:
            return None
        return str(moves[-1]["reason"])

    def _version(self, folder: Path, current: str | None) -> ModelVersion:
        try:
            published = json.loads((folder / PUBLISHED).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            published = {}
        is_current = folder.name == current
        return ModelVersion(folder.parent.name, folder.name, folder, is_current, published)

    def _champions(self, name: str) -> list[str]:
        """Return the champions that a rollback goes through, the current one last."""
        champions: list[str] = []
        for change in self.changes(name):
            while change["is_back"] and champions and champions[-1] != change["to"]:
                champions.pop()
            if champions[-1:] != [change["to"]]:
                champions.append(change["to"])
        current = self.current(name)
        if current is not None and champions[-1:] != [current]:
            champions.append(current)  # whoever moved it was killed before the line
        return champions

    def _move(self, name: str, version: str, reason: str, is_back: bool) -> None:
        own, before = self.folder / name, self.current(name)
        if before == version:
            return
        link = own / f"{MAKING}{CURRENT}"
        link.unlink(missing_ok=True)
        link.symlink_to(version)
        os.replace(link, own / CURRENT)
        _sync_folder(own)
        change = {
            "time": _now(),
            "from": before,
            "to": version,
            "reason": reason,
            "is_back": is_back,
        }
        lines = [json.dumps(each) + "\n" for each in (*self.changes(name), change)]
        write_atomically(own / CHANGES, "".join(lines))

    @contextmanager
    def _changing(self, name: str) -> Iterator[None]:
        """Let one process at a time change a model that is there."""
        self.versions(name)
        with store_errors(self.folder), step_lock(self.folder, name, LOCK):
            yield


def champion_folder(models: Path, name: str) -> Path:
    """Return the folder of a model's champion.

    Raises
    ------
    UsageError
        If there is no such model, or it has no champion.
    """
    registry = Registry(models)
    registry.versions(name)
    version = registry.current(name)
    if version is None:
        raise UsageError(
            f"The model {name} has no champion: its versions did not learn, or did not pass the "
            f"gate; choose one by reviewflow models promote {name} VERSION."
        )
    return models / name / version


def model_folder(models: Path, name: str) -> Path:
    """Return the folder of a model's champion, or of ``NAME/VERSION``.

    Raises
    ------
    UsageError
        If there is no such model or version, or no champion.
    """
    registry, (model, slash, version) = Registry(models), name.partition("/")
    if slash and model in registry.names():
        return registry.find(model, version).folder
    if name and name not in registry.names() and Path(name).is_dir():
        current = Path(name) / CURRENT
        hint = f"name {current}" if current.is_dir() else "name a folder that has a bundle.json"
        raise UsageError(
            f"{name} is a folder and not a bundle, since it has no bundle.json; {hint}."
        )
    return champion_folder(models, name)


def _copy_files(files: Sequence[Path], target: Path, published: str) -> None:
    """Copy files into a folder that gets its name in one rename."""
    making = Path(tempfile.mkdtemp(prefix=MAKING, dir=target.parent))
    for path in files:
        shutil.copyfile(path, making / path.name)
    (making / PUBLISHED).write_text(published, encoding="utf-8")
    for path in making.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    making.chmod(0o755)
    os.rename(making, target)
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    """Make the renames in a folder outlast a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
