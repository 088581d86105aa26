"""The one description of the job fits the functions that it names."""

import inspect
from importlib import import_module

import pytest

from reviewflow.config.sections import Config
from reviewflow.jobs.sentiment import SENTIMENT
from reviewflow.pipeline.stage import Stage


@pytest.mark.parametrize("stage", SENTIMENT.stages, ids=lambda stage: stage.name)
def test_a_stage_function_takes_what_its_stage_declares_and_nothing_else(stage: Stage) -> None:
    module, _, name = stage.function.rpartition(".")
    parameters = inspect.signature(getattr(import_module(module), name)).parameters
    declared = {
        *stage.reads,
        *(setting.rpartition(".")[2] for setting in stage.settings),
        *stage.files,
        *(fact.argument for fact in stage.facts),
        *(["rows"] if stage.reads_source else []),
        "folder",
        "context",
    }
    assert set(parameters) == declared
    assert all(p.kind is inspect.Parameter.KEYWORD_ONLY for p in parameters.values())


@pytest.mark.parametrize("stage", SENTIMENT.stages, ids=lambda stage: stage.name)
def test_a_stage_reads_earlier_stages_and_known_settings(stage: Stage) -> None:
    earlier = [other.name for other in SENTIMENT.stages[: SENTIMENT.stages.index(stage)]]
    assert {reads.stage for reads in stage.reads.values()} <= set(earlier)
    assert set(stage.after) <= set(earlier)
    for setting in (*stage.settings, *stage.files.values()):
        Config().settings(setting)
