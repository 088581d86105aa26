"""List published models and choose the champion: ``reviewflow models``."""

import time
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from flows.commands.options import artifacts_option, json_option
from flows.commands.output import age, say, say_json, say_table
from reviewflow.formatting import NOTHING, amount, size
from reviewflow.models.registry import CURRENT, ModelVersion, Registry


@click.group()
def models() -> None:
    """List published models, and choose which of them scores."""


@models.command()
@artifacts_option
@json_option
def ls(artifacts: str, as_json: bool) -> None:
    """List every version of every model, the last published first."""
    registry = _registry(artifacts)
    found = [version for name in registry.names() for version in registry.versions(name)]
    if as_json:
        say_json([_entry(version) for version in found])
        return
    if found:
        rows = [_row(each, registry.promotion(each)) for each in found]
        say_table("", ("model", "key", "", ">age", ">size", "gate"), rows)
    say(f"{amount(len(found), 'version')} in {registry.folder}.")


@models.command()
@click.argument("name")
@click.argument("version", default=CURRENT)
@artifacts_option
@json_option
def show(name: str, version: str, artifacts: str, as_json: bool) -> None:
    """Show a version: its model card, and how it became the champion.

    VERSION is the beginning of one, or `current`.
    """
    registry = _registry(artifacts)
    found = registry.find(name, version)
    moves = [move for move in registry.changes(name) if found.version in (move["from"], move["to"])]
    if as_json:
        say_json({**_entry(found), "changes": moves})
        return
    card = found.folder / "README.md"
    if card.is_file():
        say(*card.read_text(encoding="utf-8").splitlines())
    for move in moves:
        before = f"{move['from']} → " if move["from"] else ""
        say(f"{move['time']}  {before}{move['to']}: {move['reason']}")
    say(f"Version {found.version} in {found.folder}.")


@models.command()
@click.argument("name")
@click.argument("version")
@artifacts_option
def promote(name: str, version: str, artifacts: str) -> None:
    """Make a version the champion, whatever the gate said."""
    registry = _registry(artifacts)
    found = registry.find(name, version)
    if found.is_current:
        say(f"{found.version} is the champion of {name} already.")
        return
    registry.promote(name, found.version, "promoted by hand")
    say(f"{found.version} is the champion of {name} now.")


@models.command()
@click.argument("name")
@artifacts_option
def rollback(name: str, artifacts: str) -> None:
    """Make the champion before the current one the champion again."""
    registry = _registry(artifacts)
    before = registry.current(name)
    found = registry.rollback(name)
    say(f"{found.version} is the champion of {name} again, in place of {before}.")


@models.command()
@click.argument("name")
@click.argument("version")
@artifacts_option
def rm(name: str, version: str, artifacts: str) -> None:
    """Remove a version that is not the champion."""
    found = _registry(artifacts).remove(name, version)
    say(f"Removed {found.version} of {name}.")


def _registry(artifacts: str) -> Registry:
    return Registry(Path(artifacts) / "models")


def _row(version: ModelVersion, promotion: str | None) -> tuple[str, ...]:
    """Return the cells of a version.

    The last one is what the gate said, or of the champion why it is one.
    """
    gate = version.published.get("gate") or {}
    published = version.published.get("published")
    return (
        version.name,
        version.version,
        "champion" if version.is_current else "",
        age(time.time() - datetime.fromisoformat(published).timestamp()) if published else NOTHING,
        size(_bytes(version)),
        str(promotion or gate.get("reason") or NOTHING),
    )


def _entry(version: ModelVersion) -> dict[str, Any]:
    return {
        "name": version.name,
        "version": version.version,
        "current": version.is_current,
        "folder": str(version.folder),
        "bytes": _bytes(version),
        **version.published,
    }


def _bytes(version: ModelVersion) -> int:
    return sum(path.stat().st_size for path in version.folder.iterdir())
