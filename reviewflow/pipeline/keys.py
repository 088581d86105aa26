"""Give a step its key: a digest of everything that shapes what it writes.

    settings, files, facts ───────┐
    code that it reaches ─────────┤
    package versions ─────────────┼─ Fingerprint ─┐
    resources ────────────────────┘               ├─▶ key
    digests of the input artifacts ───────────────┘

Two keys differ for a reason. The fingerprint keeps its fields, so that the reason can be found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from reviewflow.store.hashing import digest_of, digest_of_text, json_text


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
        """32 hexadecimal characters: the digest of ``to_json``."""
        before, after = self._text_around_facts
        return digest_of_text(before + json_text(self.facts) + after)

    def with_facts(self, facts: Mapping[str, Any]) -> Fingerprint:
        """Return the fingerprint of a part, which differs in its facts alone."""
        other = replace(self, facts=facts)
        other.__dict__["_text_around_facts"] = self._text_around_facts  # the same for all parts
        return other

    @cached_property
    def _text_around_facts(self) -> tuple[str, str]:
        """What ``json_text`` writes before and after the facts."""
        fields = self.to_json()
        before = {name: own for name, own in fields.items() if name < "facts"}
        after = {name: own for name, own in fields.items() if name > "facts"}
        return f'{json_text(before)[:-1]},"facts":', f",{json_text(after)[1:]}"

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
