"""Decide what runs and why, for ``plan`` to print and a run to follow.

step ─ fingerprint ─┬─ inputs known ──▶ key ─▶ store: whole → cached, else run
                    └─ inputs to be made ────▶ run, or run unless they come out the same
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from platform import python_version
from typing import Any, Literal

from reviewflow.callgraph.reached import Reach
from reviewflow.callgraph.versions import package_versions
from reviewflow.errors import ConfigError, StoreError, unreadable_file
from reviewflow.pipeline.graph import Node, Step
from reviewflow.pipeline.key_history import KeyHistory
from reviewflow.pipeline.keys import Fingerprint, step_key
from reviewflow.pipeline.last_run import LastRun
from reviewflow.pipeline.reasons import Reason
from reviewflow.pipeline.resolved import ResolvedStep, StepInput, WatchedResource
from reviewflow.pipeline.stage import ROOT, Source, Stage
from reviewflow.store.artifacts import Artifact, Damage, Store
from reviewflow.store.files import sha256_of
from reviewflow.store.hashing import KEY_CHARACTERS, digest_of

CALL = "reviewflow.pipeline.call.arguments"  # code that every stage's call goes through


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a step runs.

    Attributes
    ----------
    action : ``cached``, ``run``, or ``unless``: it runs unless its inputs come out as they were.
    reasons : why it runs. Empty where it is cached.
    key : None where an input is not made yet.
    identity : equal for steps that do the same. The key where it is known.
    waits_for : titles of the nodes whose bytes decide, for ``unless``.
    is_shared : whether, for ``unless``, the bytes may also come out as another node's.
    """

    action: Literal["cached", "run", "unless"]
    reasons: tuple[Reason, ...]
    key: str | None
    fingerprint: Fingerprint
    identity: str
    artifact: Artifact | None = None
    waits_for: tuple[str, ...] = ()
    is_shared: bool = False


class Planner:
    """Decide about steps, and remember what has been made.

    Parameters
    ----------
    source : where the rows come from, for a job that has some.
    reaches : the code that each stage's function, and ``CALL``, reaches, by its dotted name.
    last_run : the run to compare with when reasons are given.
    refresh : stages and groups that run whatever the store holds.
    """

    def __init__(
        self,
        store: Store,
        nodes: list[Node],
        reaches: Mapping[str, Reach],
        last_run: LastRun,
        source: Source | None = None,
        refresh: tuple[str, ...] = (),
    ) -> None:
        self.store, self.nodes, self.source = store, nodes, source
        self.reaches, self.refresh = reaches, refresh
        self.history = KeyHistory(last_run, store)
        self._stages = {node.stage.name: node.stage for node in nodes}
        self._settings = Counter(node.settings_text for node in nodes)
        self._made: dict[Step, Artifact] = {}
        self._ran: dict[Node, None] = {}
        self._remade: set[str] = set()
        self._decisions: dict[Step, Decision] = {}
        self._unknown: dict[Step, list[Node]] = {}
        self._fingerprints: dict[Node | Step, Fingerprint] = {}
        self._first: dict[str, Step] = {}

    def plan_all(self) -> dict[Step, Decision]:
        """Return a decision for every step of the job, running nothing."""
        decisions = {step: self.plan_step(step) for node in self.nodes for step in node.steps}
        self.store.keep_manifests()
        return decisions

    def plan_step(self, step: Step) -> Decision:
        """Return whether a step will run, as far as that is known by now."""
        if step in self._made:
            return self._made_already(step)
        decisions = self._decisions  # another thread may put new ones in their place at any time
        decision = decisions.get(step)
        if decision is None:
            decision = decisions[step] = self._decide(step)
        return decision

    def key(self, step: Step) -> str:
        """Return the key of a step, as it is once resolved.

        Raises
        ------
        StoreError : if an input is not made yet.
        """
        digests = {
            name: self._digests_of(step, name, own) or []
            for name, own in self._made_inputs(step).items()
        }
        return step_key(self.fingerprint(step).digest, digests)

    def resolve(self, step: Step) -> ResolvedStep:
        """Return the step with everything that it takes to perform it.

        Raises
        ------
        StoreError : if an input is not made yet.
        """
        node, stage = step.node, step.node.stage
        sources = self._made_inputs(step)
        return ResolvedStep(
            stage=stage.name,
            label=node.label,
            function=stage.function,
            settings=node.settings,
            facts={fact.argument: fact.value(node, step.part, self._index) for fact in stage.facts},
            files=node.files,
            file_digest=stage.file_digest,
            resources={
                ROOT / each.path: WatchedResource(digest, each.digest)
                for each in stage.resources
                if (digest := self.fingerprint(step).resources.get(each.name)) is not None
            },
            inputs={name: self._step_input(step, name, own) for name, own in sources.items()},
            fingerprint=self.fingerprint(step),
            reaches=self._reaches_of(stage),
            source=self.source if stage.reads_source else None,
            part=step.part,
            digests=stage.digests,
        )

    def is_forced(self, step: Step, key: str) -> bool:
        """Return whether ``--refresh`` asks for a step not made by this run."""
        return self._is_refreshed(step) and key not in self._remade

    def reasons(self, step: Step, key: str | None, damage: Damage | None) -> tuple[Reason, ...]:
        """Return why a step runs: no whole artifact, or a refresh."""
        if self._is_refreshed(step):
            return (Reason("refresh"),)
        if damage is not None:
            return (Reason("damaged", new=damage.why),)
        reads_rows = self._reads_rows(step.node.stage)
        return self.history.reasons(
            step, self.fingerprint(step), key, reads_rows, self._input_digests(step), self._ran
        )

    def record(self, step: Step, artifact: Artifact, ran: bool) -> None:
        """Note that a step's artifact is whole, and whether this run made it."""
        self._made[step] = artifact
        if ran:
            self._ran[step.node] = None
            self._remade.add(artifact.key)
        forecast = self._decisions.get(step)
        if ran or forecast is None or forecast.action != "cached":
            self._decisions = {}  # what was forecast for later steps may be known now
            self._unknown = {}

    def folder(self, step: Step) -> Any:
        """Return the folder of the artifact of a step that has been made or found."""
        return self._made[step].folder

    def bytes_in(self, step: Step) -> int:
        """Return the size of the artifacts that a step reads.

        All of them have been made or found.
        """
        return sum(self._made[s].bytes for steps in step.inputs().values() for s in steps)

    def fingerprint_digests(self) -> set[str]:
        """Return the digests of all fingerprints, known before anything runs."""
        return {self.fingerprint(step).digest for node in self.nodes for step in node.steps}

    def fingerprint(self, step: Step) -> Fingerprint:
        """Return what shapes the step beside its inputs."""
        node, known = step.node, self._fingerprints
        if node not in known:
            known[node] = self._node_fingerprint(node)
        if not node.stage.facts and not node.stage.reads_source:
            return known[node]
        if step not in known:
            known[step] = known[node].with_facts(self._facts_json(step))
        return known[step]

    @property
    def _index(self) -> Any:
        return None if self.source is None else self.source.index

    def _reaches_of(self, stage: Stage) -> tuple[Reach, ...]:
        """Return the code that a stage's key counts."""
        return tuple(self.reaches[name] for name in (CALL, *stage.functions))

    def _facts_json(self, step: Step) -> dict[str, Any]:
        node = step.node
        facts = {
            fact.name: {fact.argument: fact.as_json(fact.value(node, step.part, self._index))}
            for fact in node.stage.facts
        }
        if node.stage.reads_source and self.source is not None and step.part is not None:
            facts["rows"] = dict(self.source.digests(step.part))
        return facts

    def _node_fingerprint(self, node: Node) -> Fingerprint:
        reached = self._reaches_of(node.stage)
        packages = sorted({package for reach in reached for package in reach.packages})
        resources = {each.name: each.digest_for(node.config) for each in node.stage.resources}
        return Fingerprint(
            stage=node.stage.name,
            settings=node.settings_json,
            files={name: _file_digest(node, name) for name in node.files},
            facts={},
            code={name: code for reach in reached for name, code in reach.definitions.items()},
            packages={"python": python_version(), **package_versions(packages)},
            resources={name: digest for name, digest in resources.items() if digest is not None},
        )

    def _made_inputs(self, step: Step) -> dict[str, list[Step]]:
        """Return the inputs of a step by argument, all of them made."""
        inputs, made = step.inputs(), self._made
        if any(source not in made for sources in inputs.values() for source in sources):
            raise StoreError(f"{step.node.label} was started before what it reads was made.")
        return inputs

    def _step_input(self, step: Step, argument: str, sources: list[Step]) -> StepInput:
        digests = self._digests_of(step, argument, sources)
        assert digests is not None  # every source is made
        folders = tuple(self._made[source].folder for source in sources)
        return StepInput(folders, tuple(digests), step.node.stage.reads[argument].every is None)

    def _made_already(self, step: Step) -> Decision:
        artifact = self._made[step]
        key = artifact.key
        return Decision("cached", (), key, self.fingerprint(step), key, artifact)

    def _decide(self, step: Step) -> Decision:
        fingerprint = self.fingerprint(step)
        inputs = self._input_digests(step)
        if inputs is None:
            return self._decide_without_key(step, fingerprint)
        key = step_key(fingerprint.digest, inputs)
        first = self._first.setdefault(key, step)
        if first != step and self.plan_step(first).action != "cached":
            return Decision("cached", (), key, fingerprint, key)
        if self.is_forced(step, key):
            return Decision("run", (Reason("refresh"),), key, fingerprint, key)
        found = self.store.find(step.node.stage.name, key)
        if isinstance(found, Artifact):
            return Decision("cached", (), key, fingerprint, key, found)
        return Decision("run", self.reasons(step, key, found), key, fingerprint, key)

    def _decide_without_key(self, step: Step, fingerprint: Fingerprint) -> Decision:
        """Decide about a step without a key: an input will be made again."""
        sources = [s for steps in step.inputs().values() for s in steps]
        identity = digest_of([fingerprint.digest, [self.plan_step(s).identity for s in sources]])
        first = self._first.setdefault(identity, step)
        if first != step:
            return replace(self.plan_step(first), action="cached", reasons=(), waits_for=())
        if self._is_refreshed(step):
            return Decision("run", (Reason("refresh"),), None, fingerprint, identity)
        waits_for = tuple(dict.fromkeys(node.title for node in self._unknown_nodes(step)))
        is_known = fingerprint.digest in self.store.fingerprints(fingerprint.stage)
        if is_known:
            return Decision("unless", (), None, fingerprint, identity, waits_for=waits_for)
        reasons = self.reasons(step, None, None)
        if self._settings[step.node.settings_text] > 1:  # another node's artifact may serve
            return Decision(
                "unless", reasons, None, fingerprint, identity, waits_for=waits_for, is_shared=True
            )
        return Decision("run", reasons, None, fingerprint, identity)

    def _unknown_nodes(self, step: Step) -> list[Node]:
        """Return the nodes of other groups that a step waits for, in graph order."""
        known = self._unknown  # another thread may put a new one in its place at any time
        if step not in known:
            known[step] = self._find_unknown_nodes(step)
        return known[step]

    def _find_unknown_nodes(self, step: Step) -> list[Node]:
        unknown: dict[Node, None] = {}
        for steps in step.inputs().values():
            for source in steps:
                if self._outputs(source, (), ()) is not None:
                    continue
                if source.node.title != step.node.title:
                    unknown[source.node] = None
                else:
                    unknown |= dict.fromkeys(self._unknown_nodes(source))
        return sorted(unknown, key=lambda node: node.number) or [step.node]

    def _is_refreshed(self, step: Step) -> bool:
        stage = step.node.stage
        return stage.name in self.refresh or stage.group in self.refresh

    def _reads_rows(self, stage: Stage) -> bool:
        """Return whether a step's inputs come from one part of the source alone."""
        if stage.reads_source:
            return True
        return stage.fan_out == "part" and all(
            reads.every is None and self._stages[reads.stage].reads_source
            for reads in stage.reads.values()
        )

    def _input_digests(self, step: Step) -> dict[str, list[str]] | None:
        """Return the input digests by argument, None while one is unknown."""
        digests = {}
        for name, sources in step.inputs().items():
            known = self._digests_of(step, name, sources)
            if known is None:
                return None
            digests[name] = known
        return digests

    def _digests_of(self, step: Step, argument: str, sources: list[Step]) -> list[str] | None:
        reads = step.node.stage.reads[argument]
        digests: list[str] = []
        for source in sources:
            known = self._outputs(source, reads.outputs, reads.optional)
            if known is None:
                return None
            digests += known
        return digests

    def _outputs(
        self, step: Step, names: tuple[str, ...], optional: tuple[str, ...]
    ) -> list[str] | None:
        """Return digests of a step's outputs, or None while they are not known.

        A stage that reads the source gives the source's digests, unless its code changed.
        """
        artifact = self._made.get(step) or self.plan_step(step).artifact
        if artifact is not None:
            known: Mapping[str, str] = artifact.digests
        elif self._gives_the_sources_digests(step) and self.source and step.part is not None:
            known = self.source.digests(step.part)
        else:
            return None
        if [name for name in names if name not in known and name not in optional]:
            return None
        return [known.get(name, "") for name in names]

    def _gives_the_sources_digests(self, step: Step) -> bool:
        """Return whether the same code wrote the source's digests before."""
        return step.node.stage.reads_source and self.history.has_same_code(
            step.node, self.fingerprint(step)
        )


def check_refresh(names: tuple[str, ...], stages: tuple[Stage, ...]) -> tuple[str, ...]:
    """Return the names as stages know them.

    Raises
    ------
    ConfigError : if no stage has a name.
    """
    known = list(dict.fromkeys([s.group for s in stages] + [s.name for s in stages]))
    for name in names:
        if name not in known and name.replace("_", " ") not in known:
            raise ConfigError(
                f"--refresh {name!r} is not a stage; the stages are {', '.join(known)}."
            )
    return tuple(name if name in known else name.replace("_", " ") for name in names)


def _file_digest(node: Node, argument: str) -> str:
    """Return the digest of a file that a setting names."""
    path = node.files[argument]
    try:
        return (node.stage.file_digest or sha256_of)(path)[:KEY_CHARACTERS]
    except OSError as error:
        what, setting = argument.rpartition("_")[2], node.stage.files[argument]
        raise unreadable_file(what, path, error.strerror, setting) from None
