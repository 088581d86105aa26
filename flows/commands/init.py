"""Begin with reviews of one's own: ``reviewflow init FILE | --to FOLDER``."""

import shlex
from glob import has_magic
from os.path import exists, lexists
from pathlib import Path

import click

from flows.commands.output import say
from reviewflow.config.shipped import shipped_folder
from reviewflow.config.urls import is_url
from reviewflow.errors import UsageError
from reviewflow.reviews.downloads import DOWNLOADS, file_name
from reviewflow.reviews.remote import check_url

SHIPPED = ("*.yaml", "configs/*.yaml", "configs/*/*.yaml")  # as in pyproject.toml
FORMATS = ".csv .tsv .tab .txt .json .jsonl .ndjson .parquet .pq .gz .zst .zip"
ENDINGS = frozenset(FORMATS.split())
OTHER = "name another one with --config"
GITIGNORE = "/artifacts/\n/data/\n"


@click.command()
@click.argument("file", required=False)
@click.option("--config", metavar="OUT.yaml", help="Configuration to write; by default FILE.yaml.")
@click.option("--to", "folder", metavar="FOLDER", help="Make a project folder instead.")
@click.option("--text-column", metavar="NAME", help="Column of the texts, where it is not found.")
@click.option("--label-column", metavar="NAME", help="Column of the labels, where it is not found.")
def init(
    file: str | None,
    config: str | None,
    folder: str | None,
    text_column: str | None,
    label_column: str | None,
) -> None:
    """Look at reviews and write a configuration for them.

    FILE may also be a folder of files, a quoted pattern such as 'daily/*.csv', or a URL.

    With --to, make a folder with the shipped configurations and suites to edit, prefect.yaml for
    reviewflow ui, data/ and artifacts/. Nothing is ever overwritten.
    """
    if (file is None) == (folder is None):
        raise UsageError(
            "Name a file of reviews (reviewflow init reviews.csv), or a new folder "
            "(reviewflow init --to FOLDER)."
        )
    if folder is not None:
        make_project(Path(folder))
        return
    named = str(file)
    write_config(named, Path(config or f"{bare_name(named)}.yaml"), text_column, label_column)


def bare_name(named: str) -> str:
    """Return a file's name without the endings that say its format.

    A pattern that is not itself a file is called by its folder.
    """
    path = Path(file_name(named) if is_url(named) else named)
    name = path.name
    while has_magic(name) and not exists(path):
        path = path.parent
        name = path.name or "reviews"
    while (ending := Path(name).suffix.lower()) in ENDINGS:
        name = name[: -len(ending)]
    return name


def write_config(
    named: str, config: Path, text_column: str | None, label_column: str | None
) -> None:
    """Write a configuration for reviews, and print what was found.

    The file of a URL is fetched to where a run looks for its copy.

    Raises
    ------
    UsageError
        If the configuration exists, or the file cannot be read.
    """
    from reviewflow.config.sentiment import validate_config
    from reviewflow.config.strict_yaml import parse_yaml
    from reviewflow.reviews.detection.detect import detect
    from reviewflow.reviews.detection.draft import draft_config, draft_summary, relative_path

    check_url(named, "FILE")
    refuse_existing(config)
    downloads = Path("artifacts") / DOWNLOADS
    if is_url(named):
        fetch_with_bar(named, downloads)
    found = detect(named, text_column, label_column, downloads)
    text = draft_config(found, relative_path(named, config))
    validate_config(parse_yaml(text), str(config))
    write_new(config, text)
    say(
        *draft_summary(found),
        f"Written: {config}",
        f"Next: reviewflow run --config {shlex.quote(str(config))}",
    )


def fetch_with_bar(url: str, downloads: Path) -> None:
    """Fetch a file, and show the progress in a terminal."""
    from rich.console import Console
    from rich.progress import Progress

    from reviewflow.reviews.remote import fetch_url

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bars:
        bar = bars.add_task("Fetching", total=None)
        fetch_url(url, downloads, lambda done, total: bars.update(bar, completed=done, total=total))


def make_project(folder: Path) -> None:
    """Make a project folder with everything that is shipped.

    Raises
    ------
    UsageError
        If the folder holds something or cannot be written.
    """
    shipped = shipped_folder()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is not an empty folder; name a new one.")
    for path in (path for pattern in SHIPPED for path in sorted(shipped.glob(pattern))):
        write_new(folder / path.relative_to(shipped), path.read_text(encoding="utf-8"))
    write_new(folder / ".gitignore", GITIGNORE)
    for name in ("data/inbox", "data/scores", "artifacts"):
        (folder / name).mkdir(parents=True)
    say(
        f"Made {folder}: configs/ and its suites to edit, prefect.yaml, data/ for your files, "
        "artifacts/ for results.",
        f"Next: cd {shlex.quote(str(folder))}, then reviewflow init data/FILE, or reviewflow ui",
    )


def refuse_existing(path: Path) -> None:
    """Raise UsageError if a path is taken."""
    if lexists(path):
        raise UsageError(f"{path} exists already and is not overwritten; {OTHER}.")


def write_new(path: Path, text: str) -> None:
    """Write a text file that does not exist yet, and its folder.

    Raises
    ------
    UsageError
        If it exists by now or cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(
            f"{path} exists already and is not overwritten; name another one."
        ) from None
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}; {OTHER}.") from None
