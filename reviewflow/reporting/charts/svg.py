"""Render Matplotlib figures as SVG text that can stand inside a page.

    Figure ─ draw ─▶ SVG file ─ cut, name, prefix ─▶ <svg role="img"> … </svg>

The bytes depend on the figure alone: no date, no random ids, and no settings of the person's own
``matplotlibrc``. Text stays text, so that a page can set its font and size.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from html import escape
from io import StringIO
from threading import Lock
from typing import Any

# Matplotlib's settings are global to the process, so one thread draws at a time.
MATPLOTLIB_LOCK = Lock()

TEXT_SIZE = 19  # of a view box 640 wide: 10 pixels on a phone; the page shrinks it on a desktop


def render_svg(
    name: str,
    size: tuple[int, int],
    draw: Callable[[Any], None],
    *,
    title: str,
    description: str,
) -> str:
    """Return the SVG of what ``draw`` puts on an empty figure.

    Parameters
    ----------
    name : prefix of every id in the SVG, so that one page can hold several
    size : width and height of the view box
    draw : called with a :class:`matplotlib.figure.Figure`
    title, description : read out by screen readers

    Returns
    -------
    str
        One ``<svg>`` element, with namespaces, without XML declaration or doctype.
    """
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with MATPLOTLIB_LOCK, matplotlib.rc_context(), warnings.catch_warnings():
        # the reader's browser has letters that Matplotlib's font lacks
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(
            {
                "svg.fonttype": "none",
                "svg.hashsalt": name,
                "font.family": "DejaVu Sans",
                "font.size": TEXT_SIZE,
            }
        )
        figure = Figure(figsize=(size[0] / 72, size[1] / 72), dpi=72, facecolor="none")
        FigureCanvasSVG(figure)
        draw(figure)
        file = StringIO()
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(file, format="svg", metadata=nothing, facecolor="none")
    return _svg_element(_prefix_ids(_body(file.getvalue()), name), name, size, title, description)


def _body(document: str) -> str:
    """Return the content of the document's ``<svg>`` element."""
    start = document.index(">", document.index("<svg")) + 1
    return document[start : document.rindex("</svg>")].strip()


def _prefix_ids(body: str, name: str) -> str:
    """Return the elements with a prefix on ids in use, without other ids."""
    used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', body))
    body = re.sub(
        r' id="([^"]+)"',
        lambda match: f' id="{name}-{match[1]}"' if match[1] in used else "",
        body,
    )
    return re.sub(r'(url\(#|href="#)', rf"\g<1>{name}-", body)


def _svg_element(body: str, name: str, size: tuple[int, int], title: str, description: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
        f' viewBox="0 0 {size[0]} {size[1]}" version="1.1" role="img"'
        f' aria-labelledby="{name}-title {name}-description">\n'
        f'<title id="{name}-title">{escape(title)}</title>\n'
        f'<desc id="{name}-description">{escape(description)}</desc>\n{body}\n</svg>\n'
    )
