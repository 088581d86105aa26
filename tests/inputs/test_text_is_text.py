"""Show HTML, scripts, Markdown and ANSI escapes in reviews, labels and names as text.

The real flow runs on such data. A browser opens its pages, Prefect's server returns its artifacts,
and the terminal's output is searched for escapes.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from markdown_it import MarkdownIt

from flows.commands.main import main
from reviewflow.errors import QualityError
from reviewflow.reporting.examples.errors import no_formula
from tests.conftest import ROOT, plan_and_run, small_config, write_config
from tests.inputs.attempt import csv_text, made_up

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SCRIPT = "<script>alert(1)</script>"
IMAGE = '<img src=x onerror="alert(2)">'
LINK = "[a](javascript:alert(3)) **b** `c` | d"
ANSI = "\x1b[31mred\x1b]0;title\x07"
NASTY = f"{SCRIPT}{IMAGE}{LINK}{ANSI}"
TEXT_COLUMN, LABEL_COLUMN = f"review {SCRIPT}", f"mood {LINK}{ANSI}"
WORDS = {f"bad {IMAGE}": 0, f"good {SCRIPT}": 1}
OTHER = f"neutral {NASTY}"
MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def hostile_config(folder: Path) -> Path:
    """Return a job in which every name and every text is hostile."""
    bad, good = WORDS
    rows = [
        [f"{text} {NASTY if n % 3 else SCRIPT}", good if n % 2 else bad]
        for n, (text, _) in enumerate(made_up(80))
    ]
    rows[5][1] = OTHER
    path = folder / "<b>reviews.csv"
    text = csv_text(rows, f"{TEXT_COLUMN},{LABEL_COLUMN}")
    path.write_text(text, encoding="utf-8", newline="")
    content = small_config(path)
    content["ingest"] |= {
        "text_column": TEXT_COLUMN,
        "label_column": LABEL_COLUMN,
        "labels": WORDS,
        "other_labels": "drop",
    }
    content["variants"] = {NASTY: {}, f"{LINK} 2": {"train.activation": "tanh"}}
    for name in ("reviews", "features"):
        suite = yaml.safe_load(Path(content["validate"][name]).read_text(encoding="utf-8"))
        suite["name"] = f"{name} {NASTY}"
        suite["expectations"].append(
            {
                "type": "expect_column_values_to_be_in_set",
                "kwargs": {"column": "split", "value_set": [NASTY]},
                "severity": "warning",
                "notes": NASTY,
            }
        )
        content["validate"][name] = str(write_config(folder / f"{name}.yaml", suite))
    return write_config(folder / "job.yaml", content)


@pytest.fixture(scope="module")
def hostile_run(
    tmp_path_factory: pytest.TempPathFactory, prefect_api_of_module: str
) -> dict[str, Any]:
    """The run's folder and record, and its artifacts on Prefect's server."""
    from flows.parameters import Options
    from flows.sentiment import sentiment

    folder = tmp_path_factory.mktemp("hostile")
    options = Options(artifacts=str(folder / "artifacts"))
    report = Path(sentiment(config=str(hostile_config(folder)), options=options))
    record = json.loads((report.parent / "run.json").read_text(encoding="utf-8"))
    assert record["state"] == "completed"
    return {"report": report, "record": record, "artifacts": artifacts_of(record["flow_run_id"])}


def artifacts_of(flow_run_id: str) -> list[Any]:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId

    with get_client(sync_client=True) as client:
        wanted = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[flow_run_id]))
        found: list[Any] = client.read_artifacts(artifact_filter=wanted)
    return found


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("chromium is not installed, so the pages cannot be opened in a browser")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield opened
        opened.close()


def opened(browser: Any, path: Path) -> tuple[str, int]:
    """Return the visible text and the images of a page that runs and loads nothing."""
    page = browser.new_page()
    requests, messages = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.on("dialog", lambda dialog: (messages.append(dialog.message), dialog.dismiss()))
    page.goto(path.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    text = str(page.evaluate("document.body.innerText"))
    images = int(page.evaluate("document.querySelectorAll('img, a[href^=javascript]').length"))
    page.close()
    assert requests == [path.as_uri()]
    assert messages == []
    return text, images


def test_the_report_shows_it_as_text_and_nothing_executes(
    hostile_run: dict[str, Any], browser: Any
) -> None:
    text, images = opened(browser, hostile_run["report"])
    assert images == 0
    assert "\x1b" not in text
    for shown in (SCRIPT, IMAGE, LINK, "<b>reviews.csv", "neutral"):
        assert shown in text, shown


def test_data_docs_are_readable_offline_and_execute_nothing(
    hostile_run: dict[str, Any], browser: Any
) -> None:
    docs = hostile_run["record"]["artifacts"]["data_docs"]
    assert set(docs) == {"reviews", "features"}
    for index in map(Path, docs.values()):
        assert index.parent.parent.parent.name.startswith("validate_")  # kept with the check
        pages = sorted(index.parent.glob("*.html"))
        assert {page.name for page in pages} >= {"index.html", "rows.html", "labels.html"}
        for page in pages:
            text, images = opened(browser, page)
            assert images == 0
            assert "\x1b" not in text
            assert not [name for name in WORDS if name in page.read_text(encoding="utf-8")]
        shown, _ = opened(browser, index)
        assert SCRIPT in shown


def test_prefects_artifacts_hold_it_as_text(hostile_run: dict[str, Any]) -> None:
    kinds = {artifact.key: artifact for artifact in hostile_run["artifacts"]}
    assert {"quality-reviews", "quality-features", "metrics", "report"} <= set(kinds)
    for name in ("quality-reviews", "quality-features", "metrics"):
        cells = [str(cell) for row in json.loads(kinds[name].data) for cell in row.values()]
        assert any("alert" in cell for cell in cells)
        for cell in cells:
            assert_no_markup(cell)
    assert_no_markup(kinds["report"].data, document=True)
    (trend,) = (artifact for key, artifact in kinds.items() if (key or "").startswith("trend-"))
    assert_no_markup(trend.data, document=True)
    assert_no_markup(trend.description)


def test_the_reports_text_is_text(hostile_run: dict[str, Any]) -> None:
    path = hostile_run["report"].with_suffix(".md")
    assert_no_markup(path.read_text(encoding="utf-8"), document=True)


def assert_no_markup(text: str, document: bool = False) -> None:
    """Assert that Markdown has no HTML, link, image or escape."""
    assert "\x1b" not in text
    tokens = MARKDOWN.parse(text)
    inline = [child for token in tokens for child in token.children or []]
    kinds = {child.type for child in inline if not _is_chart(child)}
    assert not kinds & {"html_inline", "link_open", "image", "code_inline"}, text
    assert "html_block" not in {token.type for token in tokens}
    if not document:
        assert not kinds & {"strong_open", "em_open"}, text


def _is_chart(inline: Any) -> bool:
    """Return whether it is one of our charts, which the report in the Prefect UI shows."""
    source = str(inline.attrGet("src"))
    return inline.type == "image" and "/reviewflow/runs/" in source and source.endswith(".svg")


def test_the_terminal_gets_no_escapes(tmp_path: Path) -> None:
    path = tmp_path / "reviews.csv"
    path.write_text(csv_text([["x", OTHER]], f"{TEXT_COLUMN},{LABEL_COLUMN}"), newline="")
    content = small_config(path)
    columns = {"text_column": TEXT_COLUMN, "label_column": LABEL_COLUMN, "labels": WORDS}
    attempts = [
        {},  # the columns are not in the file, and the message lists those that are
        columns,  # the label is not in the map, and the message shows it
        columns | {"path": f"{ANSI}.csv"},
        columns | {ANSI: 1},
        columns | {"encoding": ANSI},
    ]
    for ingest in attempts:
        config = write_config(
            tmp_path / "job.yaml", content | {"ingest": {"path": str(path)} | ingest}
        )
        result = CliRunner().invoke(main, ["plan", "--config", str(config)])
        assert result.exit_code == 2
        assert not {"\x1b", "\x07"} & set(result.output + result.stderr), ingest


def test_the_table_of_a_failed_check_holds_no_escapes(tmp_path: Path) -> None:
    suite = {
        "name": NASTY,
        "expectations": [
            {
                "type": "expect_column_values_to_be_in_set",
                "kwargs": {"column": "split", "value_set": [NASTY]},
                "notes": NASTY,
            }
        ],
    }
    path = tmp_path / "reviews.csv"
    path.write_text(csv_text(made_up(40)), encoding="utf-8", newline="")
    content = small_config(path)
    content["validate"]["reviews"] = str(write_config(tmp_path / "suite.yaml", suite))
    config = write_config(tmp_path / "job.yaml", content)
    with pytest.raises(QualityError) as refusal:
        plan_and_run(config, tmp_path / "artifacts", ("ingest", "validate reviews"))
    assert "\x1b" not in str(refusal.value)
    assert "\\x1b[31mred" in str(refusal.value)


def test_a_csv_for_people_holds_no_formulas() -> None:
    """Whoever adds a CSV file meets this test first."""
    assert no_formula("=HYPERLINK(1)") == "'=HYPERLINK(1)"
    assert no_formula("a = b") == "a = b"
    sources = [
        path for room in ("flows", "tasks", "reviewflow") for path in (ROOT / room).rglob("*.py")
    ]
    for path in sources:
        code = path.read_text(encoding="utf-8")
        assert not any(word in code for word in ("csv.writer", "DictWriter", "to_csv")) or (
            # data/raw: reviews for this program itself; rejects: numbers and our own words;
            # mistakes.csv: cells without formulas
            path.name in ("datasets.py", "score_file.py", "errors.py")
        ), path
