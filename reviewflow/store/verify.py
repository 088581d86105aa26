"""Hash every file of a store and compare it with its manifest.

manifest ─┬─ its own key, from what it says the key was made of
          ├─ its seal, the digest of all that it says
          └─ size and SHA-256 of every file ─▶ Corruption, in words
files that no manifest lists ────────────────▶ Corruption, of a kind of its own
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from reviewflow.processors import processors
from reviewflow.store.artifacts import data_files
from reviewflow.store.catalog import Entry, StaleTemp, entries, read_entry, stale_temps
from reviewflow.store.files import sha256_of
from reviewflow.store.hashing import digest_of

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Corruption:
    """One thing that is wrong with an artifact.

    Attributes
    ----------
    file : path inside the artifact; None where the manifest itself is wrong.
    why : what is wrong, in words that follow the name.
    kind : ``damaged``, or ``extra file`` for one that the manifest does not list. No step reads
        an extra file, and a run does not remove it.
    """

    stage: str
    key: str
    file: str | None
    why: str
    kind: Literal["damaged", "extra file"] = "damaged"

    @property
    def sentence(self) -> str:
        """Where it is and what is wrong, for a person."""
        where = f"{self.stage}/{self.key[:8]}…"
        return f"{where}{f'/{self.file}' if self.file else ''} {self.why}"


@dataclass(frozen=True)
class VerifyResult:
    """What a full check saw.

    Attributes
    ----------
    artifacts, bytes : how many artifacts were checked, and their size.
    stale_temps : leftover temporary folders; no artifact is wrong because of them.
    """

    artifacts: int
    bytes: int
    corruptions: tuple[Corruption, ...]
    stale_temps: tuple[StaleTemp, ...]


def verify_store(store: Path, run_going: bool, progress: Progress) -> VerifyResult:
    """Hash every file of the store again, several at a time.

    Parameters
    ----------
    run_going : whether any run is going (its temporary folders are not stale).
    progress : called from this thread with the bytes done and the bytes in all.

    Raises
    ------
    StoreError : if the store's folder cannot be read.
    """
    listed = entries(store)
    total, done = sum(entry.bytes for entry in listed), 0
    progress(0, total)
    corruptions: dict[int, list[Corruption]] = {}
    with ThreadPoolExecutor(processors()) as pool:
        pending = {
            pool.submit(_check, entry): number
            for number, entry in sorted(enumerate(listed), key=lambda each: -each[1].bytes)
        }
        for future in as_completed(pending):
            corruptions[pending[future]] = future.result()
            done += listed[pending[future]].bytes
            progress(done, total)
    return VerifyResult(
        len(listed),
        total,
        tuple(each for number in sorted(corruptions) for each in corruptions[number]),
        tuple(stale_temps(store, run_going)),
    )


def _check(entry: Entry) -> list[Corruption]:
    """Return an artifact's corruptions. Check it again if it was replaced."""
    corruptions = list(_corruptions(entry))
    while corruptions:
        now = read_entry(entry.folder)
        if now is None:  # removed meanwhile
            return []
        if (now.made_seconds, now.manifest) == (entry.made_seconds, entry.manifest):
            return corruptions
        entry, corruptions = now, list(_corruptions(now))
    return corruptions


def _corruptions(entry: Entry) -> Iterator[Corruption]:
    manifest = entry.manifest
    if manifest is None:
        yield Corruption(entry.stage, entry.key, None, entry.trouble or "has no manifest")
        return
    why = _contradiction(manifest, entry.key)
    if why:
        yield Corruption(entry.stage, entry.key, None, why)
    for name, recorded in sorted(manifest["files"].items()):
        why = _difference(entry.folder / name, recorded["bytes"], recorded["sha256"])
        if why:
            yield Corruption(entry.stage, entry.key, name, why)
    for path in data_files(entry.folder):
        name = path.relative_to(entry.folder).as_posix()
        if name not in manifest["files"]:
            why = "is not listed in the manifest; nothing reads it, and it can be deleted"
            yield Corruption(entry.stage, entry.key, name, why, "extra file")


def _contradiction(manifest: Mapping[str, Any], key: str) -> str | None:
    """Return how a manifest contradicts itself, in words, or None.

    That is damage which is still well-formed JSON. A manifest of version 0.1 made its key by
    another formula, so only its seal is checked.
    """
    parts, inputs = manifest.get("key_parts"), manifest.get("inputs")
    if isinstance(parts, dict) and parts and "fingerprint" in manifest:
        made = digest_of({"fingerprint": manifest["fingerprint"], "inputs": inputs})
        if digest_of(parts) != manifest["fingerprint"] or (inputs is not None and made != key):
            return "has a manifest that contradicts its key"
    sealed = {name: value for name, value in manifest.items() if name != "manifest_digest"}
    if manifest.get("manifest_digest") != digest_of(sealed):
        return "has a manifest that contradicts its own digest"
    return None


def _difference(path: Path, size_bytes: int, sha256: str) -> str | None:
    """Return what is wrong with a file, in words, or None."""
    try:
        found_bytes = path.stat().st_size
        if found_bytes != size_bytes:
            return f"has {found_bytes:,} of {size_bytes:,} bytes"
        return None if sha256_of(path) == sha256 else "has other content than its manifest says"
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read ({error.strerror})"
