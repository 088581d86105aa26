"""Describe the sentiment job: its stages, their inputs and functions.

    reviews.csv ─ ingest ─┬─ split ──────────────┬─ validate_reviews
                          └─ normalize ─ count ──┴─ vocabulary ─ features ─ validate_features
                                                                    │
                                           train (variant, seed) ───┼─ evaluate ─┬─ report
                                           learning_curve ──────────┘            └─ publish

Everything that walks the job (plan, run, run.json, the store's listing) walks ``SENTIMENT``.
"""

from reviewflow.jobs.sentiment_facts import (
    ANY_WORDNET,
    CLASS_NAMES,
    CLASSES,
    GIVEN_SPLIT,
    INDEX,
    LABELS,
    LINEAGE,
    MODEL_SOURCES,
    POSITION,
    SPLIT_IDENTITY,
    WORDNET,
    has_learning_curve,
    is_published,
    seed_settings,
)
from reviewflow.pipeline.stage import Job, Reads, Resource, Stage
from reviewflow.quality.suite_digest import suite_digest

DATA_DOCS = Resource("quality/data_docs.css", path="quality/data_docs.css")

SENTIMENT = Job(
    "sentiment",
    (
        Stage(
            name="suites",
            function="reviewflow.quality.validate_suites.validate_suites",
            fan_out="job",
            group="suites",
            settings=("validate.limits",),
            files={"reviews_suite": "validate.reviews", "features_suite": "validate.features"},
            file_digest=suite_digest,
        ),
        Stage(
            name="ingest",
            function="reviewflow.reviews.ingest.ingest_part",
            fan_out="part",
            group="ingest",
            after=("suites",),
            reads_source=True,
            digests="reviewflow.reviews.column_digests.column_digests",
        ),
        Stage(
            name="split",
            function="reviewflow.reviews.split.split_part",
            fan_out="part",
            group="ingest",
            reads={
                "reviews": Reads(
                    "ingest", ("text", "text_hash", "split", "group"), optional=("split", "group")
                )
            },
            settings=("split",),
            facts=(POSITION,),
        ),
        Stage(
            name="validate_reviews",
            function="reviewflow.quality.validate_reviews.validate_reviews",
            fan_out="whole",
            group="validate reviews",
            reads={
                "reviews": Reads("ingest", ("reviews.parquet",), every="part"),
                "splits": Reads("split", ("split.parquet",), every="part"),
            },
            settings=("validate.limits",),
            files={"suite": "validate.reviews"},
            file_digest=suite_digest,
            facts=(INDEX, CLASS_NAMES, GIVEN_SPLIT),
            resources=(DATA_DOCS,),
            gate="reviewflow.quality.results.failure",
        ),
        Stage(
            name="normalize",
            function="reviewflow.text.normalize.normalize_part",
            fan_out="part",
            group="normalize",
            reads={"reviews": Reads("ingest", ("text",))},
            settings=("normalize",),
            resources=(WORDNET,),
        ),
        Stage(
            name="count",
            function="reviewflow.features.ngram_counts.count_ngrams",
            fan_out="part",
            group="vectorize",
            reads={
                "tokens": Reads("normalize", ("tokens.parquet",)),
                "split": Reads("split", ("split.parquet",)),
            },
            settings=(
                "vectorize.analyzer",
                "vectorize.ngram_range",
                "vectorize.skip_bigrams",
                "vectorize.fit_on",
            ),
        ),
        Stage(
            name="vocabulary",
            function="reviewflow.features.vocabulary.build_vocabulary",
            fan_out="whole",
            group="vectorize",
            reads={"counts": Reads("count", ("counts.parquet",), every="part")},
            settings=("vectorize.max_features", "vectorize.min_df", "vectorize.binary"),
        ),
        Stage(
            name="features",
            function="reviewflow.features.tfidf.write_features",
            fan_out="part",
            group="vectorize",
            reads={
                "reviews": Reads("ingest", ("label",)),
                "split": Reads("split", ("split.parquet",)),
                "tokens": Reads("normalize", ("tokens.parquet",)),
                "vocabulary": Reads("vocabulary", ("vocabulary.parquet",)),
            },
            settings=(
                "vectorize.analyzer",
                "vectorize.ngram_range",
                "vectorize.skip_bigrams",
                "vectorize.binary",
                "vectorize.sublinear_tf",
                "vectorize.norm",
            ),
        ),
        Stage(
            name="validate_features",
            function="reviewflow.quality.validate_features.validate_features",
            fan_out="whole",
            group="validate features",
            reads={
                "features": Reads("features", ("features.parquet",), every="part"),
                "vocabulary": Reads("vocabulary", ("vocabulary.parquet",)),
            },
            settings=("validate.limits",),
            files={"suite": "validate.features"},
            file_digest=suite_digest,
            facts=(CLASS_NAMES,),
            resources=(DATA_DOCS,),
            gate="reviewflow.quality.results.failure",
        ),
        Stage(
            name="train",
            function="reviewflow.networks.train.train_network",
            fan_out="seed",
            group="train",
            reads={
                "features": Reads("features", ("features.parquet",), every="part"),
                "vocabulary": Reads("vocabulary", ("vocabulary.parquet",)),
            },
            settings=("train",),
            facts=(CLASSES,),
            after=("validate_reviews", "validate_features"),
            repeats="train.repeats",
            resolve=seed_settings,
            shared="trained",
        ),
        Stage(
            name="evaluate",
            function="reviewflow.evaluation.evaluate.evaluate_network",
            fan_out="seed",
            group="evaluate",
            reads={
                "model": Reads("train", ("model.safetensors", "model.json")),
                "features": Reads("features", ("features.parquet",), every="part"),
            },
            settings=("select.threshold", "select.costs"),
            repeats="train.repeats",
        ),
        Stage(
            name="learning_curve",
            function="reviewflow.evaluation.learning_curve.measure_learning_curve",
            fan_out="whole",
            group="learning curve",
            reads={
                "features": Reads("features", ("features.parquet",), every="part"),
                "vocabulary": Reads("vocabulary", ("vocabulary.parquet",)),
            },
            settings=("train", "select", "learning_curve"),
            facts=(CLASSES,),
            after=("validate_reviews", "validate_features"),
            resolve=seed_settings,
            applies=has_learning_curve,
        ),
        Stage(
            name="report",
            function="reviewflow.reporting.stage.write_report_data",
            fan_out="job",
            group="report",
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
            settings=("train.seed", "select"),
            facts=(LINEAGE, CLASS_NAMES, INDEX),
        ),
        Stage(
            name="publish",
            function="reviewflow.models.publish.write_bundle",
            fan_out="job",
            group="publish",
            reads={
                "models": Reads(
                    "train", ("history.parquet", "model.safetensors", "model.json"), every="variant"
                ),
                "evaluations": Reads(
                    "evaluate", ("predictions.parquet", "metrics.json"), every="variant"
                ),
                "vocabularies": Reads("vocabulary", ("vocabulary.parquet",), every="variant"),
                "reviews": Reads("ingest", ("text",), every="part"),
                "splits": Reads("split", ("split.parquet",), every="part"),
            },
            settings=("ingest.text_column", "select"),
            facts=(MODEL_SOURCES, CLASS_NAMES, LABELS, SPLIT_IDENTITY),
            resources=(ANY_WORDNET,),
            after=("validate_reviews", "validate_features"),
            applies=is_published,
        ),
    ),
)
