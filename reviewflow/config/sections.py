"""The sections of the sentiment job's configuration, frozen and typed, one for each stage."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from reviewflow.evaluation.metrics import METRICS


class Section(BaseModel):
    """A part of the configuration: frozen, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Ingest(Section):
    """Where the reviews are and how to read them."""

    path: str = Field(
        "data/raw/imdb_reviews.csv", description="CSV, TSV or Parquet file of labelled reviews"
    )
    test_path: str | None = Field(None, description="File whose rows are the test split")
    text_column: str = Field("review", description="Column that holds the text")
    label_column: str = Field("sentiment", description="Column that holds the label")
    labels: dict[str, Literal[0, 1]] = Field(
        {"negative": 0, "positive": 1}, description="Which label word means 0 and which 1"
    )
    other_labels: Literal["error", "drop"] = Field(
        "error", description="What to do with rows whose label is not in the map"
    )
    encoding: str = Field("utf-8", description="Text encoding of the CSV file")
    delimiter: str = Field(
        ",", min_length=1, max_length=1, description="Character between two cells"
    )

    @field_validator("labels", mode="before")
    @classmethod
    def _labels_as_text(cls, value: Any) -> Any:
        """YAML reads ``0:`` and ``true:`` as numbers and booleans; a label is a word."""
        if isinstance(value, dict):
            return {
                str(word).lower() if isinstance(word, bool) else str(word): label
                for word, label in value.items()
            }
        return value

    @field_validator("labels")
    @classmethod
    def _both_classes(cls, value: dict[str, int]) -> dict[str, int]:
        if set(value.values()) != {0, 1}:
            raise ValueError("needs at least one word that means 0 and one that means 1")
        return value


class Split(Section):
    """How rows are divided into training and test rows."""

    method: Literal["hash", "random", "column"] = Field(
        "hash", description="By a hash of the text, at random, or by a column of the file"
    )
    column: str | None = Field(None, description="Column that says train or test")
    test_size: float = Field(0.2, gt=0, lt=1, description="Share of the test rows")
    seed: int = Field(42, ge=0, le=2**32 - 1, description="Seed of the split")

    @model_validator(mode="after")
    def _column_named(self) -> Split:
        if self.method == "column" and not self.column:
            raise ValueError("column must name the split's column when method is 'column'")
        return self


class Validate(Section):
    """The two suites of expectations."""

    reviews: str = Field(
        "configs/expectations/reviews.yaml", description="Suite that the reviews must pass"
    )
    features: str = Field(
        "configs/expectations/features.yaml", description="Suite that the features must pass"
    )


class Normalize(Section):
    """How a text becomes a list of tokens."""

    lowercase: bool = Field(True, description="Turn the text into lower case")
    strip_html: bool = Field(True, description="Remove HTML tags and decode entities")
    numbers: Literal["keep", "words", "drop"] = Field("keep", description="What happens to numbers")
    stop_words: Literal["none", "english"] | tuple[str, ...] = Field(
        "none", description="Words to leave out: none, scikit-learn's English list, or a list"
    )
    keep_negations: bool = Field(True, description="Keep no, not, never … when stop words go")
    reduce: Literal["none", "stem", "lemma"] = Field(
        "lemma", description="Stem (Snowball), lemmatise (WordNet) or leave words as they are"
    )
    token_pattern: str = Field(
        r"\w+(?:'\w+)*", description="Regular expression of a token (Python's re)"
    )

    @field_validator("token_pattern")
    @classmethod
    def _pattern_compiles(cls, value: str) -> str:
        try:
            groups = re.compile(value).groups
        except re.error as error:
            raise ValueError(f"is not a regular expression: {error}") from None
        if groups > 1:
            raise ValueError("may hold one capturing group at most")
        return value


class Vectorize(Section):
    """How tokens become TF-IDF features."""

    max_features: int = Field(5000, ge=1, le=10_000_000, description="Most terms to keep")
    ngram_range: tuple[int, int] = Field((1, 1), description="Shortest and longest n-gram")
    min_df: int = Field(1, ge=1, description="Fewest documents that a term must occur in")
    sublinear_tf: bool = Field(False, description="Use 1 + ln(count) instead of the count")
    norm: Literal["l2", "l1"] = Field("l2", description="Norm that every row is scaled to")
    fit_on: Literal["train", "all"] = Field("train", description="Rows that make the vocabulary")

    @field_validator("ngram_range")
    @classmethod
    def _shortest_first(cls, value: tuple[int, int]) -> tuple[int, int]:
        if not 1 <= value[0] <= value[1] <= 5:
            raise ValueError("must be [shortest, longest] with 1 ≤ shortest ≤ longest ≤ 5")
        return value


class Train(Section):
    """The network and how it is trained."""

    hidden: tuple[Annotated[int, Field(ge=1, le=100_000)], ...] = Field(
        (512, 128), min_length=1, description="Units of each hidden layer"
    )
    activation: Literal["relu", "sigmoid", "tanh", "leaky_relu"] = Field(
        "relu", description="Activation of the hidden layers"
    )
    learning_rate: float = Field(0.01, gt=0, le=1000, description="Step size of the optimiser")
    batch_size: int = Field(16, ge=1, description="Rows in a batch")
    epochs: int = Field(10, ge=1, le=100_000, description="Passes over the training rows")
    optimizer: Literal["sgd", "adam"] = Field("sgd", description="Optimiser")
    init: Literal["default", "zeros", "xavier", "he"] = Field(
        "default", description="Initial weights (default: PyTorch's)"
    )
    seed: int = Field(0, ge=0, le=2**32 - 1, description="Seed of weights and shuffles")
    repeats: int = Field(1, ge=1, le=1000, description="Seeds to train each variant with")
    log_every: int = Field(2000, ge=1, description="Steps in a window of the printed loss")
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="Where to train")


class Report(Section):
    """What the report shows beside our own figures."""

    reference: str | None = Field(None, description="YAML file of published metrics by variant")


class Notify(Section):
    """When to call the webhook."""

    metric: str = Field(
        "test.roc_auc",
        pattern=rf"^(test|train)\.({'|'.join(metric.name for metric in METRICS)})$",
        description="Metric of the best variant that is watched, such as test.f1",
    )
    fall: float = Field(
        0.01, ge=0, description="A change for the worse by more than this calls the webhook"
    )


class JobConfig(Section):
    """The configuration of a whole job: its fields are sections, and what is beside them."""

    model_config = ConfigDict(populate_by_name=True)

    @classmethod
    def section_types(cls) -> dict[str, type[Section]]:
        """The class of each section, by its name in YAML."""
        return {
            field.alias or name: field.annotation
            for name, field in cls.model_fields.items()
            if isinstance(field.annotation, type) and issubclass(field.annotation, Section)
        }

    @cached_property
    def sections(self) -> Mapping[str, Section]:
        """The sections, by their names in YAML."""
        fields = type(self).model_fields
        return {
            fields[name].alias or name: value for name, value in self if isinstance(value, Section)
        }

    def settings(self, name: str) -> Any:
        """Return the section or setting called `name` (``train``, ``vectorize.norm``)."""
        section, _, key = name.partition(".")
        value = self.sections[section]
        return value.model_dump()[key] if key else value
