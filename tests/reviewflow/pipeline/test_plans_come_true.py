"""What the plan says is what the run does, and a change costs only what it affects."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from reviewflow.pipeline.explain import decision_text
from tests.conftest import (
    PlannedRun,
    Reviews,
    StepName,
    plan_and_run,
    small_config,
    write_config,
    write_reviews,
)


@dataclass(frozen=True)
class Project:
    """A folder of its own with data, suites, configuration and artifacts."""

    folder: Path
    reviews: Reviews

    @property
    def config(self) -> Path:
        return self.folder / "job.yaml"

    @property
    def artifacts(self) -> Path:
        return self.folder / "artifacts"

    def set_up(self) -> None:
        """Write everything but the artifacts; the content is always the same."""
        content = small_config(write_reviews(self.folder / "reviews.csv", self.reviews))
        for name, path in content["validate"].items():
            content["validate"][name] = str(shutil.copy(path, self.folder / f"{name}.yaml"))
        write_config(self.config, content)

    def write_rows(self, change: Callable[[Reviews], Reviews]) -> None:
        write_reviews(self.folder / "reviews.csv", change(list(self.reviews)))

    def edit(self, change: Callable[[dict[str, Any]], None], name: str = "job") -> None:
        """Edit a YAML file of the folder."""
        path = self.folder / f"{name}.yaml"
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        change(content)
        write_config(path, content)


@pytest.fixture(scope="module")
def first(reviews: Reviews, tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, PlannedRun]:
    """The first run of all, which every scenario goes on from."""
    project = Project(tmp_path_factory.mktemp("first"), reviews)
    project.set_up()
    return project, plan_and_run(project.config, project.artifacts)


@pytest.fixture
def project(first: tuple[Project, PlannedRun], tmp_path: Path) -> Project:
    """A copy of the first run's folder in another place."""
    before, _ = first
    shutil.copytree(before.artifacts, tmp_path / "artifacts", symlinks=True)
    copy = Project(tmp_path, before.reviews)
    copy.set_up()
    return copy


def assert_plan_came_true(run: PlannedRun, before: PlannedRun) -> None:
    """Check that the run did what the plan had said, step by step."""
    assert run.outcomes.keys() == run.plan.keys()
    for step, decision in run.plan.items():
        outcome = run.outcomes[step]
        if decision.key is not None:
            assert outcome.key == decision.key, step
        if decision.action == "unless":
            assert decision.key is None, step
            assert waits_for_one_that_runs(run, step), step
            if step in before.inputs:
                changed = run.inputs[step] != before.inputs[step]
                assert (outcome.state == "ran") == changed, step
        else:
            assert outcome.state == {"run": "ran", "cached": "cached"}[decision.action], step
            assert bool(decision_text(decision)) == (decision.action == "run"), step


def waits_for_one_that_runs(run: PlannedRun, name: StepName) -> bool:
    (step,) = (step for step in run.run.artifacts if (step.node.label, step.part) == name)
    sources = (source for steps in step.inputs().values() for source in steps)
    return any(run.plan[source.node.label, source.part].action != "cached" for source in sources)


def test_at_first_everything_runs(first: tuple[Project, PlannedRun]) -> None:
    _, run = first
    assert run.outcomes.keys() == run.plan.keys()
    decisions = run.plan.values()
    assert "cached" not in {decision.action for decision in decisions}
    assert {decision_text(d) for d in decisions if d.action == "run"} == {"first run"}
    # all models are evaluated with the same settings, so a second one may be spared
    unless = {label for (label, _), d in run.plan.items() if d.action == "unless"}
    assert unless <= {"evaluate[relu]", "evaluate[tanh]"}
    assert {outcome.state for outcome in run.outcomes.values()} == {"ran"}


def test_every_stage_over_rows_has_all_of_them(first: tuple[Project, PlannedRun]) -> None:
    _, run = first
    for stage in ("ingest", "split", "normalize", "features", "validate_reviews"):
        rows = [o.rows for o in run.outcomes.values() if o.stage == stage]
        assert sum(row or 0 for row in rows) == run.run.index.rows == 600


def of_variant(name: str) -> set[str]:
    return {f"train[{name}]", f"evaluate[{name}]"}


MODELS = of_variant("relu") | of_variant("tanh") | {"report"}
FROM_FEATURES = {"features", "validate_features"} | MODELS
FROM_VOCABULARY = {"vocabulary"} | FROM_FEATURES


def nothing(project: Project) -> None:
    """Change nothing; the folder is another one, and all its files are younger."""


def learning_rate(project: Project) -> None:
    project.edit(lambda c: c["variants"]["tanh"].update({"train.learning_rate": 0.2}))


def variant_added(project: Project) -> None:
    project.edit(lambda c: c["variants"].update({"wide": {"train.hidden": [9, 4]}}))


def variant_renamed(project: Project) -> None:
    project.edit(lambda c: c["variants"].update({"new name": c["variants"].pop("tanh")}))


def variant_taken_out(project: Project) -> None:
    project.edit(lambda c: c["variants"].pop("tanh"))


def stems_for_one(project: Project) -> None:
    project.edit(lambda c: c["variants"].update({"stems": {"normalize.reduce": "stem"}}))


def more_seeds(project: Project) -> None:
    project.edit(lambda c: c["train"].update(repeats=2))


def reduce(project: Project) -> None:
    project.edit(lambda c: c.update(normalize={"reduce": "stem"}))


def same_pattern_in_other_words(project: Project) -> None:
    project.edit(lambda c: c.update(normalize={"token_pattern": r"(?:\w+(?:'\w+)*)"}))


def max_features(project: Project) -> None:
    project.edit(lambda c: c["vectorize"].update(max_features=200))


def norm(project: Project) -> None:
    project.edit(lambda c: c["vectorize"].update(norm="l1"))


def split_seed(project: Project) -> None:
    project.edit(lambda c: c.update(split={"seed": 7}))


def reviews_limit(project: Project) -> None:
    project.edit(lambda c: c["expectations"][0]["kwargs"].update(min_value=21), "reviews")


def features_limit(project: Project) -> None:
    project.edit(lambda c: c["expectations"][0]["kwargs"].update(min_value=2), "features")


def row_appended(project: Project) -> None:
    project.write_rows(lambda rows: [*rows, ("A film like any other, and good.", "positive")])


def label_mended(project: Project) -> None:
    def mend(rows: Reviews) -> Reviews:
        (text, label), *others = rows
        return [(text, "positive" if label == "negative" else "negative"), *others]

    project.write_rows(mend)


def file_renamed(project: Project) -> None:
    (project.folder / "reviews.csv").rename(project.folder / "reviews of today.csv")
    project.edit(lambda c: c["ingest"].update(path=str(project.folder / "reviews of today.csv")))


def tokens_deleted(project: Project) -> None:
    (path,) = project.artifacts.glob("store/normalize/*/tokens.parquet")
    path.unlink()


def features_folder_deleted(project: Project) -> None:
    shutil.rmtree(project.artifacts / "store" / "features")


def weights_cut_short(project: Project) -> None:
    path = sorted(project.artifacts.glob("store/train/*/model.safetensors"))[0]
    path.write_bytes(path.read_bytes()[:-1])


def check_forgotten(project: Project) -> None:
    shutil.rmtree(project.artifacts / "store" / "validate_reviews")


ALL = {"ingest", "split", "validate_reviews", "normalize", "count"} | FROM_VOCABULARY

SCENARIOS: dict[Callable[[Project], None], set[str]] = {
    nothing: set(),
    variant_renamed: set(),
    file_renamed: set(),
    learning_rate: of_variant("tanh") | {"report"},
    variant_added: of_variant("wide") | {"report"},
    variant_taken_out: {"report"},
    more_seeds: {
        f"{stage}[{name}, seed 1]" for stage in ("train", "evaluate") for name in ("relu", "tanh")
    }
    | {"report"},
    stems_for_one: {
        f"{stage}[stems]"
        for stage in ("normalize", "count", "vocabulary", "features", "validate_features")
    }
    | of_variant("stems")
    | {"report"},
    reduce: {"normalize", "count"} | FROM_VOCABULARY,
    same_pattern_in_other_words: {"normalize"},
    max_features: FROM_VOCABULARY,
    norm: FROM_FEATURES,
    split_seed: {"split", "validate_reviews", "count"} | FROM_VOCABULARY,
    reviews_limit: {"suites", "validate_reviews"},
    features_limit: {"suites", "validate_features"},
    row_appended: ALL,
    label_mended: {"ingest", "validate_reviews"} | FROM_FEATURES,
    tokens_deleted: {"normalize"},
    features_folder_deleted: {"features"},
    check_forgotten: {"validate_reviews"},
}


@pytest.mark.parametrize("change", SCENARIOS, ids=lambda change: change.__name__)
def test_a_change_runs_what_the_plan_said_and_what_it_affects(
    change: Callable[[Project], None], project: Project, first: tuple[Project, PlannedRun]
) -> None:
    change(project)
    run = plan_and_run(project.config, project.artifacts)
    assert_plan_came_true(run, first[1])
    assert run.ran == SCENARIOS[change]


def test_a_model_cut_short_is_trained_again_to_the_same_bytes(
    project: Project, first: tuple[Project, PlannedRun]
) -> None:
    weights_cut_short(project)
    run = plan_and_run(project.config, project.artifacts)
    assert_plan_came_true(run, first[1])
    (label,) = run.ran
    assert label in ("train[relu]", "train[tanh]")
    assert "artifact damaged" in run.outcomes[label, None].reason
    weights = (run.folder(label) / "model.safetensors").read_bytes()
    assert weights == (first[1].folder(label) / "model.safetensors").read_bytes()


def test_what_is_refreshed_runs_and_what_comes_out_the_same_stops_it(
    project: Project, first: tuple[Project, PlannedRun]
) -> None:
    run = plan_and_run(project.config, project.artifacts, refresh=("vectorize",))
    assert_plan_came_true(run, first[1])
    assert run.ran == {"count", "vocabulary", "features"}
    assert run.plan["count", None if ("count", None) in run.plan else 0].reasons


def test_variants_that_come_to_the_same_features_share_the_work(project: Project) -> None:
    def more_than_all(content: dict[str, Any]) -> None:
        content["vectorize"]["max_features"] = 100_000
        content["variants"] = {"all": {}, "more": {"vectorize.max_features": 200_000}}

    project.edit(more_than_all)
    run = plan_and_run(project.config, project.artifacts)
    assert run.plan["train[more]", None].action == "unless"
    trained = [o for o in run.outcomes.values() if o.stage == "train"]
    assert [o.state for o in trained] == ["ran", "cached"]
    assert len({o.key for o in trained}) == 1


def test_the_same_variant_gives_the_same_weights_from_nothing(
    first: tuple[Project, PlannedRun], reviews: Reviews, tmp_path: Path
) -> None:
    again = Project(tmp_path, reviews)
    again.set_up()
    run = plan_and_run(again.config, again.artifacts)
    assert {step: o.key for step, o in run.outcomes.items()} == {
        step: o.key for step, o in first[1].outcomes.items()
    }
    for label in ("train[relu]", "train[tanh]"):
        mine, other = run.folder(label), first[1].folder(label)
        for name in ("model.safetensors", "history.parquet"):
            assert (mine / name).read_bytes() == (other / name).read_bytes()


def test_an_edited_row_costs_its_part_and_no_other(imdb: Reviews, tmp_path: Path) -> None:
    project = Project(tmp_path, imdb)
    project.set_up()
    project.edit(lambda c: c.update(normalize={"reduce": "none"}))
    before = plan_and_run(project.config, project.artifacts, ("ingest",))
    assert len(before.run.index.parts) > 1
    assert before.run.index.rows == len(imdb)

    changed = [*imdb[:100], (imdb[100][0] + " Again!", imdb[100][1]), *imdb[101:]]
    project.write_rows(lambda _: changed)
    after = plan_and_run(project.config, project.artifacts, ("ingest",))
    ran = [part for (label, part), o in after.outcomes.items() if o.state == "ran"]
    assert 1 <= len(set(ran)) < len(after.run.index.parts)
    assert after.run.index.rows == len(imdb)


def test_a_suite_edited_in_place_is_seen_by_the_same_process(project: Project) -> None:
    plan_and_run(project.config, project.artifacts, ("ingest",))
    reviews_limit(project)
    assert "validate_reviews" in plan_and_run(project.config, project.artifacts).ran
