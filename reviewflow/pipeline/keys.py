"""Give a step its key: a digest of everything that shapes what it writes.

    settings, files, facts ───────┐
    code that it reaches ─────────┤
    package versions ─────────────┼─ Fingerprint ─┐
    resources ────────────────────┘               ├─▶ key
    digests of the input artifacts ───────────────┘

Two keys differ for a reason. The fingerprint keeps its fields, so that the reason can be found.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from reviewflow.store.hashing import digest_of


@dataclass(frozen=True)
class Fingerprint:
    """What shapes a step's output beside its inputs. Every value is JSON."""

    stage: str
    settings: Mapping[str, Any]
    files: Mapping[str, str]
    facts: Mapping[str, Any]
    code: Mapping[str, str]
    packages: Mapping[str, str]
    resources: Mapping[str, str]

    @cached_property
    def digest(self) -> str:
        """32 hexadecimal characters."""
        return digest_of(self.to_json())

    def to_json(self) -> dict[str, Any]:
        """Return the fields by name.

        Unlike dataclasses.asdict it does not copy them.
        """
        return {
            "stage": self.stage,
            "settings": self.settings,
            "files": self.files,
            "facts": self.facts,
            "code": self.code,
            "packages": self.packages,
            "resources": self.resources,
        }


def step_key(fingerprint: str, inputs: Mapping[str, Sequence[str]]) -> str:
    """Return the key of a step.

    Parameters
    ----------
    fingerprint : the digest of the step's fingerprint.
    inputs : the digests that count of its input artifacts, by argument.
    """
    return digest_of({"fingerprint": fingerprint, "inputs": dict(inputs)})
