"""Find a step's reasons to run by comparing with the last run's keys.

fingerprint and inputs now ──┐
                             ├─▶ reasons
fingerprint and inputs then ─┘
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reviewflow.pipeline.graph import Node, Step
from reviewflow.pipeline.keys import Fingerprint
from reviewflow.pipeline.last_run import LastRun
from reviewflow.pipeline.reasons import Reason, differences
from reviewflow.store.artifacts import Artifact, Store

RENAMED_SINCE, RENAMED_IN = "0.1", "0.2"  # between these versions the modules were renamed


class KeyHistory:
    """The keys of the last run, and what they were made of.

    Parameters
    ----------
    store : holds the manifests of the last run's artifacts, unless they were removed.
    """

    def __init__(self, last_run: LastRun, store: Store) -> None:
        self.last_run, self.store = last_run, store

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
        before = known.get(node.history_key) or known.get(node.stage.name)
        if before is None:
            return (self._first_time(node),)
        if key is not None and key in self.last_run.keys.get(node.history_key, frozenset()):
            return (Reason("missing"),)
        changed = differences(_comparable(node, before), _comparable(node, fingerprint.to_json()))
        if f"{self.last_run.version}.".startswith(f"{RENAMED_SINCE}."):
            settings = [reason for reason in changed if reason.kind == "setting"]
            return (*settings, Reason("version", "reviewflow", RENAMED_SINCE, RENAMED_IN))
        if changed:
            return tuple(changed)
        if reads_rows:
            return (Reason("rows"),)
        found = list(dict.fromkeys(self._input_reasons(step, inputs)))
        return tuple(found) or _by_what_ran(step, ran)

    def _first_time(self, node: Node) -> Reason:
        """Return why a node runs of which the last run knew nothing."""
        known = self.last_run.fingerprints
        siblings = [key for key in known if key.partition("[")[0] == node.stage.name]
        if not known:
            return Reason("first_run", "configuration" if self.last_run.other_runs else None)
        if not siblings or node.seed is None:
            return Reason("new_step")
        variant = node.variants[0]
        if any(key.startswith(f"{node.stage.name}[{variant}, seed ") for key in siblings):
            return Reason("new_seed", variant, new=node.seed)
        return Reason("new_variant", variant)

    def _input_reasons(
        self, step: Step, inputs: Mapping[str, list[str]] | None
    ) -> Iterator[Reason]:
        """Yield which inputs differ from those of the last run's artifact."""
        before = self._inputs_before(step)
        if inputs is None or before is None:
            return
        for argument, digests in inputs.items():
            reads, old = step.node.stage.reads[argument], before.get(argument)
            if not isinstance(old, list) or old == digests:
                continue
            if sorted(old) == sorted(digests):
                yield Reason("order", "variants" if reads.every == "variant" else "parts")
                continue
            sources, outputs = step.inputs()[argument], len(reads.outputs)
            for number, source in enumerate(sources):
                if not set(digests[number * outputs : (number + 1) * outputs]) <= set(old):
                    yield Reason("input", source.node.label)

    def _inputs_before(self, step: Step) -> Mapping[str, Any] | None:
        """Return the input digests of the last run's artifact, if it is there."""
        keys: Sequence[str] = sorted(self.last_run.keys.get(step.node.history_key, ()))
        if step.part is not None or len(keys) != 1:
            return None
        found = self.store.find(step.node.stage.name, keys[0])
        inputs = found.manifest.get("inputs") if isinstance(found, Artifact) else None
        return inputs if isinstance(inputs, Mapping) else None


def _comparable(node: Node, fingerprint: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a fingerprint without facts of a part, which change with rows."""
    return {**fingerprint, "facts": {}} if node.stage.fan_out == "part" else fingerprint


def _by_what_ran(step: Step, ran: Mapping[Node, None]) -> tuple[Reason, ...]:
    """Name the inputs that this run made, or else all of them."""
    sources = dict.fromkeys(s.node for steps in step.inputs().values() for s in steps)
    guilty = [node for node in tuple(ran) if node in sources] or list(sources)
    labels = dict.fromkeys(node.label for node in guilty)
    return tuple(Reason("input", label) for label in labels) or (Reason("unknown"),)
