"""The full check of a store: every file hashed again and held against its manifest.

manifest ─┬─ its own key, from what it says the key was made of
          ├─ its digests, from its files' digests
          └─ size and SHA-256 of every file ─▶ Corruption, in words
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from reviewflow.processors import processors
from reviewflow.store.catalog import Entry, StaleTemp, entries, entry_of, stale_temps
from reviewflow.store.files import sha256_of
from reviewflow.store.hashing import digest_of

Hashed = Callable[[int, int], None]


@dataclass(frozen=True)
class Corruption:
    """One thing that is wrong with an artifact: where, and why in words."""

    stage: str
    key: str
    file: str | None
    why: str

    @property
    def sentence(self) -> str:
        """The fault as people are told it."""
        where = f"{self.stage}/{self.key[:8]}…"
        return f"{where}{f'/{self.file}' if self.file else ''} {self.why}"


@dataclass(frozen=True)
class VerifyResult:
    """What a full check saw.

    Attributes
    ----------
    artifacts, bytes : how many were looked at, and their size.
    stale_temps : what makers left that are gone; no artifact is wrong because of them.
    """

    artifacts: int
    bytes: int
    corruptions: tuple[Corruption, ...]
    stale_temps: tuple[StaleTemp, ...]


def verify_store(store: Path, run_going: bool, hashed: Hashed) -> VerifyResult:
    """Hash every file of the store again, several at a time.

    Parameters
    ----------
    run_going : whether any run is going (its folders in the making are no stale_temps).
    hashed : is told bytes done and bytes in all, from this thread.

    Raises
    ------
    StoreError : if the store's folder cannot be read.
    """
    found = entries(store)
    total, done = sum(entry.bytes for entry in found), 0
    hashed(0, total)
    corruptions: dict[int, list[Corruption]] = {}
    with ThreadPoolExecutor(processors()) as pool:
        pending = {
            pool.submit(_settled, entry): number
            for number, entry in sorted(enumerate(found), key=lambda each: -each[1].bytes)
        }
        for future in as_completed(pending):
            corruptions[pending[future]] = future.result()
            done += found[pending[future]].bytes
            hashed(done, total)
    return VerifyResult(
        len(found),
        total,
        tuple(fault for number in sorted(corruptions) for fault in corruptions[number]),
        tuple(stale_temps(store, run_going)),
    )


def _settled(entry: Entry) -> list[Corruption]:
    """The corruptions of an artifact; one that a run replaced meanwhile is looked at again."""
    corruptions = list(_faults(entry))
    while corruptions:
        now = entry_of(entry.folder)
        if now is None:  # removed meanwhile: nothing is wrong with what is not there
            return []
        if (now.made_seconds, now.manifest) == (entry.made_seconds, entry.manifest):
            return corruptions
        entry, corruptions = now, list(_faults(now))
    return corruptions


def _faults(entry: Entry) -> Iterator[Corruption]:
    manifest = entry.manifest
    if manifest is None:
        yield Corruption(entry.stage, entry.key, None, entry.trouble or "has no manifest")
        return
    why = _contradiction(entry)
    if why:
        yield Corruption(entry.stage, entry.key, None, why)
    for name, said in sorted(manifest["files"].items()):
        why = _difference(entry.folder / name, said["bytes"], said["sha256"])
        if why:
            yield Corruption(entry.stage, entry.key, name, why)


def _contradiction(entry: Entry) -> str | None:
    """Whether the manifest contradicts itself: damage that is still good JSON."""
    manifest = entry.manifest or {}
    parts = manifest.get("parts")
    if not isinstance(parts, dict) or not parts:
        return None
    inputs = manifest.get("inputs")
    key = digest_of({"fingerprint": manifest["fingerprint"], "inputs": inputs})
    if digest_of(parts) != manifest["fingerprint"] or (inputs is not None and key != entry.key):
        return "has a manifest that contradicts its key"
    sealed = {name: value for name, value in manifest.items() if name != "manifest_digest"}
    if manifest.get("manifest_digest") != digest_of(sealed):
        return "has a manifest that contradicts its own digest"
    return None


def _difference(path: Path, size_bytes: int, sha256: str) -> str | None:
    """What is wrong with one file, in words; None where it is as the manifest says."""
    try:
        found_bytes = path.stat().st_size
        if found_bytes != size_bytes:
            return f"has {found_bytes:,} of {size_bytes:,} bytes"
        return None if sha256_of(path) == sha256 else "has other content than its manifest says"
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read ({error.strerror})"
