"""The identity of a step: a digest of everything that shapes what it writes.

    settings, files, given facts ─┐
    code that it reaches ─────────┤
    package versions ─────────────┼─ Fingerprint ─┐
    resources ────────────────────┘          ├─▶ key
    digests of the input artifacts ──────────┘

Two keys differ for a reason, and the fingerprint's parts are kept so that it can be said in words.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from reviewflow.store.hashing import digest_of

# facts that a whole stage is told; what a part is told changes with its rows, which are named so
GIVEN_WORDS = {"index": "other rows", "lineage": "other variants"}


@dataclass(frozen=True)
class Fingerprint:
    """What shapes a step's output beside its inputs; every value is JSON."""

    stage: str
    settings: Mapping[str, Any]
    files: Mapping[str, str]
    given: Mapping[str, Any]
    code: Mapping[str, str]
    packages: Mapping[str, str]
    resources: Mapping[str, str]

    @cached_property
    def digest(self) -> str:
        """32 hexadecimal characters."""
        return digest_of(self.to_json())

    def to_json(self) -> dict[str, Any]:
        """The fields by name; as dataclasses.asdict, without copying what is in them."""
        return {
            "stage": self.stage,
            "settings": self.settings,
            "files": self.files,
            "given": self.given,
            "code": self.code,
            "packages": self.packages,
            "resources": self.resources,
        }

    def key(self, inputs: Mapping[str, list[str]]) -> str:
        """The key of the step that cooks this fingerprint from these input digests."""
        return digest_of({"fingerprint": self.digest, "inputs": dict(inputs)})


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """What changed between two fingerprints (as dicts), a few words each, settings first."""
    said = []
    for name, value in _flat(new["settings"]).items():
        before = _flat(old["settings"]).get(name)
        if before != value:
            said.append(f"{name} {_shown(before)} → {_shown(value)}")
    for name in new["files"]:
        if old["files"].get(name) != new["files"][name]:
            said.append(f"{name.replace('_', ' ')} edited")
    for name, words in GIVEN_WORDS.items():
        if name in new["given"] and old["given"].get(name) != new["given"][name]:
            said.append(words)
    code = sorted(
        {name for name, digest in new["code"].items() if old["code"].get(name) != digest}
        | (set(old["code"]) - set(new["code"]))
    )
    if code:
        more = f" and {len(code) - 3} more" if len(code) > 3 else ""
        said.append(f"code changed: {', '.join(code[:3])}{more}")
    for name in sorted({*new["packages"], *old["packages"]}):
        before, after = old["packages"].get(name), new["packages"].get(name)
        if before != after:
            said.append(f"{name} {_shown(before)} → {_shown(after)}")
    for name, value in new["resources"].items():
        if old["resources"].get(name) != value:
            said.append(f"resource {name} changed")
    return said


def _flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:59] + "…"
