"""Define how files are scored. Every field is a setting of Prefect's form."""

from pathlib import PurePath
from typing import Annotated

from pydantic import Field, field_validator

from reviewflow.config.sections import (
    RECIPIENTS,
    Path,
    Recipient,
    Section,
    check_recipients,
    read_delimiter,
    refuse_booleans,
)
from reviewflow.config.urls import is_like_url, url_problem


class Recipients(Section):
    """Who gets a message of what went wrong."""

    to: tuple[Recipient, ...] = Field((), description=RECIPIENTS)

    _check_names = field_validator("to")(check_recipients)


class Score(Section):
    """Which files are scored, with which model, and how they are read."""

    input: Path = Field(
        description="File of reviews, folder, pattern such as inbox/*.csv, or URL; labels are not "
        "needed"
    )
    output: Path = Field(
        description="File for the scores, ending in .parquet or .csv; for several files a folder"
    )
    model: Path = Field(description="Name of a published model, or the folder of a bundle")
    text_column: str | None = Field(
        None, description="Column that holds the text; by default the one of the training data"
    )
    encoding: str = Field("utf-8", description="Text encoding of a CSV file")
    delimiter: str | None = Field(
        None, description="Character between two cells of a CSV file, or tab"
    )
    quoting: bool = Field(
        True, description="Let a cell of a CSV file in double quotes hold the delimiter"
    )
    labels: str | None = Field(
        None, description="Column of true labels, for the accuracy, where they are known"
    )
    suite: Path = Field(
        "configs/expectations/scoring.yaml", description="Suite that each file must pass"
    )
    limits: dict[str, Annotated[float, Field(allow_inf_nan=False)]] = Field(
        {}, description="Limits of the suite to change, by name, such as max_psi_labels: 0.25"
    )
    prefix: str = Field("", description="Put this before the names of the new columns")
    rescore: bool = Field(
        False, description="Score again what an earlier version of the model has scored"
    )
    settle_seconds: float = Field(
        10, ge=0, description="Leave files of a folder that changed within so many seconds"
    )
    notify: Recipients = Field(Recipients(), description="Who gets a message of what went wrong")
    artifacts: Path = Field("artifacts", description="Folder where results are kept")

    @field_validator("input")
    @classmethod
    def _check_input(cls, value: str) -> str:
        """Refuse URLs with secrets, which Prefect and run.json would record."""
        problem = url_problem(value)
        if problem is not None:
            raise ValueError(problem)
        return value

    @field_validator("output")
    @classmethod
    def _check_output(cls, value: str) -> str:
        """Refuse URLs, since a file is written."""
        if is_like_url(value):
            raise ValueError(url_problem(value) or "must be a path")
        if PurePath(value).name.lower() in (".csv", ".parquet"):
            raise ValueError("must have a name before its ending, as in scores.csv")
        return value

    @field_validator("encoding")
    @classmethod
    def _check_encoding(cls, value: str) -> str:
        """Refuse what Python cannot decode text by."""
        try:
            "".encode(value)
        except (LookupError, ValueError):
            raise ValueError(
                "must be an encoding that Python knows, such as utf-8, utf-16 or windows-1252"
            ) from None
        return value

    _check_delimiter = field_validator("delimiter", mode="before")(read_delimiter)

    _check_limits = field_validator("limits", mode="before")(refuse_booleans)
