"""The table of stages: steps summed by stage, with each reason once."""

from typing import Any

from reviewflow.reporting.page.stage_table import stage_rows


def step(stage: str, state: str, seconds: float, **more: Any) -> dict[str, Any]:
    return {"stage": stage, "state": state, "seconds": seconds, "bytes": 1000, **more}


def test_steps_are_summed_by_stage() -> None:
    steps = [step("a", "cached", 1.0), step("a", "ran", 2.0, part=1, reason="new rows")]
    first, second = stage_rows({"stages": [*steps, step("b", "failed", 1.0)]})
    assert (first.steps, first.outcome, first.state) == (2, "1 cached, 1 ran", "ran")
    assert (first.seconds, first.share, first.offset, first.size) == (3.0, 0.75, 0.0, "2.0 kB")
    assert first.reasons == ("new rows (part 2)",)
    assert (second.outcome, second.share, second.offset) == ("failed", 0.25, 0.75)


def test_a_reason_of_all_steps_names_none_and_the_sixth_is_counted() -> None:
    steps = [step("a", "ran", 0.0, variant=str(n), reason="new rows") for n in range(3)]
    (row,) = stage_rows({"stages": steps})
    assert row.reasons == ("new rows",)
    steps = [step("a", "ran", 0.0, variant=f"v{n}", reason=f"reason {n}") for n in range(7)]
    (row,) = stage_rows({"stages": steps})
    assert row.reasons[0] == "reason 0 (v0)"
    assert row.reasons[5:] == ("2 other reasons",)
    assert stage_rows({}) == ()
