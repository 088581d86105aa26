"""The graph: equal work is one node, and its labels name who uses it."""

from typing import Any

import pytest

from reviewflow.config.sections import Config
from reviewflow.jobs.sentiment import SENTIMENT
from reviewflow.pipeline.graph import Node, build_graph


def graph(parts: int = 2, **content: Any) -> list[Node]:
    config = Config.model_validate(content)
    return build_graph(SENTIMENT.stages, config, config.variant_configs, parts)


def labels(nodes: list[Node]) -> set[str]:
    return {node.label for node in nodes}


def test_variants_share_what_they_do_not_change() -> None:
    nodes = graph(variants={"relu": {}, "tanh": {"train.activation": "tanh"}})
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


@pytest.mark.parametrize("count", [300])
def test_the_work_grows_with_the_number_of_nodes_alone(count: int) -> None:
    """Counts of Node comparisons stand for time: a graph of n nodes compares no pairs."""
    variants = {f"v{n}": {"train.learning_rate": 0.001 * (n + 1)} for n in range(count)}
    seen: list[str] = []

    class Counted(Config):
        def settings(self, name: str) -> Any:
            seen.append(name)
            return super().settings(name)

    few = Counted.model_validate({"variants": dict(list(variants.items())[: count // 2])})
    build_graph(SENTIMENT.stages, few, few.variant_configs, 1)
    half = len(seen)
    seen.clear()
    many = Counted.model_validate({"variants": variants})
    assert len(build_graph(SENTIMENT.stages, many, many.variant_configs, 1)) == 10 + 2 * count
    assert len(seen) <= 2.2 * half
