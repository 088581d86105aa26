"""The sentiment job, described once: its stages, what each reads, and the function that does it.

    reviews.csv ─ ingest ─┬─ split ──────────────┬─ validate_reviews
                          └─ normalize ─ count ──┴─ vocabulary ─ features ─ validate_features
                                                                    │
                                           train (variant, seed) ───┴─ evaluate ─ report

Everything that walks the job (plan, run, run.json, the store's listing) walks ``STAGES``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Reads:
    """One input of a stage: artifacts of an earlier stage.

    Attributes
    ----------
    stage : the earlier stage's name.
    outputs : which of that artifact's digests count in the key; only these may be read.
    every : ``part`` hands over one folder a part (of each line in turn, where variants part ways),
        ``variant`` one a line: a variant and seed, or what variants share; None hands over the
        single artifact of the same part.
    """

    stage: str
    outputs: tuple[str, ...]
    every: Literal["part", "variant"] | None = None


@dataclass(frozen=True)
class Stage:
    """One stage of the job.

    Attributes
    ----------
    does : dotted name of the function; it is called with keywords only: the names in ``reads``,
        ``settings`` (their last piece), ``files`` and ``given``, and ``folder`` and ``context``.
    over : a step for each ``part`` of the rows, one for the ``whole``, one for each ``seed`` of a
        variant, or one for the ``job``.
    settings : sections and single settings of the configuration that it reads.
    files : settings that name a file whose content it reads, by argument name.
    given : facts about the data that it is told (see :func:`reviewflow.plan.given_facts`).
    resources : what else shapes the result: ``wordnet``, or a file below ``reviewflow/``.
    after : checks that must have passed before it starts; they order and are no input.
    shown_as : what a person calls the stage; several stages may be one to a person.
    """

    name: str
    does: str
    over: Literal["part", "whole", "seed", "job"]
    shown_as: str
    reads: Mapping[str, Reads] = field(default_factory=dict)
    settings: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    given: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


STAGES: tuple[Stage, ...] = (
    Stage(
        name="suites",
        does="reviewflow.quality.judge_suites.judge_suites",
        over="job",
        shown_as="suites",
        files={"reviews_suite": "validate.reviews", "features_suite": "validate.features"},
    ),
    Stage(
        name="ingest",
        does="reviewflow.reviews.ingest.ingest",
        over="part",
        shown_as="ingest",
        given=("rows",),
        after=("suites",),
    ),
    Stage(
        name="split",
        does="reviewflow.reviews.split.split",
        over="part",
        shown_as="ingest",
        reads={"reviews": Reads("ingest", ("text", "text_hash", "split"))},
        settings=("split",),
        given=("place",),
    ),
    Stage(
        name="validate_reviews",
        does="reviewflow.quality.validate_reviews.validate_reviews",
        over="whole",
        shown_as="validate reviews",
        reads={
            "reviews": Reads("ingest", ("reviews.parquet",), every="part"),
            "splits": Reads("split", ("split.parquet",), every="part"),
        },
        files={"suite": "validate.reviews"},
        given=("index",),
    ),
    Stage(
        name="normalize",
        does="reviewflow.text.normalize.normalize",
        over="part",
        shown_as="normalize",
        reads={"reviews": Reads("ingest", ("text",))},
        settings=("normalize",),
        resources=("wordnet",),
    ),
    Stage(
        name="count",
        does="reviewflow.features.count.count",
        over="part",
        shown_as="vectorize",
        reads={
            "tokens": Reads("normalize", ("tokens.parquet",)),
            "split": Reads("split", ("split.parquet",)),
        },
        settings=("vectorize.ngram_range", "vectorize.fit_on"),
    ),
    Stage(
        name="vocabulary",
        does="reviewflow.features.vocabulary.vocabulary",
        over="whole",
        shown_as="vectorize",
        reads={"counts": Reads("count", ("counts.parquet",), every="part")},
        settings=("vectorize.max_features", "vectorize.min_df"),
    ),
    Stage(
        name="features",
        does="reviewflow.features.features.features",
        over="part",
        shown_as="vectorize",
        reads={
            "reviews": Reads("ingest", ("label",)),
            "split": Reads("split", ("split.parquet",)),
            "tokens": Reads("normalize", ("tokens.parquet",)),
            "vocabulary": Reads("vocabulary", ("vocabulary.parquet",)),
        },
        settings=("vectorize.ngram_range", "vectorize.sublinear_tf", "vectorize.norm"),
    ),
    Stage(
        name="validate_features",
        does="reviewflow.quality.validate_features.validate_features",
        over="whole",
        shown_as="validate features",
        reads={
            "features": Reads("features", ("features.parquet",), every="part"),
            "vocabulary": Reads("vocabulary", ("vocabulary.parquet",)),
        },
        files={"suite": "validate.features"},
    ),
    Stage(
        name="train",
        does="reviewflow.networks.train.train",
        over="seed",
        shown_as="train",
        reads={
            "features": Reads("features", ("features.parquet",), every="part"),
            "vocabulary": Reads("vocabulary", ("vocabulary.parquet",)),
        },
        settings=("train",),
        after=("validate_reviews", "validate_features"),
    ),
    Stage(
        name="evaluate",
        does="reviewflow.evaluation.evaluate.evaluate",
        over="seed",
        shown_as="evaluate",
        reads={
            "model": Reads("train", ("model.safetensors", "model.json")),
            "features": Reads("features", ("features.parquet",), every="part"),
        },
    ),
    Stage(
        name="report",
        does="reviewflow.reporting.material.material",
        over="job",
        shown_as="report",
        reads={
            "models": Reads(
                "train", ("history.parquet", "model.safetensors", "model.json"), every="variant"
            ),
            "evaluations": Reads(
                "evaluate", ("predictions.parquet", "metrics.json"), every="variant"
            ),
            "features": Reads("features", ("features.parquet",), every="part"),
            "vocabularies": Reads("vocabulary", ("vocabulary.parquet",), every="variant"),
            "tokens": Reads("normalize", ("tokens.parquet",), every="part"),
            "reviews": Reads("ingest", ("text", "label"), every="part"),
            "splits": Reads("split", ("split.parquet",), every="part"),
        },
        settings=("train.seed",),
        given=("lineage",),
    ),
)
