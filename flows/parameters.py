"""Define what a flow run starts with: a file, or a form of sections.

reviewflow run ─ reads the file ─▶ read_before ──┐
deployment, config: a path ─ reads the file ─────┼─▶ Config
deployment, sections of the form ─ validates ────┘
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import Field, field_validator

from reviewflow.config.loading import apply_changes
from reviewflow.config.sections import (
    Config,
    JobConfig,
    Section,
    Select,
    Split,
    Train,
    Vectorize,
)
from reviewflow.config.sentiment import read_config, validate_config
from reviewflow.config.strict_yaml import parse_yaml
from reviewflow.config.urls import (
    FSSPEC_PACKAGES,
    S3,
    WITHOUT_SECRETS,
    is_like_url,
    is_url,
    mask_secrets,
    scheme_of,
    url_problem,
)
from reviewflow.errors import ConfigError
from reviewflow.pipeline.executors import KINDS, SCHEDULER, check_executor
from reviewflow.store.artifacts import MANIFEST
from reviewflow.store.remote_store import FOLDER

EXAMPLE = "such as tanh: {train.activation: tanh}"
FORM = "on-demand"  # what a run is called whose settings come from the form

# configs/imdb.yaml's values where they are not the sections' own defaults
SPLIT = Split(validation_size=0)
VECTORIZE = Vectorize(max_features=5000, ngram_range=(1, 1), sublinear_tf=False)
TRAIN = Train(
    hidden=(512, 128),
    activation="relu",
    learning_rate=0.01,
    schedule="constant",
    batch_size=16,
    epochs=20,
)
SELECT = Select(on="test")
VARIANTS = """\
relu: {}
relu rate 0.1: {train.learning_rate: 0.1}
relu rate 0.001: {train.learning_rate: 0.001}
sigmoid: {train.activation: sigmoid}
tanh: {train.activation: tanh}
leaky relu: {train.activation: leaky_relu}
batch 256: {train.batch_size: 256}
zero weights: {train.init: zeros}
"""
# a parameter may not have the name of a method of pydantic's models
PARAMETERS = {"validate": "checks"}

WITH_SECRET = "a URL must have no user, password, signature or token in it, since it is recorded"
# no address of a person either, whatever its form
NO_ADDRESS = r"(?!\s*notify\.to\s*=.*:/)"
Change = Annotated[str, Field(json_schema_extra={"pattern": f"^{NO_ADDRESS}{WITHOUT_SECRETS[1:]}"})]
WITH_ADDRESS = "notify.to must list names, whose addresses are set in the environment"
Job = TypeVar("Job", bound=JobConfig)

_READ: ContextVar[JobConfig | None] = ContextVar("read", default=None)


class Options(Section):
    """How a run proceeds. Only `changes` can change a result."""

    changes: tuple[Change, ...] = Field(
        (), description="Changes of single settings, section.key=value, on top of all others"
    )
    refresh: tuple[str, ...] = Field((), description="Stages that run whatever is cached")
    verify: bool = Field(False, description="Hash every artifact instead of trusting size and time")
    recheck: bool = Field(False, description="Compute what is cached again, and compare bytes")
    artifacts: str = Field(
        "artifacts",
        description="Folder where results are kept, or object storage to share them",
        json_schema_extra={"pattern": WITHOUT_SECRETS},
    )
    executor: str = Field(
        "threads",
        description="threads, processes, dask or tcp://HOST:PORT",
        json_schema_extra={"pattern": f"^({'|'.join(KINDS)}|{SCHEDULER})$"},
    )
    workers: int | None = Field(None, ge=1, description="Worker processes; empty: one a processor")
    any_processor: bool = Field(False, description="Let workers have other kinds of processors")

    @field_validator("executor")
    @classmethod
    def _check_executor(cls, executor: str) -> str:
        """Refuse an executor that does not exist before anything runs."""
        try:
            check_executor(executor)
        except ConfigError as error:
            raise ValueError(str(error)) from None
        return executor

    @field_validator("artifacts")
    @classmethod
    def _check_artifacts(cls, artifacts: str) -> str:
        """Refuse a wrong URL, and one that holds credentials."""
        try:
            artifacts_place(artifacts)
        except ConfigError as error:
            raise ValueError(str(error)) from None
        return artifacts

    @field_validator("changes")
    @classmethod
    def _check_urls(cls, changes: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse URLs that hold credentials before Prefect records them."""
        if any(is_url(change) and mask_secrets(change) != change for change in changes):
            raise ValueError(WITH_SECRET)
        if not all(re.match(NO_ADDRESS, change) for change in changes):
            raise ValueError(WITH_ADDRESS)
        return changes


def artifacts_place(artifacts: str) -> tuple[Path, str | None]:
    """Return the folder of artifacts, and the URL of the storage behind it.

    Parameters
    ----------
    artifacts : a folder, or a URL. With a URL the folder is ``artifacts`` in the working directory.

    Raises
    ------
    ConfigError : if the URL is wrong, or holds credentials.
    """
    if not is_like_url(artifacts):
        return Path(artifacts), None
    problem = url_problem(f"{artifacts.rstrip('/')}/{MANIFEST}")
    if is_url(artifacts) and not artifacts.partition("://")[2]:
        problem = "must name a bucket or host after ://"
    elif is_url(artifacts) and scheme_of(artifacts) not in (*S3, *dict(FSSPEC_PACKAGES)):
        problem = "must be a folder, or object storage such as s3://bucket/prefix"
    if problem:
        raise ConfigError(f"--artifacts {problem}.")
    return Path(FOLDER), artifacts


@contextmanager
def read_before(config: JobConfig) -> Iterator[None]:
    """Hand a configuration to the flow run in the body, without a file.

    A command reads its file before it starts a server, so that a mistake is shown at once. Prefect
    passes JSON to a flow, so the configuration goes past it.
    """
    token = _READ.set(config)
    try:
        yield
    finally:
        _READ.reset(token)


def file_config(
    read: Callable[[Path, tuple[str, ...]], Job], path: str, changes: tuple[str, ...]
) -> Job:
    """Return the configuration read before, or else read it from its file."""
    known: Any = _READ.get()
    return known if known is not None else read(Path(path), changes)


def choose_config(parameters: Mapping[str, Any]) -> tuple[str, Config]:
    """Return what the sentiment flow's run is called, and its configuration.

    Parameters
    ----------
    parameters : the flow's, by name: ``config`` (a file's path or None), every section,
        ``variants`` (a line a variant: ``tanh: {train.activation: tanh}``) and ``options``.

    Raises
    ------
    ConfigError
        If both a file and changed sections are given, or something in them is wrong.
    """
    path, changes = parameters["config"], parameters["options"].changes
    sections = {name: parameters[PARAMETERS.get(name, name)] for name in SECTIONS}
    variants = parse_variants(parameters["variants"])
    if not path:
        content = {name: section.model_dump(mode="json") for name, section in sections.items()}
        content["variants"] = variants
        return FORM, validate_config(apply_changes(content, changes), "The form")
    filled_in = [name for name, section in sections.items() if section != SECTIONS[name]]
    if variants != parse_variants(VARIANTS):
        filled_in.append("variants")
    if filled_in:
        raise ConfigError(
            "Give a configuration file or fill in sections, not both: config is "
            f"{path}, and the form has other values in {', '.join(filled_in)}."
        )
    return Path(path).stem, file_config(read_config, path, changes)


def parse_variants(text: str) -> dict[str, Any]:
    """Return the variants that a text lists, a line each.

    Raises
    ------
    ConfigError
        If the text is not such a table.
    """
    try:
        table = parse_yaml(text) or {}
    except ValueError as error:
        raise ConfigError(f"variants: {error}; write a line a variant, {EXAMPLE}.") from None
    if not isinstance(table, dict) or not all(isinstance(each, dict) for each in table.values()):
        raise ConfigError(f"variants: must be a table, a line a variant, {EXAMPLE}.")
    return {str(name): dict(changes) for name, changes in table.items()}


SECTIONS: Mapping[str, Section] = {
    **Config().sections,
    "split": SPLIT,
    "vectorize": VECTORIZE,
    "train": TRAIN,
    "select": SELECT,
}
