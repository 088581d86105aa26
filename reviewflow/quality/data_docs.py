"""Write Great Expectations' Data Docs as pages without network or scripts.

The site of Great Expectations loads some fifteen files from content networks and copies 4 MB of
pictures and fonts for each check. These pages keep only the body of a result, with our own style.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

from reviewflow.formatting import visible

POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def write_data_docs(folder: Path, suite: str, outcomes: Mapping[str, Any]) -> None:
    """Make ``folder`` and write a page for each frame and an index of them.

    Parameters
    ----------
    suite : the suite's name.
    outcomes : Great Expectations' ``ExpectationSuiteValidationResult`` by frame.
    """
    folder.mkdir()
    for frame, outcome in outcomes.items():
        content = page(outcome, f"{suite} · {frame}")
        (folder / f"{frame}.html").write_text(content, encoding="utf-8")
    links = "".join(f'<li><a href="{frame}.html">{frame}</a></li>' for frame in outcomes)
    index = f"<h1>{escape(suite)}</h1><p>The expectations of each frame:</p><ul>{links}</ul>"
    (folder / "index.html").write_text(html_document(suite, index), encoding="utf-8")


def page(outcome: Any, title: str) -> str:
    """Return the Data Docs page of one validation result, self-contained."""
    from great_expectations.core.expectation_validation_result import (
        expectationSuiteValidationResultSchema,
    )
    from great_expectations.render.renderer import ValidationResultsPageRenderer

    # The renderer cannot handle NumPy's numbers. JSON turns them into Python's.
    plain = expectationSuiteValidationResultSchema.load(outcome.to_json_dict())
    document = ValidationResultsPageRenderer(run_info_at_end=False).render(plain)
    body = _body(_view().render(document))
    return html_document(title, f'<p><a href="index.html">All frames</a></p>{body}')


def html_document(title: str, body: str) -> str:
    """Return an HTML page around ``body`` without scripts or loaded files."""
    style = Path(__file__).with_name("data_docs.css").read_text(encoding="utf-8")
    whole = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )
    return visible(whole)


@lru_cache(maxsize=1)
def _view() -> Any:
    """Return the renderer to HTML. Compiling its templates takes longest."""
    from great_expectations.render.view import DefaultJinjaPageView

    return DefaultJinjaPageView()


def _body(html: str) -> str:
    """Return the content of the body without scripts and their controls."""
    inner = html.partition("<body>")[2].rpartition("</body>")[0]
    for tag in ("script", "nav", "footer", "style"):
        inner = re.sub(rf"<{tag}\b.*?</{tag}>", "", inner, flags=re.DOTALL)
    inner = re.sub(r"<(?:img|link|input)\b[^>]*>", "", inner)
    inner = re.sub(r"<a\b[^>]*>\s*Show more info\.\.\.\s*</a>", "", inner)  # everything is shown
    inner = re.sub(r"\shref=\"(?!#)[^\"]*\"", "", inner)  # pages that do not exist
    return re.sub(r"\son\w+=\"[^\"]*\"", "", inner)
