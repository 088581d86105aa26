"""The graph: equal work is one node, and its labels name who uses it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from reviewflow.config.sections import Config
from reviewflow.jobs.sentiment import SENTIMENT
from reviewflow.pipeline.graph import Node, build_graph
from tests.reviewflow.pipeline.measuring import calls_of, seconds_of
from tests.reviewflow.pipeline.small_job import JOB, VARIANTS, Settings


def graph(parts: int = 2, **content: Any) -> list[Node]:
    config = Config.model_validate(content)
    return build_graph(SENTIMENT.stages, config, config.variant_configs, parts)


def labels(nodes: list[Node]) -> set[str]:
    return {node.label for node in nodes}


def test_variants_share_what_they_do_not_change() -> None:
    nodes = graph(
        variants={"relu": {"train.activation": "relu"}, "tanh": {"train.activation": "tanh"}}
    )
    assert labels(nodes) == {
        "suites",
        "ingest",
        "split",
        "validate_reviews",
        "normalize",
        "count",
        "vocabulary",
        "features",
        "validate_features",
        "train[relu]",
        "train[tanh]",
        "evaluate[relu]",
        "evaluate[tanh]",
        "report",
    }
    (normalize,) = (node for node in nodes if node.stage.name == "normalize")
    assert normalize.variants == ["relu", "tanh"]
    assert len(normalize.steps) == 2


def test_a_variant_of_the_text_has_nodes_of_its_own_from_there_on() -> None:
    nodes = graph(variants={"relu": {}, "stems": {"normalize.reduce": "stem"}})
    assert {"normalize[relu]", "normalize[stems]", "features[stems]"} <= labels(nodes)
    (report,) = (node for node in nodes if node.stage.name == "report")
    assert [len(report.upstream[name]) for name in ("models", "features", "reviews")] == [2, 2, 1]


def test_seeds_are_numbered_and_evaluated_each() -> None:
    nodes = graph(train={"repeats": 2, "seed": 5}, variants={"relu": {}})
    trained = [node for node in nodes if node.stage.name == "train"]
    assert [node.label for node in trained] == ["train[relu, seed 0]", "train[relu, seed 1]"]
    assert [node.settings["train"].seed for node in trained] == [5, 6]
    judged = [node for node in nodes if node.stage.name == "evaluate"]
    assert [node.upstream["model"] for node in judged] == [(trained[0],), (trained[1],)]


def test_equal_variants_are_one_node() -> None:
    nodes = graph(variants={"a": {}, "b": {}})
    (train,) = (node for node in nodes if node.stage.name == "train")
    assert train.variants == ["a", "b"]


def many(variants: int) -> Config:
    """A configuration of so many variants with three seeds each."""
    rates = {f"v{n}": {"train.learning_rate": 0.001 * (n + 1)} for n in range(variants)}
    return Config.model_validate({"train": {"repeats": 3}, "variants": rates})


def test_the_work_grows_with_the_number_of_nodes_alone() -> None:
    """Twice the variants are twice the calls. Loops in C show in the time of 300 variants."""

    def work(variants: int) -> Callable[[], list[Node]]:
        config = many(variants)
        configs = config.variant_configs
        return lambda: build_graph(SENTIMENT.stages, config, configs, 1)

    assert calls_of(work(100)) <= 2.1 * calls_of(work(50))
    assert seconds_of(work(300)) <= 9 * seconds_of(work(75))  # 4 if linear, 16 if quadratic
    assert len(work(100)()) == 10 + 2 * 3 * 100


def test_a_stage_that_does_not_apply_has_no_nodes() -> None:
    stages = tuple(
        replace(stage, applies=lambda config: config.rate > 0.3) if stage.name == "fit" else stage
        for stage in JOB.stages
    )
    nodes = build_graph(stages, Settings(), VARIANTS, 2)
    fits = [node for node in nodes if node.stage.name == "fit"]
    assert {name for node in fits for name in node.variants} == {"fast"}
    (page,) = (node for node in nodes if node.stage.name == "page")
    assert page.upstream["fits"] == tuple(fits)
