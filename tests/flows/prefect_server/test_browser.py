"""A person in front of the UI: headless Chromium starts a run from the form and reads results."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from playwright.sync_api import Locator, Page, expect, sync_playwright

from tests.flows.conftest import WAIT_SECONDS, Project, until

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]


@pytest.fixture
def asked() -> list[str]:
    """Every address that the browser asked."""
    return []


@pytest.fixture
def page(asked: list[str]) -> Iterator[Page]:
    """A page of a headless Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = browser.new_context(viewport={"width": 1400, "height": 1000})
        context.on("request", lambda request: asked.append(request.url))
        context.set_default_timeout(WAIT_SECONDS * 1000)
        expect.set_options(timeout=WAIT_SECONDS * 1000)
        yield context.new_page()
        browser.close()


def setting(page: Page, label: str) -> Locator:
    """A field of the form by its label."""
    labelled = page.locator("label", has_text=re.compile(f"^{label} "))
    fields = page.locator(".schema-form-property", has=labelled)
    return fields.last.locator("input,textarea").first


def test_a_run_from_the_form_is_watched_to_its_report(
    served: Project, page: Page, asked: list[str], tmp_path: Path
) -> None:
    page.goto(f"{served.url}/deployments")
    page.get_by_role("link", name="on-demand", exact=True).first.click()
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_text("Custom run").click()
    expect(setting(page, "Epochs")).to_have_value("20")
    setting(page, "Max Features").fill("300")
    setting(page, "Epochs").fill("3")
    setting(page, "variants").fill("tanh: {train.activation: tanh}")
    setting(page, "variants").blur()
    page.screenshot(path=tmp_path / "1-form.png")
    with served.client() as client:
        before = {f"/runs/flow-run/{run.id}" for run in client.read_flow_runs()}
    until(lambda: submitted(page), "a run")
    page.wait_for_url("**tab=Runs**")
    links = page.locator("a[href*='/runs/flow-run/']")
    every = "links => links.map(link => link.getAttribute('href'))"
    (new,) = until(lambda: set(links.evaluate_all(every)) - before, "the new run")
    page.locator(f"a[href='{new}']").first.click()
    page.wait_for_url(f"**{new}*")
    identity = UUID(new.rpartition("/")[2])
    served.ended(identity)
    title = re.compile("^on-demand · 600 rows · .+ changed stages$")
    expect(page.get_by_text(title).first).to_be_visible()
    expect(page.get_by_text("Completed", exact=True).first).to_be_visible()
    page.screenshot(path=tmp_path / "2-run.png")
    record = served.record(identity)
    assert record["state"] == "completed"
    assert record["config"]["train"]["epochs"] == 3
    assert [variant["name"] for variant in record["variants"]] == ["tanh"]

    open_artifact(page, "metrics")
    expect(page.locator("td", has_text="tanh").first).to_be_visible()
    page.screenshot(path=tmp_path / "3-metrics.png")
    page.go_back()
    open_artifact(page, "report")
    charts = page.locator("img[src*='/charts/']")
    copied = (served.artifacts / "runs" / record["run_id"] / "charts").glob("*.svg")
    expect(charts).to_have_count(len(list(copied)))
    charts.last.scroll_into_view_if_needed()
    widths = "images => images.every(image => image.complete && image.naturalWidth > 0)"
    until(lambda: charts.evaluate_all(widths), "the charts")
    page.screenshot(path=tmp_path / "4-report-artifact.png")
    page.go_back()
    open_artifact(page, "link-report")
    page.screenshot(path=tmp_path / "5-link.png")
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Report", exact=True).click()
    report = opened.value
    expect(report.locator("h1")).to_contain_text("tanh")
    expect(report.get_by_text(record["run_id"]).first).to_be_visible()
    report.screenshot(path=tmp_path / "6-report.png")

    parts = [urlsplit(address) for address in asked]
    assert {part.hostname for part in parts if part.scheme not in ("blob", "data")} == {"127.0.0.1"}


def submitted(page: Page) -> bool:
    """Click Submit; Prefect answers 503 while its database is busy, and a person clicks again."""
    with page.expect_response("**/create_flow_run") as answer:
        page.get_by_role("button", name="Submit").click()
    assert answer.value.status in (201, 503)
    return answer.value.status == 201


def open_artifact(page: Page, key: str) -> None:
    """Go from a flow run's page to one of its artifacts."""
    page.get_by_text("Artifacts", exact=True).click()
    named = page.get_by_text(key, exact=True)
    link = page.locator("a[href*='/artifacts/artifact/']", has=named).first

    def seen() -> bool:
        """Scroll on, since the page holds only what is on the screen."""
        page.mouse.wheel(0, 200)
        return link.is_visible()

    page.mouse.move(600, 600)
    until(seen, f"the artifact {key}")
    link.click()
    page.wait_for_url("**/artifacts/artifact/**")
