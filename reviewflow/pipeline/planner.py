"""What will run and why: one function decides, ``plan`` prints its answer and ``run`` obeys it.

step ─ fingerprint ─┬─ inputs known ──▶ key ─▶ store: whole → cached; else run
               └─ inputs made anew ─────▶ run, or "unless they come out the same"
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from platform import python_version
from typing import Any, Literal

from reviewflow.callgraph.reach import Reach
from reviewflow.callgraph.versions import package_versions
from reviewflow.errors import ConfigError, StoreError
from reviewflow.pipeline.graph import Node, Step
from reviewflow.pipeline.keys import Fingerprint, differences
from reviewflow.pipeline.last_run import LastRun
from reviewflow.pipeline.stage import Stage
from reviewflow.reporting.lineage import Lineage
from reviewflow.reviews.parts import Index, Reading
from reviewflow.reviews.split import place
from reviewflow.store.artifacts import Artifact, Damage, Store
from reviewflow.store.files import sha256_of
from reviewflow.store.hashing import digest_of
from reviewflow.text.wordnet import wordnet_digest

CALL = "reviewflow.pipeline.call.arguments"  # code that every stage's call goes through
OPTIONAL_OUTPUT = "split"  # the column of an official split; most files have none


@dataclass(frozen=True)
class Decision:
    """Whether a step runs.

    Attributes
    ----------
    action : ``cached``; ``run``; ``unless``: it runs unless its inputs come out as they were.
    reason : why, in words; empty where cached.
    key : None where an input is not made yet.
    identity : equal for steps that do the same; the key where it is known.
    """

    action: Literal["cached", "run", "unless"]
    reason: str
    key: str | None
    fingerprint: Fingerprint
    identity: str
    inputs: Mapping[str, list[str]] | None
    artifact: Artifact | None = None


class Planner:
    """Decides about steps, and remembers what has been made.

    Parameters
    ----------
    read : the index of the parts, and the rows of new ones.
    reaches : the code that each stage's function, and ``CALL``, reaches, by its dotted name.
    previous : the run to compare with when a reason is given.
    refresh : stage names that run whatever the store holds.
    """

    def __init__(
        self,
        store: Store,
        read: Reading,
        nodes: list[Node],
        reaches: Mapping[str, Reach],
        previous: LastRun,
        refresh: tuple[str, ...] = (),
    ) -> None:
        self.store, self.nodes = store, nodes
        self.index, self.fresh = read.index, read.fresh
        self.reaches, self.previous, self.refresh = reaches, previous, refresh
        self._made: dict[Step, Artifact] = {}
        self._ran: dict[Node, None] = {}
        self._remade: set[str] = set()
        self._foreseen: dict[Step, Decision] = {}
        self._fingerprints: dict[Node, Fingerprint] = {}
        self._first: dict[str, Step] = {}

    def plan_all(self) -> dict[Step, Decision]:
        """A decision for every step of the job, running nothing."""
        return {step: self.plan_step(step) for node in self.nodes for step in node.steps}

    def plan_step(self, step: Step) -> Decision:
        """Whether a step will run; exact once everything before it is made."""
        if step not in self._foreseen:
            self._foreseen[step] = self._decided(step)
        return self._foreseen[step]

    def resolve(self, step: Step) -> Decision:
        """The decision with every input made: look into the store afresh (hold the step's lock)."""
        fingerprint, inputs = self.fingerprint(step), self._inputs(step)
        if inputs is None:
            raise StoreError(f"{step.node.label} was started before what it reads was made.")
        return self._looked_up(step, fingerprint, inputs)

    def made(self, step: Step, artifact: Artifact, ran: bool) -> None:
        """Remember that a step's artifact is whole, and whether it was made by this run."""
        self._made[step] = artifact
        if ran:
            self._ran[step.node] = None
            self._remade.add(artifact.manifest["key"])

    def folder(self, step: Step) -> Path:
        """Where the artifact of a step lies that has been made or found."""
        return self._made[step].folder

    def bytes_in(self, step: Step) -> int:
        """Size of the artifacts that a step reads, which have been made or found."""
        return sum(self._made[s].bytes for steps in step.inputs().values() for s in steps)

    def fingerprint_digests(self) -> set[str]:
        """Digests of the fingerprints of all steps, known before anything runs."""
        return {self.fingerprint(step).digest for node in self.nodes for step in node.steps}

    def fingerprint(self, step: Step) -> Fingerprint:
        """What shapes the step beside its inputs."""
        node = step.node
        if node not in self._fingerprints:
            reach = self.reaches[node.stage.function]
            self._fingerprints[node] = Fingerprint(
                stage=node.stage.name,
                settings=node.settings_json,
                files={name: _content_digest(str(path)) for name, path in node.files.items()},
                given={},
                code={**self.reaches[CALL].definitions, **reach.definitions},
                packages={"python": python_version(), **package_versions(reach.packages)},
                resources=_resources(node),
            )
        fingerprint = self._fingerprints[node]
        given = {name: _given_as_json(name, step, self.index) for name in node.stage.facts}
        return replace(fingerprint, given=given) if given else fingerprint

    def _decided(self, step: Step) -> Decision:
        fingerprint = self.fingerprint(step)
        inputs = self._inputs(step)
        if inputs is None:
            return self._above_unknown(step, fingerprint)
        key = fingerprint.key(inputs)
        first = self._first.setdefault(key, step)
        if first != step and self.plan_step(first).action != "cached":
            return Decision("cached", "", key, fingerprint, key, inputs)
        return self._looked_up(step, fingerprint, inputs)

    def _looked_up(
        self, step: Step, fingerprint: Fingerprint, inputs: Mapping[str, list[str]]
    ) -> Decision:
        """A step whose inputs are known: the store decides."""
        key = fingerprint.key(inputs)
        if self._refreshed(step) and key not in self._remade:
            return Decision("run", "asked for with --refresh", key, fingerprint, key, inputs)
        found = self.store.find(step.node.stage.name, key)
        if isinstance(found, Artifact):
            return Decision("cached", "", key, fingerprint, key, inputs, found)
        reason = (
            f"artifact damaged: {found.why}"
            if isinstance(found, Damage)
            else self._reason(step, fingerprint, key)
        )
        return Decision("run", reason, key, fingerprint, key, inputs)

    def _above_unknown(self, step: Step, fingerprint: Fingerprint) -> Decision:
        """A step some of whose inputs will be made again: it has no key yet."""
        sources = [s for steps in step.inputs().values() for s in steps]
        waits = [s for s in sources if self._outputs(s, ()) is None]
        identity = digest_of([fingerprint.digest, [self.plan_step(s).identity for s in sources]])
        first = self._first.setdefault(identity, step)
        if first != step:
            return replace(self.plan_step(first), action="cached", reason="")
        if self._refreshed(step):
            return Decision("run", "asked for with --refresh", None, fingerprint, identity, None)
        unless = _unless(self._waited_for(step, waits))
        if fingerprint.digest in self.store.fingerprints(fingerprint.stage):
            return Decision("unless", unless, None, fingerprint, identity, None)
        reason = self._reason(step, fingerprint, None)
        if self._has_twin(step.node):
            reason = f"{reason}, {unless.removesuffix(' the same bytes')} another variant's bytes"
            return Decision("unless", reason, None, fingerprint, identity, None)
        return Decision("run", reason, None, fingerprint, identity, None)

    def _waited_for(self, step: Step, waits: list[Step]) -> list[str]:
        """What a person calls the work that a step waits for: never the work that it belongs to."""
        names = []
        for source in {source.node: source for source in waits}.values():
            if source.node.title != step.node.title:
                names.append(source.node.title)
            else:
                inner = [s for steps in source.inputs().values() for s in steps]
                unknown = [s for s in inner if self._outputs(s, ()) is None]
                names += self._waited_for(source, unknown)
        return names or [step.node.title]

    def _has_twin(self, node: Node) -> bool:
        """Whether another node has the same fingerprint, so that its artifact may serve both."""
        return any(
            other is not node
            and other.stage is node.stage
            and other.settings_json == node.settings_json
            for other in self.nodes
        )

    def _refreshed(self, step: Step) -> bool:
        stage = step.node.stage
        return stage.name in self.refresh or stage.group in self.refresh

    def _inputs(self, step: Step) -> dict[str, list[str]] | None:
        """The digests that count, by argument; None where one is not known yet."""
        digests = {}
        for name, steps in step.inputs().items():
            known = [self._outputs(s, step.node.stage.reads[name].outputs) for s in steps]
            if any(outputs is None for outputs in known):
                return None
            digests[name] = [
                digest for outputs in known if outputs is not None for digest in outputs
            ]
        return digests

    def _outputs(self, step: Step, names: tuple[str, ...]) -> list[str] | None:
        """Digests of a step's outputs, or None while they are not known.

        What ingest will give is known as soon as the file has been cut, unless its code changed.
        """
        artifact = self._made.get(step) or self.plan_step(step).artifact
        if artifact is not None:
            known = artifact.digests
        elif step.node.stage.name == "ingest" and step.part is not None and self._foretold(step):
            known = self.index.parts[step.part].digests
        else:
            return None
        if any(name not in known for name in names if name != OPTIONAL_OUTPUT):
            return None
        return [known.get(name, "") for name in names]

    def _foretold(self, step: Step) -> bool:
        """Whether ingest will write just the rows that were read: so it did, by the same code."""
        before, now = self.previous.fingerprints.get(step.node.history_key), self.fingerprint(step)
        return before is None or (before["code"], before["packages"]) == (now.code, now.packages)

    def _reason(self, step: Step, fingerprint: Fingerprint, key: str | None) -> str:
        """Why there is no artifact, compared with the run before."""
        node, fingerprints = step.node, self.previous.fingerprints
        before = fingerprints.get(node.history_key) or fingerprints.get(node.stage.name)
        if before is None:
            return _first_time(node, fingerprints)
        if key is not None and key in self.previous.keys.get(node.history_key, frozenset()):
            return "artifact missing"
        said = differences(before, fingerprint.to_json())
        if said:
            return "; ".join(said)
        if node.stage.name in ("ingest", "split", "normalize"):
            return "new rows"
        changed = dict.fromkeys(s.node.label for steps in step.inputs().values() for s in steps)
        ran = [node.label for node in tuple(self._ran) if node.label in changed]
        return (
            f"{_several(ran or list(changed))} gave other bytes" if changed else "not in the store"
        )


def _first_time(node: Node, fingerprints: Mapping[str, Any]) -> str:
    """Why a node runs of which the run before knew nothing."""
    siblings = [
        history_key
        for history_key in fingerprints
        if history_key.partition("[")[0] == node.stage.name
    ]
    if not siblings:
        return "not made before" if fingerprints else "first run"
    if node.seed is None:
        return "not made before"
    known = any(
        history_key.startswith(f"{node.stage.name}[{node.variants[0]}, seed ")
        for history_key in siblings
    )
    return f"new seed {node.seed}" if known else f"new variant {node.variants[0]}"


def given_facts(node: Node, part: int | None, index: Index) -> dict[str, Any]:
    """Facts about the data that a stage is told, as its function takes them.

    ``rows`` (the part's table) is not among them: the run hands it over while it reads the file.
    """
    facts: dict[str, Any] = {}
    if "place" in node.stage.facts and part is not None:
        facts["place"] = place(index, part, node.config.settings("split"))
    if "index" in node.stage.facts:
        facts["index"] = index
    if "lineage" in node.stage.facts:
        facts["lineage"] = _lineage(node)
    return facts


def _lineage(report: Node) -> tuple[Lineage, ...]:
    """Which variant and which earlier nodes each model of a report comes from, by number."""
    read = report.upstream
    names = list(dict.fromkeys(model.variants[0] for model in read["models"]))
    found = []
    for model in read["models"]:
        (features,) = model.upstream["features"]
        (tokens,), (vocabulary,) = features.upstream["tokens"], features.upstream["vocabulary"]
        found.append(
            Lineage(
                names.index(model.variants[0]),
                read["tokens"].index(tokens),
                read["vocabularies"].index(vocabulary),
                read["features"].index(features),
            )
        )
    return tuple(found)


def check_refresh(names: tuple[str, ...], stages: tuple[Stage, ...]) -> tuple[str, ...]:
    """The names as stages know them; raises ConfigError for a name that no stage has."""
    known = list(dict.fromkeys([s.group for s in stages] + [s.name for s in stages]))
    for name in names:
        if name not in known and name.replace("_", " ") not in known:
            raise ConfigError(f"--refresh {name!r} is no stage; the stages are {', '.join(known)}.")
    return tuple(name if name in known else name.replace("_", " ") for name in names)


def _given_as_json(name: str, step: Step, index: Index) -> Any:
    """A given fact as it counts in the key."""
    if name == "rows" and step.part is not None:
        return dict(index.parts[step.part].digests)
    value = given_facts(step.node, step.part, index)[name]
    if isinstance(value, Index):
        return digest_of(value.to_json())
    if name == "place":
        return None if value is None else asdict(value)
    return [list(model) for model in value]


def _resources(node: Node) -> dict[str, str]:
    """Digests of what shapes a stage beside configuration, code and packages."""
    found = {}
    if "wordnet" in node.stage.resources and node.config.settings("normalize.reduce") == "lemma":
        found["wordnet"] = wordnet_digest()
    for name in node.stage.resources:
        if name != "wordnet":
            found[name] = sha256_of(Path(__file__).parents[1] / name)[:32]
    return found


def _unless(labels: list[str]) -> str:
    """``unless train[relu] and 7 others give the same bytes``."""
    names = list(dict.fromkeys(labels))
    return f"unless {_several(names)} {'gives' if len(names) == 1 else 'give'} the same bytes"


def _several(names: list[str]) -> str:
    if len(names) > 2:
        return f"{names[0]} and {len(names) - 1} others"
    return " and ".join(names)


def _content_digest(path: str) -> str:
    """Digest of a file's bytes."""
    try:
        return sha256_of(Path(path))[:32]
    except OSError as error:
        raise ConfigError(
            f"The suite {path} cannot be read ({error.strerror}); check the paths under validate:."
        ) from None
