"""Define the configuration of the sentiment job and its sections.

A section is a frozen class and a field of `Config`. A setting is a field with its type, default,
bounds and description, all of which Prefect's form shows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from reviewflow.config.loading import quote, validate_model
from reviewflow.config.urls import WITHOUT_SECRETS, url_problem
from reviewflow.config.variants import GridValues, Search, apply_variant, list_variants
from reviewflow.config.words import label_word
from reviewflow.evaluation.metrics import METRICS, THRESHOLD
from reviewflow.networks.activations import ActivationName

MOST_CLASSES = 100
# Prefect's server stores what is filled in before a flow reads it, so its form refuses by itself
Path = Annotated[str, Field(min_length=1, json_schema_extra={"pattern": WITHOUT_SECRETS})]
Paths = Path | Annotated[tuple[Path, ...], Field(min_length=1)]
# an address in its place would be recorded by Prefect's server
RECIPIENT = r"^[a-z][a-z0-9-]{0,39}$"
Recipient = Annotated[str, Field(json_schema_extra={"pattern": RECIPIENT})]
Labels = Literal["auto"] | dict[str, int]
KnownLanguage = Literal[
    "english", "arabic", "danish", "dutch", "finnish", "french", "german", "hungarian", "italian",
    "norwegian", "portuguese", "romanian", "russian", "spanish", "swedish",
]  # fmt: skip
Language = Literal[KnownLanguage, "other"]
Threshold = Literal["best_f1", "cost"] | Annotated[float, Field(gt=0, lt=1)]


class Section(BaseModel):
    """A part of the configuration: frozen, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def read_delimiter(value: Any) -> Any:
    """Return a tab for its names, which YAML without quotes gives.

    Raises
    ------
    ValueError
        If it is not one character.
    """
    if value in ("tab", "\\t"):
        return "\t"
    if isinstance(value, str) and len(value) != 1:
        raise ValueError("must be one character, or tab")
    return value


class Ingest(Section):
    """Where the reviews are and how to read them."""

    path: Paths = Field(
        "data/raw/imdb_reviews.csv",
        description="CSV, TSV, JSON Lines or Parquet file of labelled reviews, also packed by "
        "gzip, zstd or zip; a folder, a pattern such as daily/*.csv, a URL (https://, http://, "
        "s3://), or a list of these",
    )
    test_path: Paths | None = Field(
        None, description="File, folder, pattern, URL or list whose rows are the test split"
    )
    text_column: str = Field("review", description="Column that holds the text")
    label_column: str = Field("sentiment", description="Column that holds the label")
    labels: Labels = Field(
        {"negative": 0, "positive": 1},
        description="Class of each label word, from 0; auto takes every word as a class",
    )
    other_labels: Literal["error", "drop"] = Field(
        "error",
        description="What to do with rows whose label word has no class: stop, or drop them",
    )
    group_column: str | None = Field(
        None, description="Column whose equal values stay together in the split, such as a film"
    )
    encoding: str = Field("utf-8", description="Text encoding of the CSV file")
    delimiter: str | None = Field(
        None,
        description="Character between two cells of the CSV file, or tab; if it is not given, a "
        "tab in .tsv files and a comma in others",
    )
    quoting: bool = Field(
        True,
        description="Let a cell of the CSV file in double quotes hold the delimiter and ends of "
        "lines; false takes quotes for characters like others",
    )

    @field_validator("path", "test_path", mode="before")
    @classmethod
    def _check_urls(cls, value: Any) -> Any:
        """Refuse URLs that hold credentials or cannot be read."""
        is_list = isinstance(value, list | tuple)
        for number, name in enumerate(value if is_list else (value,), start=1):
            problem = url_problem(name) if isinstance(name, str) else None
            if problem is not None:
                raise ValueError(f"item {number} {problem}" if is_list else problem)
        return value

    @field_validator("labels", mode="plain", json_schema_input_type=Labels)
    @classmethod
    def _check_labels(cls, value: Any) -> Any:
        """Return the map with its words as text and its classes checked."""
        if value == "auto":
            return value
        if not isinstance(value, dict) or not value:
            raise ValueError("must be auto, or a map of label words to classes")
        labels: dict[str, Any] = {}
        for word, label in value.items():
            known = labels.setdefault(label_word(word), label)
            if known != label:
                raise ValueError(
                    f"the label {quote(label_word(word))} has two classes, {quote(known)} and "
                    f"{quote(label)}; a number with .0 is the whole number, so remove one"
                )
        return check_classes(labels)

    _check_delimiter = field_validator("delimiter", mode="before")(read_delimiter)


def check_classes(labels: dict[str, Any]) -> dict[str, int]:
    """Return a map of label words to classes, if the classes are 0 to K − 1.

    Raises
    ------
    ValueError
        If a class is not such a number, there are fewer than two, or one has no word.
    """
    for word, label in labels.items():
        is_number = isinstance(label, int) and not isinstance(label, bool)
        if not is_number or not 0 <= label < MOST_CLASSES:
            raise ValueError(
                f"the class of {quote(word)} must be a whole number from 0 to "
                f"{MOST_CLASSES - 1}, not {quote(label)}"
            )
    classes = max(labels.values()) + 1
    without = sorted(set(range(max(classes, 2))) - set(labels.values()))
    if without:
        raise ValueError(
            f"no word means {without[0]}; number the classes 0, 1 and so on, at least two of them"
        )
    return labels


class Split(Section):
    """How rows are split into training and test rows."""

    method: Literal["hash", "random", "column"] = Field(
        "hash", description="Split by a hash of the text, at random, or by a column of the file"
    )
    column: str | None = Field(None, description="Column that says train, validation or test")
    test_size: float = Field(0.2, gt=0, lt=1, description="Share of the rows that are test rows")
    validation_size: float = Field(
        0.1, ge=0, lt=1, description="Share of the training rows that are validation rows"
    )
    seed: int = Field(42, ge=0, le=2**32 - 1, description="Seed of the split")

    @model_validator(mode="after")
    def _check_column(self) -> Split:
        if self.method == "column" and not self.column:
            raise ValueError("column must name the split's column when method is 'column'")
        return self


def refuse_booleans(value: Any) -> Any:
    """Return limits by name, and refuse true and false.

    They would count as 1 and 0.

    Raises
    ------
    ValueError
        If one is.
    """
    for name, limit in value.items() if isinstance(value, dict) else ():
        if isinstance(limit, bool):
            raise ValueError(f"{quote(name)} must be a number, not {quote(limit)}")
    return value


class Validate(Section):
    """Which suites of expectations the data must pass."""

    reviews: str = Field(
        "configs/expectations/reviews.yaml", description="Suite that the reviews must pass"
    )
    features: str = Field(
        "configs/expectations/features.yaml", description="Suite that the features must pass"
    )
    limits: dict[str, Annotated[float, Field(allow_inf_nan=False)]] = Field(
        {},
        description="Limits of the suites to change, by name, such as max_duplicate_share: 0.3",
    )

    @model_validator(mode="before")
    @classmethod
    def _nest_limits(cls, content: Any) -> Any:
        """Read ``limits.NAME``, as in ``--set``, as an entry of ``limits``."""
        if not isinstance(content, dict) or not isinstance(content.get("limits", {}), dict):
            return content
        nested = {name: name.removeprefix("limits.") for name in content if _is_limit(name)}
        if not nested:
            return content
        limits = {own: content[name] for name, own in nested.items()}
        others = {name: value for name, value in content.items() if name not in nested}
        return {**others, "limits": {**content.get("limits", {}), **limits}}

    _check_limits = field_validator("limits", mode="before")(refuse_booleans)


def _is_limit(name: object) -> bool:
    return isinstance(name, str) and name.startswith("limits.")


class Normalize(Section):
    """How a text becomes a list of tokens."""

    language: Language = Field(
        "english",
        description="Language of the texts, which decides the stems; other for one without stems",
    )
    lowercase: bool = Field(True, description="Turn the text into lower case")
    strip_html: bool = Field(True, description="Remove HTML tags and decode entities")
    numbers: Literal["keep", "words", "drop"] = Field(
        "keep", description="Keep numbers, write them as words, or drop them"
    )
    stop_words: Literal["none"] | KnownLanguage | tuple[str, ...] = Field(
        "none",
        description="Words to drop: none, the list of the texts' language by its name, or a list "
        "of your own",
    )
    keep_negations: bool = Field(
        True, description="Keep no, not, never and the like when stop words are dropped"
    )
    reduce: Literal["none", "stem", "lemma"] = Field(
        "lemma",
        description="Reduce words to stems (Snowball) or English lemmas (WordNet), or not at all",
    )
    token_pattern: str = Field(
        r"\w+(?:'\w+)*", description="Regular expression of a token (Python's re)"
    )
    contractions: Literal["keep", "split"] = Field(
        "keep", description="Keep don't and it's, or split them into do n't and it 's"
    )

    @field_validator("stop_words", mode="before")
    @classmethod
    def _check_stop_words(cls, value: Any) -> Any:
        if isinstance(value, str) and value not in ("none", *get_args(KnownLanguage)):
            raise ValueError(
                f"must be none, a list of words, or one of {', '.join(get_args(KnownLanguage))}"
            )
        return value

    @model_validator(mode="after")
    def _check_language(self) -> Normalize:
        """Refuse what is of one language for texts of another."""
        if isinstance(self.stop_words, str) and self.stop_words not in ("none", self.language):
            own = "" if self.language == "other" else f"{self.language}, "
            raise ValueError(
                f"stop_words: {self.stop_words} is a list of {self.stop_words.title()} words; for "
                f"language: {self.language} set stop_words to {own}none, or a list of your own"
            )
        if self.language == "english":
            return self
        stems = "none" if self.language == "other" else "stem or none"
        for setting, value, english, others in (
            ("reduce", self.reduce, "lemma", stems),
            ("numbers", self.numbers, "words", "keep or drop"),
            ("contractions", self.contractions, "split", "keep"),
        ):
            if value == english:
                raise ValueError(
                    f"{setting}: {english} is for English; for language: {self.language} set "
                    f"{setting} to {others}"
                )
        if self.language == "other" and self.reduce == "stem":
            raise ValueError("reduce: stem needs a language with stems; for other set it to none")
        return self

    @field_validator("token_pattern")
    @classmethod
    def _check_pattern(cls, value: str) -> str:
        try:
            groups = re.compile(value).groups
        except re.error as error:
            raise ValueError(f"is not a regular expression: {error}") from None
        if groups > 1:
            raise ValueError("may hold one capturing group at most")
        return value


class Vectorize(Section):
    """How tokens become TF-IDF features."""

    analyzer: Literal["word", "char"] = Field(
        "word",
        description="Make terms of words, or of characters, as Chinese, Japanese and Thai need",
    )
    max_features: int = Field(
        100_000, ge=1, le=10_000_000, description="Largest number of terms to keep"
    )
    ngram_range: tuple[int, int] = Field(
        (1, 2), description="Words, or characters, in the shortest and in the longest n-gram"
    )
    skip_bigrams: bool = Field(
        False, description="Take pairs of words with one word between them as terms, too"
    )
    min_df: int = Field(1, ge=1, description="Smallest number of reviews that a term must occur in")
    binary: bool = Field(False, description="Use whether a term occurs instead of its count")
    sublinear_tf: bool = Field(True, description="Use 1 + ln(count) instead of the count")
    norm: Literal["l2", "l1"] = Field("l2", description="Norm to which every row is scaled")
    fit_on: Literal["train", "all"] = Field(
        "train", description="Rows from which the vocabulary is chosen"
    )

    @field_validator("ngram_range")
    @classmethod
    def _check_lengths(cls, value: tuple[int, int]) -> tuple[int, int]:
        if not 1 <= value[0] <= value[1] <= 5:
            raise ValueError("must be [shortest, longest] with 1 ≤ shortest ≤ longest ≤ 5")
        return value

    @model_validator(mode="after")
    def _check_analyzer(self) -> Vectorize:
        if self.analyzer == "char" and self.skip_bigrams:
            raise ValueError("skip_bigrams pairs words; with analyzer: char set it to false")
        return self


class EarlyStopping(BaseModel):
    """When a training ends before its last epoch."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    metric: Literal["log_loss", "roc_auc", "accuracy"] = Field(
        "log_loss", description="Metric of the validation rows, measured after each epoch"
    )
    patience: int = Field(
        3, ge=1, le=100_000, description="Epochs in a row that may fail to improve the metric"
    )


def suitable_rate(train: dict[str, Any]) -> float:
    """Return the learning rate for a section `train` that gives none.

    The rates suit batches of two rows whose features have length 1. Ten epochs at a rate that falls
    to 0 then come near the optimum of logistic regression with C = 5, whatever the number of rows,
    and a hyperbolic tangent or rectifier keeps learning (docs/training.md has the figures).

    Parameters
    ----------
    train : the settings that are listed before the rate.
    """
    if train.get("optimizer") == "adam":
        return 0.003 if train.get("hidden") else 0.01
    rate = 0.25 if train.get("hidden") else 2.0
    return rate / 4 if train.get("term_scale") == "naive_bayes" else rate


class Train(Section):
    """The network and how it is trained."""

    hidden: tuple[Annotated[int, Field(ge=1, le=100_000)], ...] = Field(
        (16,),
        description="Units of each hidden layer; an empty list is logistic regression",
    )
    activation: ActivationName = Field("tanh", description="Activation of the hidden layers")
    dropout: float = Field(
        0.0, ge=0, lt=1, description="Share of the hidden units that each step turns off"
    )
    term_scale: Literal["none", "naive_bayes"] = Field(
        "none",
        description="Multiply each term by its log-count ratio between the classes, or do not",
    )
    term_scale_smoothing: float = Field(
        1.0, gt=0, le=1000, description="Number added to each term's count before the ratio"
    )
    term_scale_offset: float = Field(
        0.0, ge=0, le=100, description="Number added to the size of each term's ratio"
    )
    class_weight: Literal["none", "balanced"] = Field(
        "none", description="Count each row once, or the rows of rare classes more"
    )
    optimizer: Literal["sgd", "adam"] = Field("sgd", description="Optimiser")
    learning_rate: float = Field(
        default_factory=suitable_rate,
        gt=0,
        le=1000,
        description="Learning rate of the optimiser; if it is not given, one that suits the model: "
        "2 without hidden layers, 0.25 with them, a quarter of that with term_scale; 0.01 and "
        "0.003 for adam",
        json_schema_extra={"default": 0.25},  # of the other defaults, for Prefect's form
    )
    bias_rate: float = Field(
        1.0, ge=0, le=1, description="Share of the learning rate for the bias of a linear model"
    )
    schedule: Literal["constant", "linear"] = Field(
        "linear", description="Keep the learning rate, or let it fall to 0 over all steps"
    )
    weight_decay: float = Field(
        0.0, ge=0, le=100, description="L2 penalty: this times each weight is added to its gradient"
    )
    batch_size: int = Field(2, ge=1, description="Rows in a batch")
    shuffle_buffer: int = Field(
        500_000,
        ge=1,
        description="Rows held in memory and shuffled together; with more rows, each epoch reads "
        "the parts in random order, a buffer of them at a time",
    )
    epochs: int = Field(10, ge=1, le=100_000, description="Passes over the training rows")
    average_epochs: int = Field(
        0,
        ge=0,
        description="Last epochs whose final weights are averaged; 0 takes the last weights",
    )
    early_stopping: EarlyStopping | None = Field(
        None, description="End when a metric of the validation rows no longer improves"
    )
    init: Literal["default", "zeros", "xavier", "he"] = Field(
        "default", description="Scheme of the initial weights; default is PyTorch's"
    )
    seed: int = Field(
        0, ge=0, le=2**32 - 1, description="Seed of the initial weights and of the shuffles"
    )
    repeats: int = Field(
        1, ge=1, le=1000, description="Number of seeds with which each variant is trained"
    )
    log_every: int = Field(2000, ge=1, description="Steps over which a printed loss is averaged")
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto",
        description="Device to train on; auto takes CUDA where there is one, and the CPU for a "
        "network without hidden layers",
    )

    @model_validator(mode="after")
    def _check_combinations(self) -> Train:
        if self.dropout and not self.hidden:
            raise ValueError(
                "dropout turns off hidden units, and hidden is an empty list; set dropout to 0"
            )
        if self.bias_rate != 1 and (self.hidden or self.optimizer == "adam"):
            raise ValueError(
                "bias_rate is for a model without hidden layers that SGD trains; set it to 1"
            )
        if self.average_epochs > self.epochs:
            raise ValueError(
                f"average_epochs is {self.average_epochs} and epochs is {self.epochs}; "
                "average at most as many epochs as there are"
            )
        if self.average_epochs and self.early_stopping:
            raise ValueError(
                "average_epochs averages the last epochs and early_stopping takes the best one; "
                "leave one of them out"
            )
        if self.optimizer == "sgd" and self.learning_rate * self.weight_decay >= 1:
            raise ValueError(
                "learning_rate × weight_decay is at least 1, which takes all weights away in each "
                "step; lower one of them"
            )
        return self


class Costs(Section):
    """What each kind of wrong answer costs, in any unit."""

    false_positive: float = Field(
        1, gt=0, le=1e9, description="Cost of calling a negative row positive"
    )
    false_negative: float = Field(
        1, gt=0, le=1e9, description="Cost of calling a positive row negative"
    )


class Select(Section):
    """How the best variant and, of two classes, its threshold are chosen."""

    metric: str = Field(
        "roc_auc",
        pattern=rf"^({'|'.join(metric.name for metric in METRICS)})$",
        description="Metric by which variants are compared",
    )
    on: Literal["validation", "test"] = Field(
        "validation",
        description="Rows on which variants are compared; figures on test rows then flatter",
    )
    threshold: Threshold = Field(
        THRESHOLD,
        description="Probability above which a row is positive: a number, or chosen on validation "
        "rows for the best F1 or the lowest cost",
    )
    costs: Costs = Field(Costs(), description="Costs that select.threshold: cost minimises")

    @field_validator("threshold", mode="plain", json_schema_input_type=Threshold)
    @classmethod
    def _check_threshold(cls, value: Any) -> Any:
        is_number = isinstance(value, int | float) and 0 < value < 1
        if value not in ("best_f1", "cost") and not is_number:
            raise ValueError("must be best_f1, cost, or a number between 0 and 1")
        return value


def check_threshold(threshold: float | str, classes: int) -> None:
    """Raise ValueError if a threshold does not fit the classes."""
    if threshold != THRESHOLD and classes > 2:
        raise ValueError(
            f"select.threshold: {threshold} needs two classes, and there are {classes}; remove "
            "it, since the most probable of several classes is taken"
        )


class LearningCurve(Section):
    """Shares of the training rows on which linear variants are trained."""

    shares: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = Field(
        (), description="Shares of the training rows, such as [0.1, 0.3]; none draws no curve"
    )


class Publish(Section):
    """Whether the best model is published, and when it becomes champion."""

    name: str | None = Field(
        None,
        pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$",
        description="Publish the best model under this name, such as imdb; by default none is",
    )
    max_loss: float = Field(
        0.005,
        gt=0,
        le=1,
        description="Loss of ROC AUC against the champion that must be excluded, on validation "
        "rows, before a model takes its place",
    )
    min_gain: float | None = Field(
        None, ge=0, le=1, description="Gain of ROC AUC that a model needs beside that, if any"
    )


class Report(Section):
    """What the report shows beside the run's own metrics."""

    reference: str | None = Field(None, description="YAML file of published metrics by variant")


RECIPIENTS = (  # what the setting is for
    "Names of those who get a message, such as [ops]; the address of ops is in "
    "REVIEWFLOW_NOTIFY_OPS, or in a Prefect Secret block called ops"
)


def check_recipients(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return names, and refuse addresses, which run.json would record.

    Raises
    ------
    ValueError
        If one is not a name.
    """
    if not all(re.fullmatch(RECIPIENT, name) for name in names):
        raise ValueError(
            "must list names such as ops, of small letters, digits and dashes; the address of "
            "ops is secret and is set in REVIEWFLOW_NOTIFY_OPS"
        )
    return names


class Notify(Section):
    """Who gets a message after a run, and when."""

    to: tuple[Recipient, ...] = Field((), description=RECIPIENTS)
    metric: str = Field(
        "test.roc_auc",
        pattern=rf"^(test|train)\.({'|'.join(metric.name for metric in METRICS)})$",
        description="Metric of the best variant to watch, such as test.f1",
    )
    fall: float = Field(
        0.01, ge=0, description="Largest change for the worse that sends no message"
    )

    _check_names = field_validator("to")(check_recipients)


class JobConfig(Section):
    """The configuration of a whole job: sections, and fields beside them."""

    model_config = ConfigDict(populate_by_name=True)

    @classmethod
    def section_types(cls) -> dict[str, type[Section]]:
        """Return the class of each section, by its name in YAML."""
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
        """Return the section or setting called ``train``, ``vectorize.norm``."""
        section, _, key = name.partition(".")
        value = self.sections[section]
        return value.model_dump()[key] if key else value

    def is_given(self, name: str) -> bool:
        """Return whether a setting such as ``train.epochs`` is given by its user."""
        section, _, key = name.partition(".")
        return key.partition(".")[0] in self.sections[section].model_fields_set


class Config(JobConfig):
    """The whole configuration of the sentiment job."""

    ingest: Ingest = Ingest()
    split: Split = Split()
    validate_: Validate = Field(Validate(), alias="validate")
    normalize: Normalize = Normalize()
    vectorize: Vectorize = Vectorize()
    train: Train = Train()
    variants: dict[str, dict[str, Any]] = Field({}, description="Changes by variant name")
    grid: dict[str, GridValues] = Field(
        {}, description="Every combination, or those that a search draws, is a variant"
    )
    search: Search = Search()
    select: Select = Select()
    learning_curve: LearningCurve = LearningCurve()
    publish: Publish = Publish()
    report: Report = Report()
    notify: Notify = Notify()

    @model_validator(mode="after")
    def _check_split(self) -> Config:
        if self.ingest.group_column is not None and self.split.method == "random":
            raise ValueError(
                "ingest.group_column keeps rows together, which split.method random does not; "
                "set split.method: hash"
            )
        takes_no_rows = not self.split.validation_size and self.split.method != "column"
        if self.train.early_stopping and takes_no_rows:
            raise ValueError(
                "split.validation_size is 0, so there are no validation rows for "
                "train.early_stopping; raise it, or leave train.early_stopping out"
            )
        if self.publish.name and takes_no_rows:
            raise ValueError(
                "split.validation_size is 0, so there are no validation rows on which "
                "publish.name compares a model with the champion; raise it, or leave "
                "publish.name out"
            )
        if self.select.on == "validation" and takes_no_rows:
            raise ValueError(
                "split.validation_size is 0, so there are no validation rows to choose on; "
                "raise it, or set select.on: test"
            )
        if isinstance(self.select.threshold, str) and takes_no_rows:
            raise ValueError(
                f"select.threshold: {self.select.threshold} is chosen on validation rows, and "
                "split.validation_size is 0; raise it, or set a number"
            )
        return self

    @model_validator(mode="after")
    def _check_threshold(self) -> Config:
        labels = self.ingest.labels
        if labels != "auto":
            check_threshold(self.select.threshold, len(set(labels.values())))
        return self

    @cached_property
    def variant_changes(self) -> Mapping[str, dict[str, Any]]:
        """What each variant changes, by name.

        Raises
        ------
        ConfigError
            If the grid is unusable, or two variants have the same name.
        """
        describes_model = "train" in self.model_fields_set
        return list_variants(self.variants, self.grid, self.search, describes_model)

    @cached_property
    def variant_configs(self) -> Mapping[str, Config]:
        """The configuration of each variant, by name, in the order of the file.

        Raises
        ------
        ConfigError
            As for `variant_changes`, or if a variant changes what it may not.
        """
        # without defaults, so that a variant knows as well what its user has given
        content = self.model_dump(
            by_alias=True, exclude={"variants", "grid", "search"}, exclude_unset=True
        )
        return {
            name: validate_model(
                Config, apply_variant(content, name, changes), f"Variant {quote(name)}"
            )
            for name, changes in self.variant_changes.items()
        }
