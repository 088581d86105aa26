"""Fill the Markdown of a run that scored files, as Prefect shows it.

ScoringView ─ scoring.md, every value escaped ─▶ GitHub-flavoured Markdown
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from reviewflow.reporting.page.markdown import markdown_text
from reviewflow.reporting.scoring_page.scoring_view import scoring_view


def scoring_markdown_page(run: Mapping[str, Any]) -> str:
    """Return the report of a score run as GitHub-flavoured Markdown.

    Parameters
    ----------
    run : the content of run.json; what is missing is left out.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        finalize=_escape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("scoring.md").render(report=scoring_view(run))


def _escape(value: Any) -> Markup:
    """Return a value of the template as Markdown, safe markup unchanged."""
    return value if isinstance(value, Markup) else Markup(markdown_text(value))
