"""Open the templates of the pages, which share a layout and its parts.

layout.html, parts.html ─▶ report.html, trend.html, run_list.html, scoring.html ─▶ pages
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

TEMPLATES = Path(__file__).parent / "templates"


def html_environment(*folders: Path) -> Environment:
    """Return the environment of HTML templates, which escapes every value.

    Parameters
    ----------
    folders : of templates beside those of the report.
    """
    return Environment(
        loader=FileSystemLoader([*folders, TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def join_styles(environment: Environment, names: Sequence[str]) -> Markup:
    """Return style sheets one below the other, for the ``style`` of a layout."""
    return Markup("\n".join(environment.get_template(name).render() for name in names))
