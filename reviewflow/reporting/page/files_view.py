"""Link the files of a run from its page, by paths relative to the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from os.path import dirname, relpath
from typing import Any
from urllib.parse import quote

from reviewflow.formatting import visible


@dataclass(frozen=True)
class FileLink:
    """A file and where it is, seen from the page."""

    title: str
    href: str


def file_links(run: Mapping[str, Any]) -> tuple[FileLink, ...]:
    """Return links to the files of a run.

    Nothing where run.json does not say where the page is.
    """
    artifacts = run.get("artifacts") or {}
    page = artifacts.get("report")
    if not isinstance(page, str):
        return ()
    links = [FileLink("run.json", "run.json"), FileLink("report.md", "report.md")]
    docs = artifacts.get("data_docs")
    docs = docs if isinstance(docs, Mapping) else {}
    links += [_link(f"Data Docs of the {name}", path, page) for name, path in docs.items()]
    best = (run.get("best") or {}).get("variant")
    for variant in run.get("variants") or ():
        if variant.get("name") == best and variant.get("predictions"):
            links.append(_link("predictions.parquet", variant["predictions"], page))
    if isinstance(artifacts.get("mistakes"), str):
        links.append(_link("mistakes.csv", artifacts["mistakes"], page))
    return tuple(links)


def _link(title: str, path: Any, page: str) -> FileLink:
    href = quote(relpath(str(path), dirname(page)).replace("\\", "/"))
    return FileLink(visible(title, 80), href)
