"""Publish a run's bundle under its name, and let the gate decide.

publish.name ─ bundle of this run ─┬─ did it learn? ─ first of its name ──────────▶ champion
                                   └─ rows that both models score ─ gate ────────▶ champion?

No stage does this: what was the champion yesterday is not an input of any artifact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reviewflow.config.sections import Config
from reviewflow.context import Context
from reviewflow.errors import InputError
from reviewflow.models.bundle import Bundle, read_bundle, read_version
from reviewflow.models.gate import Contender, Rules, Verdict, decide, refusal
from reviewflow.models.registry import Registry
from reviewflow.pipeline.runner import Run

if TYPE_CHECKING:
    from reviewflow.models.predictor import Model


def publish_model(
    run: Run, config: Config, artifacts: Path, learned: bool, head: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Put the run's bundle into the registry, and move the champion if it may.

    Parameters
    ----------
    learned : whether the bundle's variant beats the majority class.
    head : of run.json, for the run's id.

    Returns
    -------
    dict or None
        ``name``, ``version``, ``folder``, and ``gate``: the decision. None where the configuration
        publishes nothing, or the run did not get that far.
    """
    folder, name = run.folder_of("publish"), config.publish.name
    if folder is None or name is None:
        return None
    registry, version = Registry(artifacts / "models"), read_version(folder)
    current = registry.current(name)
    entry = {"name": name, "version": version, "folder": str(registry.folder / name / version)}
    if not learned:
        why = "It does not beat the majority class beyond chance, so it is not published."
        return {**entry, "folder": None, "gate": Verdict(False, why, current, {}).to_json()}
    if current == version:
        why = "It is the champion already: the same bytes."
        return {**entry, "gate": Verdict(False, why, current, {}).to_json()}
    bundle = read_bundle(folder)
    rules = Rules(config.publish.max_loss, config.publish.min_gain)
    decision = _decide(run, bundle, registry, name, rules)
    published = {
        "run_id": head.get("run_id"),
        "config": head.get("config_file"),
        "commit": (head.get("environment") or {}).get("commit"),
        "gate": decision.to_json(),
    }
    registry.add(name, bundle.files, bundle.digest, published)
    if decision.promoted:
        registry.promote(name, version, f"gate, run {head.get('run_id')}: {decision.reason}")
    return {**entry, "gate": decision.to_json()}


def gate_sentence(published: Mapping[str, Any]) -> str:
    """Return what became of a run's model, in a sentence or two."""
    gate = published["gate"]
    which = f"{published['name']} {published['version']}"
    what = "is the champion now" if gate["promoted"] else "is not promoted"
    return f"Model {which} {what}. {gate['reason']}"


def _decide(run: Run, bundle: Bundle, registry: Registry, name: str, rules: Rules) -> Verdict:
    """Compare the bundle with the champion, if there is one that can be."""
    current = registry.current(name)
    if bundle.version in registry.rolled_back(name):
        reason = (
            "A person rolled back from it; `reviewflow models promote "
            f"{name} {bundle.version}` makes it the champion again."
        )
        return Verdict(False, reason, current, {})
    # an unchanged run compares nothing, and should not wait for these
    from reviewflow.models.predictor import Model
    from reviewflow.models.publish import held_out_rows

    if current is None:
        return Verdict(True, "It is the first model of its name that learned.", None, {})
    try:
        champion = read_bundle(registry.folder / name / current)
    except InputError as error:
        return Verdict(False, f"The champion cannot be compared: {error}", current, {})
    why = refusal(_contender(bundle, None), _contender(champion, current))
    if why is not None:
        return Verdict(False, why, current, {})
    texts, labels = held_out_rows(run.part_folders("ingest"), run.part_folders("split"))
    context = Context(stop=run.stop)
    return decide(
        labels,
        (_scores(Model(bundle), texts, context), bundle.threshold),
        (_scores(Model(champion), texts, context), champion.threshold),
        current,
        rules,
    )


def _contender(bundle: Bundle, version: str | None) -> Contender:
    return Contender(version, bundle.class_names, bundle.content["split"])


def _scores(model: Model, texts: Sequence[Any], context: Context) -> Any:
    """Return the probabilities of all parts' texts, one after the other."""
    import numpy as np

    pieces = []
    for part in texts:
        context.check_stop()
        pieces.append(model.probabilities(part))
    return np.concatenate(pieces)
