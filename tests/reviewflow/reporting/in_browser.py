"""A page in a real browser: nothing beyond the edge, nothing loaded, axe-core is content."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
OPEN_ALL = "document.querySelectorAll('details').forEach(part => part.open = true)"
# Elements beyond the right edge, other than in what scrolls by itself.
BEYOND = """() => [...document.querySelectorAll('body *')]
    .filter(one => one.getBoundingClientRect().right > innerWidth + 1
        && !one.closest('.scroll, svg, pre, .skip, .unseen'))
    .map(one => one.tagName + ' ' + one.textContent.slice(0, 40))"""


def launch_browser() -> Iterator[Any]:
    """Yield Chromium, or skip the test without it."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed, so no browser can open the page")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield opened
        opened.close()


def assert_readable(browser: Any, html: str, path: Path, mode: str, width: int) -> None:
    """Open a page that is written to ``path``, folded and unfolded.

    Nothing may be beyond the edge, load from outside, run a script of the data, or be a violation
    for axe-core.
    """
    from axe_playwright_python.sync_playwright import Axe

    path.write_text(html, encoding="utf-8")
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=mode)
    requests: list[str] = []
    messages: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: messages.append(message.text))
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    page.goto(path.as_uri())
    assert page.evaluate(BEYOND) == []
    page.evaluate(OPEN_ALL)
    assert page.evaluate(BEYOND) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    result = Axe().run(page)
    assert result.violations_count == 0, result.generate_report()
    assert requests == [path.as_uri()]
    assert messages == []
    page.close()
