"""What will run and why: one function decides, ``plan`` prints its answer and ``run`` obeys it.

step ─ recipe ─┬─ inputs known ──▶ key ─▶ store: whole → cached; else run
               └─ inputs made anew ─────▶ run, or "unless they come out the same"
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from platform import python_version
from typing import Any, Literal

from reviewflow.code.reaching import Reach
from reviewflow.code.versions import package_versions
from reviewflow.errors import ConfigError, StoreError
from reviewflow.job import Stage
from reviewflow.keys import Recipe, differences, digest_of
from reviewflow.lines import Line, Step
from reviewflow.reporting.lineage import Lineage
from reviewflow.reviews.parts import Index, Reading
from reviewflow.reviews.split import place
from reviewflow.store import Artifact, Damage, Store, sha256_of
from reviewflow.text.wordnet import wordnet_digest

CALL = "reviewflow.calling.arguments"  # code that every stage's call goes through
OPTIONAL_OUTPUT = "split"  # the column of an official split; most files have none


@dataclass(frozen=True)
class Decision:
    """Whether a step runs.

    Attributes
    ----------
    action : ``cached``; ``run``; ``unless``: it runs unless its inputs come out as they were.
    reason : why, in words; empty where cached.
    key : None where an input is not made yet.
    fingerprint : equal for steps that do the same; the key where it is known.
    """

    action: Literal["cached", "run", "unless"]
    reason: str
    key: str | None
    recipe: Recipe
    fingerprint: str
    inputs: Mapping[str, list[str]] | None
    artifact: Artifact | None = None


@dataclass(frozen=True)
class Previous:
    """What the run before this one knew: recipes and keys by line label."""

    recipes: Mapping[str, Mapping[str, Any]]
    keys: Mapping[str, frozenset[str]]


class Ledger:
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
        lines: list[Line],
        reaches: Mapping[str, Reach],
        previous: Previous,
        refresh: tuple[str, ...] = (),
    ) -> None:
        self.store, self.lines = store, lines
        self.index, self.fresh = read.index, read.fresh
        self.reaches, self.previous, self.refresh = reaches, previous, refresh
        self._made: dict[Step, Artifact] = {}
        self._ran: dict[Line, None] = {}
        self._remade: set[str] = set()
        self._foreseen: dict[Step, Decision] = {}
        self._recipes: dict[Line, Recipe] = {}
        self._first: dict[str, Step] = {}

    def foresee(self) -> dict[Step, Decision]:
        """A decision for every step of the job, running nothing."""
        return {step: self.decide(step) for line in self.lines for step in line.steps}

    def decide(self, step: Step) -> Decision:
        """Whether a step will run; exact once everything before it is made."""
        if step not in self._foreseen:
            self._foreseen[step] = self._decided(step)
        return self._foreseen[step]

    def settle(self, step: Step) -> Decision:
        """The decision with every input made: look into the store afresh (hold the step's lock)."""
        recipe, inputs = self.recipe(step), self._inputs(step)
        if inputs is None:
            raise StoreError(f"{step.line.label} was started before what it reads was made.")
        return self._looked_up(step, recipe, inputs)

    def made(self, step: Step, artifact: Artifact, ran: bool) -> None:
        """Remember that a step's artifact is whole, and whether it was made by this run."""
        self._made[step] = artifact
        if ran:
            self._ran[step.line] = None
            self._remade.add(artifact.manifest["key"])

    def folder(self, step: Step) -> Path:
        """Where the artifact of a step lies that has been made or found."""
        return self._made[step].folder

    def bytes_in(self, step: Step) -> int:
        """Size of the artifacts that a step reads, which have been made or found."""
        return sum(self._made[s].bytes for steps in step.inputs().values() for s in steps)

    def recipe_digests(self) -> set[str]:
        """Digests of the recipes of all steps, known before anything runs."""
        return {self.recipe(step).digest for line in self.lines for step in line.steps}

    def recipe(self, step: Step) -> Recipe:
        """What shapes the step beside its inputs."""
        line = step.line
        if line not in self._recipes:
            reach = self.reaches[line.stage.does]
            self._recipes[line] = Recipe(
                stage=line.stage.name,
                settings=line.settings_json,
                files={name: _content_digest(str(path)) for name, path in line.files.items()},
                given={},
                code={**self.reaches[CALL].definitions, **reach.definitions},
                packages={"python": python_version(), **package_versions(reach.packages)},
                resources=_resources(line),
            )
        recipe = self._recipes[line]
        given = {name: _given_as_json(name, step, self.index) for name in line.stage.given}
        return replace(recipe, given=given) if given else recipe

    def _decided(self, step: Step) -> Decision:
        recipe = self.recipe(step)
        inputs = self._inputs(step)
        if inputs is None:
            return self._above_unknown(step, recipe)
        key = recipe.key(inputs)
        first = self._first.setdefault(key, step)
        if first != step and self.decide(first).action != "cached":
            return Decision("cached", "", key, recipe, key, inputs)
        return self._looked_up(step, recipe, inputs)

    def _looked_up(self, step: Step, recipe: Recipe, inputs: Mapping[str, list[str]]) -> Decision:
        """A step whose inputs are known: the store decides."""
        key = recipe.key(inputs)
        if self._refreshed(step) and key not in self._remade:
            return Decision("run", "asked for with --refresh", key, recipe, key, inputs)
        found = self.store.find(step.line.stage.name, key)
        if isinstance(found, Artifact):
            return Decision("cached", "", key, recipe, key, inputs, found)
        reason = (
            f"artifact damaged: {found.why}"
            if isinstance(found, Damage)
            else self._reason(step, recipe, key)
        )
        return Decision("run", reason, key, recipe, key, inputs)

    def _above_unknown(self, step: Step, recipe: Recipe) -> Decision:
        """A step some of whose inputs will be made again: it has no key yet."""
        sources = [s for steps in step.inputs().values() for s in steps]
        waits = [s for s in sources if self._outputs(s, ()) is None]
        fingerprint = digest_of([recipe.digest, [self.decide(s).fingerprint for s in sources]])
        first = self._first.setdefault(fingerprint, step)
        if first != step:
            return replace(self.decide(first), action="cached", reason="")
        if self._refreshed(step):
            return Decision("run", "asked for with --refresh", None, recipe, fingerprint, None)
        unless = _unless(self._waited_for(step, waits))
        if recipe.digest in self.store.recipes(recipe.stage):
            return Decision("unless", unless, None, recipe, fingerprint, None)
        reason = self._reason(step, recipe, None)
        if self._has_twin(step.line):
            reason = f"{reason}, {unless.removesuffix(' the same bytes')} another variant's bytes"
            return Decision("unless", reason, None, recipe, fingerprint, None)
        return Decision("run", reason, None, recipe, fingerprint, None)

    def _waited_for(self, step: Step, waits: list[Step]) -> list[str]:
        """What a person calls the work that a step waits for: never the work that it belongs to."""
        names = []
        for source in {source.line: source for source in waits}.values():
            if source.line.shown_label != step.line.shown_label:
                names.append(source.line.shown_label)
            else:
                inner = [s for steps in source.inputs().values() for s in steps]
                unknown = [s for s in inner if self._outputs(s, ()) is None]
                names += self._waited_for(source, unknown)
        return names or [step.line.shown_label]

    def _has_twin(self, line: Line) -> bool:
        """Whether another line cooks the same recipe, and might be fed the same and come first."""
        return any(
            other is not line
            and other.stage is line.stage
            and other.settings_json == line.settings_json
            for other in self.lines
        )

    def _refreshed(self, step: Step) -> bool:
        stage = step.line.stage
        return stage.name in self.refresh or stage.shown_as in self.refresh

    def _inputs(self, step: Step) -> dict[str, list[str]] | None:
        """The digests that count, by argument; None where one is not known yet."""
        digests = {}
        for name, steps in step.inputs().items():
            known = [self._outputs(s, step.line.stage.reads[name].outputs) for s in steps]
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
        artifact = self._made.get(step) or self.decide(step).artifact
        if artifact is not None:
            known = artifact.digests
        elif step.line.stage.name == "ingest" and step.part is not None and self._foretold(step):
            known = self.index.parts[step.part].digests
        else:
            return None
        if any(name not in known for name in names if name != OPTIONAL_OUTPUT):
            return None
        return [known.get(name, "") for name in names]

    def _foretold(self, step: Step) -> bool:
        """Whether ingest will write just the rows that were read: so it did, by the same code."""
        before, now = self.previous.recipes.get(step.line.slot), self.recipe(step)
        return before is None or (before["code"], before["packages"]) == (now.code, now.packages)

    def _reason(self, step: Step, recipe: Recipe, key: str | None) -> str:
        """Why there is no artifact, compared with the run before."""
        line, recipes = step.line, self.previous.recipes
        before = recipes.get(line.slot) or recipes.get(line.stage.name)
        if before is None:
            return _first_time(line, recipes)
        if key is not None and key in self.previous.keys.get(line.slot, frozenset()):
            return "artifact missing"
        said = differences(before, recipe.to_json())
        if said:
            return "; ".join(said)
        if line.stage.name in ("ingest", "split", "normalize"):
            return "new rows"
        changed = dict.fromkeys(s.line.label for steps in step.inputs().values() for s in steps)
        ran = [line.label for line in tuple(self._ran) if line.label in changed]
        return (
            f"{_several(ran or list(changed))} gave other bytes" if changed else "not in the store"
        )


def _first_time(line: Line, recipes: Mapping[str, Any]) -> str:
    """Why a line runs of which the run before knew nothing."""
    siblings = [slot for slot in recipes if slot.partition("[")[0] == line.stage.name]
    if not siblings:
        return "not made before" if recipes else "first run"
    if line.seed is None:
        return "not made before"
    known = any(
        slot.startswith(f"{line.stage.name}[{line.variants[0]}, seed ") for slot in siblings
    )
    return f"new seed {line.seed}" if known else f"new variant {line.variants[0]}"


def given_facts(line: Line, part: int | None, index: Index) -> dict[str, Any]:
    """Facts about the data that a stage is told, as its function takes them.

    ``rows`` (the part's table) is not among them: the run hands it over while it reads the file.
    """
    facts: dict[str, Any] = {}
    if "place" in line.stage.given and part is not None:
        facts["place"] = place(index, part, line.config.settings("split"))
    if "index" in line.stage.given:
        facts["index"] = index
    if "lineage" in line.stage.given:
        facts["lineage"] = _lineage(line)
    return facts


def _lineage(report: Line) -> tuple[Lineage, ...]:
    """Which variant and which earlier lines each model of a report comes from, by number."""
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
    known = list(dict.fromkeys([s.shown_as for s in stages] + [s.name for s in stages]))
    for name in names:
        if name not in known and name.replace("_", " ") not in known:
            raise ConfigError(f"--refresh {name!r} is no stage; the stages are {', '.join(known)}.")
    return tuple(name if name in known else name.replace("_", " ") for name in names)


def _given_as_json(name: str, step: Step, index: Index) -> Any:
    """A given fact as it counts in the key."""
    if name == "rows" and step.part is not None:
        return dict(index.parts[step.part].digests)
    value = given_facts(step.line, step.part, index)[name]
    if isinstance(value, Index):
        return digest_of(value.to_json())
    if name == "place":
        return None if value is None else asdict(value)
    return [list(model) for model in value]


def _resources(line: Line) -> dict[str, str]:
    """Digests of what shapes a stage beside configuration, code and packages."""
    found = {}
    if "wordnet" in line.stage.resources and line.config.settings("normalize.reduce") == "lemma":
        found["wordnet"] = wordnet_digest()
    for name in line.stage.resources:
        if name != "wordnet":
            found[name] = sha256_of(Path(__file__).parent / name)[:32]
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
