"""Reasons for a step to run are true: each is what differs from the last run, and no more."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reviewflow import __version__
from reviewflow.pipeline.explain import decision_text
from reviewflow.pipeline.last_run import LastRun
from reviewflow.pipeline.reasons import Reason, reason_text
from reviewflow.pipeline.runner import Run
from tests.reviewflow.pipeline.small_job import (
    PARTS,
    VARIANTS,
    Numbered,
    Settings,
    by_label,
    last_run_of,
    perform_all,
)

Named = tuple[str, int | None]
NEW_RATE = {"slow": Settings(), "fast": Settings(rate=0.7)}


class LaterSettings(Settings):
    """The settings of a version with another default."""

    rate: float = 0.3


@pytest.fixture
def job(tmp_path: Path) -> Numbered:
    return Numbered(tmp_path)


@pytest.fixture
def first(job: Numbered) -> Run:
    return perform_all(job)


def reasons(run: Run) -> dict[Named, tuple[Reason, ...]]:
    """Return why each step that ran did so. The words are made of the reasons alone."""
    found = {}
    for name, (_, outcome) in by_label(run).items():
        assert outcome.reason == reason_text(outcome.reasons)
        assert bool(outcome.reasons) == (outcome.state == "ran")
        if outcome.state == "ran":
            found[name] = outcome.reasons
    return found


def plan_reasons(job: Numbered, last_run: LastRun) -> dict[Named, tuple[Reason, ...]]:
    """Return the plan's reasons of the steps that it says will run for sure."""
    found = {}
    for step, decision in job.planner(last_run).plan_all().items():
        if decision.action == "run":
            assert decision_text(decision) == reason_text(decision.reasons)
            found[step.node.label, step.part] = decision.reasons
    return found


def test_the_first_run_of_all(job: Numbered, first: Run) -> None:
    assert set(reasons(first).values()) == {(Reason("first_run"),)}
    assert reason_text([Reason("first_run")]) == "first run"


def test_the_first_run_of_a_configuration(job: Numbered) -> None:
    run = perform_all(job, LastRun(other_runs=True))
    assert set(reasons(run).values()) == {(Reason("first_run", "configuration"),)}
    assert reason_text([Reason("first_run", "configuration")]) == "first run of this configuration"


TWO = {"slow": Settings(), "fast": Settings(rate=0.5)}
SCENARIOS: dict[str, tuple[dict[str, Any], dict[Named, tuple[Reason, ...]]]] = {
    "nothing": ({}, {}),
    "variants swapped": (
        {"variants": dict(reversed(VARIANTS.items()))},
        {("page", None): (Reason("order", "variants"),)},
    ),
    "a variant renamed": ({"variants": {"slow": Settings(), "quick": Settings(rate=0.5)}}, {}),
    "parts swapped": (
        {"parts": tuple(reversed(PARTS)), "config": Settings()},
        {("total", None): (Reason("order", "parts"),)},
    ),
    "a part's numbers": (
        {"parts": ((1, 2, 3), (4, 9), (6, 7))},
        {
            ("read", 1): (Reason("rows"),),
            ("square", 1): (Reason("rows"),),
            ("halve", 1): (Reason("input", "square"),),
            ("total", None): (Reason("input", "halve"),),
            ("fit[slow]", None): (Reason("input", "total"),),
            ("fit[fast]", None): (Reason("input", "total"),),
            ("page", None): (Reason("input", "fit[slow]"), Reason("input", "fit[fast]")),
        },
    ),
    "a part's numbers with the same halves": (
        {"parts": ((0, 2, 3), (4, 5), (6, 7))},
        {
            ("read", 0): (Reason("rows"),),
            ("square", 0): (Reason("rows"),),
            ("halve", 0): (Reason("input", "square"),),
        },
    ),
    "a part more": (
        {"parts": (*PARTS, (8,))},
        {
            ("read", 3): (Reason("rows"),),
            ("square", 3): (Reason("rows"),),
            ("halve", 3): (Reason("input", "square"),),
            ("total", None): (Reason("input", "halve"),),
            ("fit[slow]", None): (Reason("input", "total"),),
            ("fit[fast]", None): (Reason("input", "total"),),
            ("page", None): (Reason("input", "fit[slow]"), Reason("input", "fit[fast]")),
        },
    ),
    "a setting of a variant": (
        {"variants": NEW_RATE},
        {
            ("fit[fast]", None): (Reason("setting", "fit.rate", 0.5, 0.7),),
            ("page", None): (Reason("input", "fit[fast]"),),
        },
    ),
    "another variant in the place of one": (
        {"variants": {"slow": Settings(), "medium": Settings(rate=0.3)}},
        {
            ("fit[medium]", None): (Reason("new_variant", "medium"),),
            ("page", None): (Reason("new_variant", "medium"),),
        },
    ),
    "a seed more": (
        {"variants": {"slow": Settings(repeats=2), "fast": Settings(rate=0.5)}},
        {
            ("fit[slow, seed 1]", None): (Reason("new_seed", "slow", new=1),),
            ("page", None): (Reason("new_seed", "slow", new=1),),
        },
    ),
    "code with the same result": (
        {"code": {"square": "2"}},
        {
            ("square", part): (
                Reason("code", "tests.reviewflow.pipeline.small_job.square", "1", "2"),
            )
            for part in range(3)
        },
    ),
    "a step asked for": (
        {"refresh": ("halve",)},
        {("halve", part): (Reason("refresh"),) for part in range(3)},
    ),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_each_reason_is_what_differs(name: str, job: Numbered, first: Run) -> None:
    changes, expected = SCENARIOS[name]
    changed, last_run = job.with_changes(**changes), last_run_of(first)
    forecast = plan_reasons(changed, last_run)
    assert reasons(perform_all(changed, last_run)) == expected
    assert forecast.items() <= expected.items()


def test_a_seed_of_a_variant_whose_name_begins_as_another(job: Numbered, first: Run) -> None:
    variants = {**VARIANTS, "slow, seed 0": Settings(rate=0.2), "slo": Settings(rate=0.3)}
    found = reasons(perform_all(job.with_changes(variants=variants), last_run_of(first)))
    assert found["fit[slow, seed 0]", None] == (Reason("new_variant", "slow, seed 0"),)
    assert found["fit[slo]", None] == (Reason("new_variant", "slo"),)


def test_a_stage_that_the_last_run_did_not_have(job: Numbered, first: Run) -> None:
    before = last_run_of(first)
    known = {name: each for name, each in before.fingerprints.items() if name != "halve"}
    shutil.rmtree(job.folder / "store" / "halve")
    found = reasons(perform_all(job, LastRun(known, before.keys)))
    assert found == {("halve", part): (Reason("new_step"),) for part in range(3)}


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda folder: shutil.rmtree(folder), "artifact missing"),
        (lambda folder: (folder / "manifest.json").unlink(), "has no manifest"),
        (lambda folder: (folder / "numbers.json").write_text("["), "has 1 of "),
    ],
    ids=["removed", "without its manifest", "cut short"],
)
@pytest.mark.parametrize("name", [("halve", 1), ("total", None)])
def test_an_artifact_that_is_gone_or_damaged(
    name: Named, damage: Callable[[Path], None], reason: str, job: Numbered, first: Run
) -> None:
    damage(by_label(first)[name][0].folder)
    forecast = plan_reasons(job, last_run_of(first))
    ((found, why),) = reasons(perform_all(job, last_run_of(first))).items()
    assert found == name
    assert [each.kind for each in why] == ["missing" if "missing" in reason else "damaged"]
    assert reason in reason_text(why)
    assert forecast == {found: why}


def test_nothing_is_claimed_of_inputs_where_the_last_artifact_is_gone(
    job: Numbered, first: Run
) -> None:
    """What the page read is not known any more, so nobody can say which variant is another."""
    shutil.rmtree(job.folder / "store" / "page")
    swapped = job.with_changes(variants=dict(reversed(VARIANTS.items())))
    assert plan_reasons(swapped, last_run_of(first)) == {("page", None): (Reason("unknown"),)}
    found = reasons(perform_all(swapped, last_run_of(first)))
    assert found == {("page", None): (Reason("unknown"),)}
    assert reason_text([Reason("unknown")]) == "not in the store"


def test_what_this_run_made_is_named_where_the_last_artifact_is_gone(
    job: Numbered, first: Run
) -> None:
    shutil.rmtree(job.folder / "store" / "page")
    found = reasons(perform_all(job.with_changes(variants=NEW_RATE), last_run_of(first)))
    assert found["page", None] == (Reason("input", "fit[fast]"),)


VERSION = Reason("version", "reviewflow", "0.1", "0.2")


@pytest.mark.parametrize("version", ["0.1", "0.1.0", "0.1.3"])
def test_renamed_modules_are_one_reason_for_every_line(
    version: str, job: Numbered, first: Run
) -> None:
    renamed = job.with_changes(
        code=dict.fromkeys(("arguments", "read", "square", "halve"), "renamed")
    )
    found = plan_reasons(renamed, last_run_of(first, version))
    assert found[("read", 0)] == found["square", 2] == found["halve", 1] == (VERSION,)
    assert reason_text([VERSION]) == "reviewflow 0.1 → 0.2: modules renamed"
    assert {kind for why in found.values() for kind in (why[-1].kind,)} == {"version"}


def test_settings_are_named_beside_renamed_modules(job: Numbered, first: Run) -> None:
    code = dict.fromkeys(("fit", "page"), "renamed")
    found = reasons(
        perform_all(job.with_changes(code=code, variants=NEW_RATE), last_run_of(first, "0.1.0"))
    )
    assert found["fit[slow]", None] == (VERSION,)
    assert found["fit[fast]", None] == (Reason("setting", "fit.rate", 0.5, 0.7), VERSION)


@pytest.mark.parametrize(("version", "kind"), [("0.2.9", "default"), (__version__, "setting")])
def test_a_new_default_is_told_from_a_setting(
    job: Numbered, first: Run, version: str, kind: str
) -> None:
    variants = {"slow": Settings(), "fast": LaterSettings()}
    found = plan_reasons(job.with_changes(variants=variants), last_run_of(first, version))
    assert found["fit[fast]", None] == (Reason(kind, "fit.rate", 0.5, 0.3),)
    found = plan_reasons(job.with_changes(variants=NEW_RATE), last_run_of(first, version))
    assert found["fit[fast]", None] == (Reason("setting", "fit.rate", 0.5, 0.7),)


def test_what_a_stopped_run_did_not_reach_is_still_of_the_version_before(
    job: Numbered, first: Run
) -> None:
    """As after the first run of version 0.2, which was stopped once the squares were made."""
    code = dict.fromkeys(("read", "square", "halve", "total", "fit", "page"), "renamed")
    before, now = last_run_of(first, "0.1.0"), last_run_of(perform_all(job), "0.2.0")
    reached = ("read", "square")
    stopped = replace(
        now, versions={name: "0.1.0" for name in before.fingerprints if name not in reached}
    )
    found = plan_reasons(job.with_changes(code=code), stopped)
    assert {why[0].kind for (label, _), why in found.items() if label in reached} == {"code"}
    assert {why for (label, _), why in found.items() if label not in reached} == {(VERSION,)}
    assert len(found) > 2 * 3


@pytest.mark.parametrize("version", ["0.2", "0.10.0", "1.0.1", None])
def test_code_of_other_versions_is_named(version: str | None, job: Numbered, first: Run) -> None:
    found = plan_reasons(job.with_changes(code={"square": "2"}), last_run_of(first, version))
    assert {why[0].kind for why in found.values()} == {"code"}
