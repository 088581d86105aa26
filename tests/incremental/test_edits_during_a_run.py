"""An edit while a run is going never puts a result under a key that it does not belong to.

keys are taken ─▶ edit ─▶ a stage imports or reads the edited text ─▶ the run ends, nothing is kept
                            └─ put back at once, times included ────▶ the same
"""

import shutil
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.incremental.conftest import Checkout, First

EVALUATE = "reviewflow/evaluation/evaluate.py"
INTERVALS = "reviewflow/evaluation/intervals.py"
METRICS = "reviewflow/evaluation/metrics.py"
REVIEWS_SUITE = "configs/expectations/reviews.yaml"


class Meanwhile(NamedTuple):
    """An edit before a group of stages begins.

    Attributes
    ----------
    stage : the stage that imports or reads the edited file first.
    undo : what the edit outlives, for the case that it is put back (see ``driver.py``).
    named : what the error calls the file.
    label : the step whose result is not kept.
    """

    group: str
    stage: str
    file: str
    old: str
    new: str
    undo: str
    named: str
    label: str

    def edit(self, is_undone: bool) -> dict[str, Any]:
        """Return the edit as the driver takes it."""
        edit = {"file": self.file, "old": self.old, "new": self.new}
        return {self.group: [edit | ({"undo": self.undo} if is_undone else {})]}


EDITS = {
    "code of a stage": Meanwhile(
        "evaluate",
        "evaluate",
        EVALUATE,
        'return {"rows": len(predicted)}',
        'return {"rows": int(len(predicted))}',
        "reviewflow.evaluation.evaluate",
        "reviewflow.evaluation.evaluate",
        "evaluate[relu]",
    ),
    "the level of intervals": Meanwhile(
        "train",  # two groups before it is imported
        "report",
        INTERVALS,
        "LEVEL = 0.95",
        "LEVEL = 0.90",
        "reviewflow.evaluation.intervals",
        "reviewflow.evaluation.intervals",
        "report",
    ),
    "a limit of a suite": Meanwhile(
        "validate reviews",
        "validate_reviews",
        REVIEWS_SUITE,
        "{min_value: 20}",
        "{min_value: 21}",
        "call: reviewflow.quality.validate_reviews.validate_reviews",
        REVIEWS_SUITE,
        "validate_reviews",
    ),
}


def artifact_folders(checkout: Checkout) -> set[Path]:
    """Return the folders of all artifacts."""
    return set((checkout.artifacts / "store").glob("[!.]*/*"))


@pytest.mark.parametrize("is_undone", [False, True], ids=["edited", "edited and undone"])
@pytest.mark.parametrize("name", EDITS)
def test_the_run_ends_and_keeps_nothing(
    name: str, is_undone: bool, checkout: Checkout, first: First
) -> None:
    meanwhile = EDITS[name]
    text = checkout.path(meanwhile.file).read_text("utf-8")
    shutil.rmtree(checkout.artifacts / "store" / meanwhile.stage)
    before = artifact_folders(checkout)
    stopped = checkout.run(edits=meanwhile.edit(is_undone))
    assert stopped.answer["exit_code"] == 1
    assert stopped.record["state"] == "failed"
    assert stopped.record["error"].endswith(
        f"{meanwhile.named} changed while the run was going, so the result of {meanwhile.label} "
        "was not kept; run again."
    )
    assert len(stopped.record["error"].splitlines()) == 1
    assert artifact_folders(checkout) == before
    assert not list((checkout.artifacts / "store" / ".making").iterdir())
    assert (checkout.path(meanwhile.file).read_text("utf-8") == text) == is_undone

    checkout.put_back()
    again = checkout.run()
    assert {label.partition("[")[0] for label in again.ran} == {meanwhile.stage}
    for step, outcome in first[1].outcomes.items():
        assert again.outcomes[step]["key"] == outcome["key"], step
        assert again.outcomes[step]["digests"] == outcome["digests"], step


def test_an_edit_of_what_is_already_imported_has_no_effect_until_the_next_run(
    checkout: Checkout, first: First
) -> None:
    """The configuration's sections import the metrics, so that this is before keys are taken."""
    for stage in ("evaluate", "report"):
        shutil.rmtree(checkout.artifacts / "store" / stage)
    checkout.path(METRICS)
    edit = {"file": METRICS, "old": "THRESHOLD = 0.5", "new": "THRESHOLD = 0.9"}
    run = checkout.run(edits={"train": [edit]})
    assert run.record["state"] == "completed"
    for step, outcome in first[1].outcomes.items():
        assert run.outcomes[step]["digests"] == outcome["digests"], step
    after = checkout.plan()
    assert after.with_action("run") == {"evaluate[relu]", "evaluate[tanh]", "report"}
    assert after.why("evaluate[relu]") == (
        "select.threshold 0.5 → 0.9; code changed: reviewflow.evaluation.metrics.THRESHOLD"
    )
    checkout.put_back()
    assert checkout.plan().with_action("run") == set()


@pytest.mark.parametrize("is_undone", [False, True], ids=["edited", "edited and undone"])
def test_a_comment_does_not_end_the_run(is_undone: bool, checkout: Checkout, first: First) -> None:
    shutil.rmtree(checkout.artifacts / "store" / "evaluate")
    edits = (
        EDITS["code of a stage"]
        ._replace(new='return {"rows": len(predicted)}  # one')
        .edit(is_undone)
    )
    checkout.path(EVALUATE)
    run = checkout.run(edits=edits)
    assert run.record["state"] == "completed"
    assert run.ran == {"evaluate[relu]", "evaluate[tanh]"}
    for step, outcome in first[1].outcomes.items():
        assert run.outcomes[step]["digests"] == outcome["digests"], step
