"""List and fetch datasets: ``reviewflow data list | fetch``."""

from pathlib import Path

import click

from flows.commands.output import say
from reviewflow.reviews.datasets import DATASETS
from reviewflow.reviews.datasets import fetch as fetch_dataset


@click.group()
def data() -> None:
    """List and fetch datasets."""


@data.command("list")
def list_datasets() -> None:
    """List the datasets."""
    for dataset in DATASETS:
        say(f"{dataset.name:14} {dataset.title}")


@data.command()
@click.argument("name")
def fetch(name: str) -> None:
    """Download a dataset into data/raw/."""
    say(f"The reviews are in {fetch_dataset(name, Path('data/raw'))}.")
