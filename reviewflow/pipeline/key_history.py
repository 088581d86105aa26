"""Find a step's reasons to run by comparing with the last run's keys.

fingerprint and inputs now ──┐
                             ├─▶ reasons
fingerprint and inputs then ─┘
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from reviewflow import __version__
from reviewflow.pipeline.graph import Node, Step
from reviewflow.pipeline.keys import Fingerprint
from reviewflow.pipeline.last_run import LastRun
from reviewflow.pipeline.reasons import Reason, differences
from reviewflow.store.artifacts import Artifact, Store

RENAMED_SINCE, RENAMED_IN = "0.1", "0.2"  # between these versions the modules were renamed


@dataclass(frozen=True)
class _InputsBefore:
    """What the last run's artifacts of a node read as one argument.

    Attributes
    ----------
    lists : the digests that counted, a list for each artifact.
    digests : all of them.
    """

    lists: frozenset[tuple[str, ...]]
    digests: frozenset[str]


class KeyHistory:
    """The keys of the last run, and what they were made of.

    Parameters
    ----------
    store : holds the manifests of the last run's artifacts, unless they were removed.
    """

    def __init__(self, last_run: LastRun, store: Store) -> None:
        self.last_run, self.store = last_run, store
        self._inputs: dict[str, Mapping[str, _InputsBefore]] = {}

    def has_same_code(self, node: Node, fingerprint: Fingerprint) -> bool:
        """Return whether the last run, if it knew the node, had the same code."""
        before = self.last_run.fingerprints.get(node.history_key)
        now = (fingerprint.code, fingerprint.packages)
        return before is None or (before["code"], before["packages"]) == now

    def reasons(
        self,
        step: Step,
        fingerprint: Fingerprint,
        key: str | None,
        reads_rows: bool,
        inputs: Mapping[str, list[str]] | None,
        ran: Mapping[Node, None],
    ) -> tuple[Reason, ...]:
        """Return why a step has no artifact.

        Parameters
        ----------
        key : None where an input is not made yet.
        reads_rows : whether the step's inputs come from one part of the rows alone.
        inputs : the digests that count, by argument, where they are known.
        ran : the nodes of which this run made something.
        """
        node, known = step.node, self.last_run.fingerprints
        name = node.history_key if node.history_key in known else node.stage.name
        if name not in known:
            return (self._first_time(node),)
        if key is not None and key in self.last_run.keys.get(node.history_key, frozenset()):
            return (Reason("missing"),)
        now = _comparable(node, fingerprint.to_json())
        changed = differences(_comparable(node, known[name]), now)
        if self.last_run.version_of(name) not in (None, __version__):
            changed = [_as_default(reason, node) for reason in changed]
        if f"{self.last_run.version_of(name)}.".startswith(f"{RENAMED_SINCE}."):
            settings = [reason for reason in changed if reason.kind in ("setting", "default")]
            return (*settings, Reason("version", "reviewflow", RENAMED_SINCE, RENAMED_IN))
        if any(reason.kind != "fact" for reason in changed):
            return tuple(changed)
        if reads_rows:
            return (Reason("rows"),)
        found = tuple(dict.fromkeys(self._input_reasons(step, inputs or {})))
        if changed and {reason.kind for reason in found} != {"order"}:  # facts follow the order
            return tuple(changed)
        return found or _by_what_ran(step, ran)

    @cached_property
    def _stages(self) -> frozenset[str]:
        """The stages that the last run knew."""
        return frozenset(name.partition("[")[0] for name in self.last_run.fingerprints)

    @cached_property
    def _variants(self) -> frozenset[str]:
        """Stages with the variants that the last run knew, as in ``train[tanh``."""
        return frozenset(name.rpartition(", seed ")[0] for name in self.last_run.fingerprints)

    def _first_time(self, node: Node) -> Reason:
        """Return why a node runs of which the last run knew nothing."""
        stage, variant = node.stage.name, node.variants[0]
        if not self.last_run.fingerprints:
            return Reason("first_run", "configuration" if self.last_run.other_runs else None)
        if stage not in self._stages or node.seed is None:
            return Reason("new_step")
        if f"{stage}[{variant}" in self._variants:
            return Reason("new_seed", variant, new=node.seed)
        return Reason("new_variant", variant)

    def _input_reasons(self, step: Step, inputs: Mapping[str, list[str]]) -> Iterator[Reason]:
        """Yield which inputs differ from those of the last run's artifacts."""
        sources, before = step.inputs(), self._inputs_before(step.node)
        for argument, digests in inputs.items():
            old, reads = before.get(argument), step.node.stage.reads[argument]
            if old is None or tuple(digests) in old.lists:
                continue
            nodes = len({source.node for source in sources[argument]})
            if reads.every and (what := _what_moved(digests, old, nodes)):
                yield Reason("order", what)
                continue
            outputs = len(reads.outputs)
            for number, source in enumerate(sources[argument]):
                if not old.digests.issuperset(digests[number * outputs : (number + 1) * outputs]):
                    yield self._input_reason(source.node)

    def _input_reason(self, source: Node) -> Reason:
        """Return what to say of a source whose bytes the last run did not read."""
        if source.seed is not None and source.history_key not in self.last_run.fingerprints:
            return self._first_time(source)
        return Reason("input", source.label)

    def _inputs_before(self, node: Node) -> Mapping[str, _InputsBefore]:
        """Return what the node's artifacts of the last run read, by argument.

        What the store no longer holds is left out.
        """
        name = node.history_key
        if name not in self._inputs:
            lists: dict[str, set[tuple[str, ...]]] = {}
            for key in self.last_run.keys.get(name, ()):
                found = self.store.find(node.stage.name, key)
                manifest: Mapping[str, Any] = found.manifest if isinstance(found, Artifact) else {}
                for argument, digests in manifest.get("inputs", {}).items():
                    lists.setdefault(argument, set()).add(tuple(digests))
            self._inputs[name] = {
                argument: _InputsBefore(frozenset(own), frozenset(d for each in own for d in each))
                for argument, own in lists.items()
            }
        return self._inputs[name]


def _as_default(reason: Reason, node: Node) -> Reason:
    """Return a reason that tells a new default from a setting that was given.

    Between two versions of reviewflow a setting that nobody gave changes with its default.
    """
    if reason.kind != "setting" or reason.name is None or node.config.is_given(reason.name):
        return reason
    return reason._replace(kind="default")


def _what_moved(digests: list[str], old: _InputsBefore, nodes: int) -> str | None:
    """Return what is in another order than before, or None.

    It is ``variants`` or ``parts``.

    Parameters
    ----------
    nodes : how many nodes the digests are of, the same number of each.
    """
    for before in old.lists:
        if sorted(before) == sorted(digests):
            is_by_node = _by_node(before, nodes) == _by_node(digests, nodes)
            return "variants" if nodes > 1 and is_by_node else "parts"
    return None


def _by_node(digests: Sequence[str], nodes: int) -> list[tuple[str, ...]]:
    """Return the digests of each node, sorted."""
    size = len(digests) // nodes
    return sorted(tuple(digests[size * node : size * (node + 1)]) for node in range(nodes))


def _comparable(node: Node, fingerprint: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a fingerprint without facts of a part, which change with rows."""
    return {**fingerprint, "facts": {}} if node.stage.fan_out == "part" else fingerprint


def _by_what_ran(step: Step, ran: Mapping[Node, None]) -> tuple[Reason, ...]:
    """Return the inputs that this run made.

    What the last run read is not known any more.
    """
    sources = {source.node for steps in step.inputs().values() for source in steps}
    labels = dict.fromkeys(node.label for node in tuple(ran) if node in sources)
    return tuple(Reason("input", label) for label in labels) or (Reason("unknown"),)
