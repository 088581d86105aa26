"""Keep artifacts in folders that are either complete or absent.

    artifacts/store/<stage>/<key>/manifest.json   what it is, its files with size, digest and mtime
                                  …               the files
                   .making/                       folders being filled, one rename from complete
                   .locks/                        one lock file a step, freed by the kernel

A manifest lists every data file. Folders whose name ends in ``_docs`` hold pages for people: they
are kept beside the data and count in no digest.
"""

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reviewflow.store.files import sha256_of, write_atomically
from reviewflow.store.hashing import digest_of
from reviewflow.store.locks import step_lock
from reviewflow.store.os_errors import stage_errors, store_errors

MANIFEST = "manifest.json"
TEMPORARY = ".making"
ASIDE = "aside-"


@dataclass(frozen=True)
class Artifact:
    """A complete artifact: its folder and its manifest."""

    folder: Path
    manifest: Mapping[str, Any]

    @property
    def digests(self) -> Mapping[str, str]:
        """Digests by output name, of which a later step's key is made."""
        digests: Mapping[str, str] = self.manifest["digests"]
        return digests

    @property
    def bytes(self) -> int:
        """Size of the data files in bytes."""
        return sum(entry["bytes"] for entry in self.manifest["files"].values())


@dataclass(frozen=True)
class Damage:
    """An artifact that exists and is not complete, and why, in words."""

    folder: Path
    why: str


class Store:
    """Find and write artifacts in one folder, shared by any number of runs.

    Parameters
    ----------
    folder : created when something is first written.
    verify : hash every file of an artifact that is found, instead of trusting size and mtime.

    Attributes
    ----------
    url : of the object storage behind the folder, None where there is none.
    transfers : whether artifacts are copied to and from it. A plan only asks.
    """

    url: str | None = None
    transfers = True

    def __init__(self, folder: Path, verify: bool = False) -> None:
        self.folder = folder
        self.verify = verify
        self._fingerprints: dict[str, set[str]] = {}

    def path(self, stage: str, key: str) -> Path:
        """Return the folder that a step's artifact has or would have."""
        return self.folder / stage / key

    def find(self, stage: str, key: str) -> Artifact | Damage | None:
        """Return a step's artifact, or its damage, or None if there is none."""
        folder = self.path(stage, key)
        try:
            manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            own = manifest.pop("manifest_digest")
            whole = manifest["key"] == key and isinstance(manifest["digests"], dict)
            entries = {
                name: (int(entry["bytes"]), str(entry["sha256"]), int(entry["mtime_ns"]))
                for name, entry in manifest["files"].items()
            }
        except FileNotFoundError:
            return (
                Damage(folder, f"{stage}/{key[:8]}… has no manifest") if folder.exists() else None
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OSError):
            return Damage(folder, f"the manifest of {stage}/{key[:8]}… is garbled")
        if own != digest_of(manifest):
            return Damage(folder, f"the manifest of {stage}/{key[:8]}… is garbled")
        if not whole:
            return Damage(folder, f"the manifest of {stage}/{key[:8]}… is another step's")
        for name, entry in entries.items():
            why = _damage(folder / name, entry, self.verify)
            if why:
                return Damage(folder, f"{stage}/{key[:8]}…/{name} {why}")
        return Artifact(folder, manifest)

    def find_new(self, stage: str, key: str) -> Artifact | Damage | None:
        """Return an artifact that another process has just made."""
        return Store(self.folder).find(stage, key)

    def provide(self, folders: Iterable[Path]) -> None:
        """Have artifacts in this folder. They are, where nothing else is shared."""

    def fingerprints(self, stage: str) -> set[str]:
        """Return the digests of the fingerprints that a stage has artifacts of."""
        if stage not in self._fingerprints:
            known = set()
            for path in (self.folder / stage).glob(f"*/{MANIFEST}"):
                try:
                    known.add(json.loads(path.read_text(encoding="utf-8"))["fingerprint"])
                except (ValueError, KeyError, TypeError, RecursionError, OSError):
                    continue
            self._fingerprints[stage] = known
        return self._fingerprints[stage]

    def lock(self, stage: str, key: str) -> AbstractContextManager[None]:
        """Hold a step's lock. A second process or thread waits for the first."""
        return step_lock(self.folder, stage, key)

    def make(
        self,
        stage: str,
        key: str,
        write: Callable[..., Mapping[str, Any]],
        facts: Mapping[str, Any],
        digests: Callable[[Path], Mapping[str, str]] | None = None,
    ) -> Artifact:
        """Write an artifact aside and give it its name in one rename.

        Call it under the step's lock.

        Parameters
        ----------
        write : called as ``write(folder=…)``; fills the folder and returns figures (``rows``).
        facts : what the manifest says beside its files (fingerprint, inputs).
        digests : gives the outputs' digests where the files' bytes are not what counts.

        Raises
        ------
        StoreError
            If the disk is full or the folder cannot be written. Any other error of ``write``
            passes as it is.
        """
        with self._temporary_folder(f"{stage}-{key}-") as folder:
            started, cpu_started = time.perf_counter(), time.thread_time()
            with stage_errors(self.folder):
                figures = write(folder=folder)
                outputs = None if digests is None else dict(digests(folder))
            with store_errors(self.folder):
                files = _file_entries(folder)
                manifest = {
                    "stage": stage,
                    "key": key,
                    "files": files,
                    "digests": _sha256s(files) if outputs is None else outputs,
                    "seconds": round(time.perf_counter() - started, 4),
                    "cpu_seconds": round(time.thread_time() - cpu_started, 4),
                    "figures": dict(figures),
                    **facts,
                }
                return self._publish(folder, manifest)

    def recompute_digests(self, write: Callable[..., Mapping[str, Any]]) -> dict[str, str]:
        """Return the digests of what ``write`` makes, and keep no file."""
        with self._temporary_folder(ASIDE) as folder:
            with stage_errors(self.folder):
                write(folder=folder)
            with store_errors(self.folder):
                return _sha256s(_file_entries(folder))

    def _publish(self, folder: Path, manifest: Mapping[str, Any]) -> Artifact:
        """Seal a filled folder and rename it to where its key says."""
        final = self.path(manifest["stage"], manifest["key"])
        sealed = {**manifest, "manifest_digest": digest_of(json.loads(json.dumps(manifest)))}
        write_atomically(folder / MANIFEST, json.dumps(sealed, indent=1, ensure_ascii=False))
        final.parent.mkdir(parents=True, exist_ok=True)
        known = Store(self.folder, verify=True).find(manifest["stage"], manifest["key"])
        if isinstance(known, Artifact) and known.digests == manifest["digests"]:
            return known  # the same bytes again: whoever reads that folder now can go on
        replaced = folder.with_name(f"{folder.name}-old")
        if final.exists():
            os.rename(final, replaced)
        os.rename(folder, final)
        shutil.rmtree(replaced, ignore_errors=True)
        return Artifact(final, manifest)

    @contextmanager
    def _temporary_folder(self, prefix: str) -> Iterator[Path]:
        """Give an empty folder, and remove it unless it got another name.

        What a killed process left of the same step is removed as well.
        """
        parent = self.folder / TEMPORARY
        with store_errors(self.folder):
            parent.mkdir(parents=True, exist_ok=True)
            for left in parent.glob(f"{prefix}*") if prefix != ASIDE else ():
                shutil.rmtree(left, ignore_errors=True)
            folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def data_files(folder: Path) -> list[Path]:
    """Return an artifact's files, without its manifest and pages for people."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file()
        and path != folder / MANIFEST
        and not any(part.endswith("_docs") for part in path.relative_to(folder).parts)
    )


def _file_entries(folder: Path) -> dict[str, dict[str, Any]]:
    """Return size, digest and mtime of each data file, by path inside."""
    paths = data_files(folder)
    with ThreadPoolExecutor(2) as pool:
        digests = list(pool.map(sha256_of, paths))
    return {
        path.relative_to(folder).as_posix(): {
            "bytes": path.stat().st_size,
            "sha256": digest,
            "mtime_ns": path.stat().st_mtime_ns,
        }
        for path, digest in zip(paths, digests, strict=True)
    }


def _sha256s(files: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    return {name: entry["sha256"] for name, entry in files.items()}


def _damage(path: Path, entry: tuple[int, str, int], verify: bool) -> str | None:
    """Return what is wrong with a file, in words, or None."""
    size, digest, mtime_ns = entry
    try:
        status = path.stat()
    except OSError:
        return "is missing"
    if status.st_size != size:
        return f"has {status.st_size:,} of {size:,} bytes"
    # another mtime alone is not damage (a restored copy has one), so the content decides
    try:
        same = (not verify and status.st_mtime_ns == mtime_ns) or sha256_of(path) == digest
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return None if same else "has other content than its manifest says"
