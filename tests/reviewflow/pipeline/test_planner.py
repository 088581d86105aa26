"""The planner: its decisions come true, are exact as soon as they can be, and cost little."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from reviewflow.errors import ConfigError, StoreError
from reviewflow.pipeline.explain import plan_entries, plan_text
from reviewflow.pipeline.graph import Step
from reviewflow.pipeline.last_run import LastRun
from reviewflow.pipeline.planner import Decision, check_refresh
from reviewflow.pipeline.runner import Run
from tests.reviewflow.pipeline.measuring import calls_of, seconds_of
from tests.reviewflow.pipeline.small_job import (
    JOB,
    Numbered,
    Settings,
    by_label,
    groups_of,
    last_run_of,
    perform_all,
)

SAME_HALVES = ((0, 2, 3), (4, 5), (6, 7))  # 0 and 1 have the same half of their square


def damage(job: Numbered) -> Numbered:
    for path in (job.folder / "store" / "halve").glob("*/numbers.json"):
        path.write_text("", encoding="utf-8")
    return job


SCENARIOS: dict[str, Callable[[Numbered], Numbered]] = {
    "the first run": lambda job: replace(job, folder=job.folder / "new"),
    "nothing changed": lambda job: job,
    "code with the same result": lambda job: job.with_changes(code={"square": "2"}),
    "code with the same result, further down": lambda job: job.with_changes(code={"total": "2"}),
    "another power": lambda job: job.with_changes(config=Settings(power=3)),
    "another part with the same halves": lambda job: job.with_changes(parts=SAME_HALVES),
    "another part": lambda job: job.with_changes(parts=((1, 2, 3), (4, 9), (6, 7))),
    "all to be made again": lambda job: job.with_changes(refresh=JOB.groups),
    "damage": damage,
    "variants with equal settings": lambda job: job.with_changes(
        variants={"slow": Settings(rate=0.9), "same": Settings(rate=0.9), "fast": Settings()}
    ),
}


@pytest.fixture
def job(tmp_path: Path) -> Numbered:
    return Numbered(tmp_path)


@pytest.fixture
def first(job: Numbered) -> Run:
    return perform_all(job)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_decisions_are_exact_once_everything_before_is_made(
    scenario: str, job: Numbered, first: Run
) -> None:
    """They are asked for at the start as well, so that what was forecast then is renewed."""
    changed = SCENARIOS[scenario](job)
    decided: dict[Step, Decision] = {}
    with ThreadPoolExecutor(2) as pool:
        run = changed.run(pool, last_run_of(first))
        run.planner.plan_all()
        for group in groups_of(run):
            steps = [step for node in group.nodes for step in node.steps]
            decided |= {step: run.planner.plan_step(step) for step in steps}
            run.planner.plan_all()
            run.perform(group)
    for step, outcome in zip(run.artifacts, run.outcomes, strict=True):
        decision = decided[step]
        assert decision.key == outcome.key, step
        assert decision.action == {"ran": "run", "cached": "cached"}[outcome.state], step
        assert decision.reasons == outcome.reasons, step


def test_a_forecast_is_renewed_where_another_run_made_the_step(job: Numbered, first: Run) -> None:
    changed = job.with_changes(parts=SAME_HALVES)
    with ThreadPoolExecutor(2) as pool:
        run = changed.run(pool, last_run_of(first))
        read, square, halve, total, *_ = groups_of(run)
        (summed,) = total.nodes[0].steps
        assert run.planner.plan_step(summed).action == "unless"
        perform_all(changed)
        for group in (read, square, halve):
            assert {outcome.state for outcome in run.perform(group)} == {"cached"}
        assert run.planner.plan_step(summed).action == "cached"


def test_a_step_that_may_come_out_the_same_runs_unless_it_does(job: Numbered, first: Run) -> None:
    decisions = job.with_changes(code={"square": "2"}).planner(last_run_of(first)).plan_all()
    actions = {(step.node.label, step.part): d.action for step, d in decisions.items()}
    assert {actions["read", part] for part in range(3)} == {"cached"}
    assert {actions["square", part] for part in range(3)} == {"run"}
    assert {actions["halve", part] for part in range(3)} == {actions["page", None]} == {"unless"}
    text = plan_text(decisions).splitlines()
    assert "halve: will run unless square gives the same bytes" in text


def test_a_plan_of_one_part_says_so(job: Numbered, first: Run) -> None:
    last_run = last_run_of(first)
    decisions = job.with_changes(parts=SAME_HALVES).planner(last_run).plan_all()
    assert "square: 1 of 3 parts will run — new rows" in plan_text(decisions).splitlines()
    entries = [entry for entry in plan_entries(decisions) if entry["stage"] == "square"]
    assert [(entry["part"], entry["action"]) for entry in entries] == [
        (0, "run"),
        (1, "cached"),
        (2, "cached"),
    ]
    assert entries[0]["reasons"] == [{"kind": "rows", "name": None, "old": None, "new": None}]
    assert [entry["reasons"] for entry in entries[1:]] == [[], []]


def test_a_step_is_not_resolved_before_its_inputs_are_made(job: Numbered) -> None:
    planner = job.planner()
    step = next(node for node in planner.nodes if node.label == "total").steps[0]
    with pytest.raises(StoreError, match="total was started before what it reads was made"):
        planner.resolve(step)


def test_what_is_refreshed_is_made_once_though_two_steps_have_its_key(job: Numbered) -> None:
    """The parts are equal, so they have one key."""
    equal = job.with_changes(parts=((1, 2), (1, 2), (3,)))
    perform_all(equal)
    again = perform_all(equal.with_changes(refresh=("square",)))
    states = [o.state for (label, _), (_, o) in by_label(again).items() if label == "square"]
    assert states == ["ran", "cached", "ran"]


def test_a_stage_to_refresh_that_does_not_exist_is_an_error() -> None:
    assert check_refresh(("halve", "total"), JOB.stages) == ("halve", "total")
    with pytest.raises(ConfigError, match="'half' is not a stage; the stages are read, square"):
        check_refresh(("half",), JOB.stages)


def many(job: Numbered, variants: int, first_rate: float = 0.0) -> Numbered:
    """Return the job with so many variants of three seeds each."""
    rates = [10 * number + first_rate for number in range(variants)]
    return job.with_changes(variants={f"v{rate}": Settings(rate=rate, repeats=3) for rate in rates})


def last_run_of_plan(job: Numbered) -> LastRun:
    """Return what a run of the job would leave for the next one, as far as a plan knows."""
    planner = job.planner()
    prints = {
        node.history_key: planner.fingerprint(node.steps[0]).to_json() for node in planner.nodes
    }
    return LastRun(prints, dict.fromkeys(prints, frozenset({"k"})))


def plan_everything(job: Numbered, last_run: LastRun) -> list[str]:
    decisions = job.planner(last_run).plan_all()
    plan_entries(decisions)
    return plan_text(decisions).splitlines()


@pytest.mark.parametrize("is_first", [True, False], ids=["the first run", "other variants before"])
def test_planning_grows_with_the_number_of_nodes_alone(is_first: bool, job: Numbered) -> None:
    """Twice the variants are twice the calls. Loops in C show in the time of 1,000 variants."""

    def work(variants: int) -> Callable[[], list[str]]:
        now = many(job, variants)
        last_run = LastRun() if is_first else last_run_of_plan(many(job, variants, 0.5))
        return lambda: plan_everything(now, last_run)

    assert calls_of(work(200)) <= 2.1 * calls_of(work(100))
    assert seconds_of(work(1000)) <= 9 * seconds_of(work(250))  # 4 if linear, 16 if quadratic
    assert len(work(100)()) == 4 + 3 * 100 + 1
