"""Great Expectations' Data Docs as pages that open without a network and run nothing.

Its own site loads some fifteen files from content networks and copies 4 MB of pictures and
fonts beside each check; here only the body of a result's page is kept, under a style of our own.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def write_data_docs(folder: Path, suite: str, outcomes: Mapping[str, Any]) -> None:
    """Write a page a frame and an index of them into ``folder``, which is made.

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
    index = f"<h1>{escape(suite)}</h1><p>What each frame was asked:</p><ul>{links}</ul>"
    (folder / "index.html").write_text(framed(suite, index), encoding="utf-8")


def page(outcome: Any, title: str) -> str:
    """The Data Docs page of one validation result, self-contained."""
    from great_expectations.core.expectation_validation_result import (
        expectationSuiteValidationResultSchema,
    )
    from great_expectations.render.renderer import ValidationResultsPageRenderer

    # Its renderer stumbles over NumPy's numbers; JSON and back makes them plain.
    plain = expectationSuiteValidationResultSchema.load(outcome.to_json_dict())
    document = ValidationResultsPageRenderer(run_info_at_end=False).render(plain)
    body = _body(_view().render(document))
    return framed(title, f'<p><a href="index.html">All frames</a></p>{body}')


def framed(title: str, body: str) -> str:
    """A whole HTML page around ``body``, in which no script runs and nothing is loaded."""
    style = Path(__file__).with_name("data_docs.css").read_text(encoding="utf-8")
    whole = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )
    return UNSEEN.sub(_pictured, whole)


def _pictured(match: re.Match[str]) -> str:
    """A character that acts unseen (a terminal's escape, a turn of direction), written out."""
    return f"\\u{ord(match[0]):04x}"


@lru_cache(maxsize=1)
def _view() -> Any:
    """What turns a document into HTML; it compiles its templates once, which takes longest."""
    from great_expectations.render.view import DefaultJinjaPageView

    return DefaultJinjaPageView()


def _body(html: str) -> str:
    """What stands between the tags of the body, without scripts and what only they move."""
    inner = html.partition("<body>")[2].rpartition("</body>")[0]
    for tag in ("script", "nav", "footer", "style"):
        inner = re.sub(rf"<{tag}\b.*?</{tag}>", "", inner, flags=re.DOTALL)
    inner = re.sub(r"<(?:img|link|input)\b[^>]*>", "", inner)
    inner = re.sub(r"<a\b[^>]*>\s*Show more info\.\.\.\s*</a>", "", inner)  # it all shows
    inner = re.sub(r"\shref=\"(?!#)[^\"]*\"", "", inner)  # pages that are not there
    return re.sub(r"\son\w+=\"[^\"]*\"", "", inner)
