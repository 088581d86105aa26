"""Reviews behind a URL: read, planned and cached like a file, and fetched once."""

import gzip
import json
import zipfile
from collections.abc import Iterator
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import yaml

from reviewflow.config.sentiment import read_config, validate_config
from reviewflow.errors import InputError
from reviewflow.jobs.open_sentiment import open_sentiment
from reviewflow.pipeline.last_run import LastRun
from reviewflow.pipeline.runner import Listener
from reviewflow.reviews.remote import ask_urls, fetch_url
from tests.conftest import small_config, write_config
from tests.flows.commands.invoke import assert_plain, reviewflow
from tests.inputs.attempt import csv_text, made_up
from tests.reviewflow.reviews.s3_server import put
from tests.reviewflow.reviews.web_site import LONG_AGO, Site

ROWS = csv_text(made_up(120)).encode()
MORE = csv_text(made_up(40, 120)).encode()


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        yield running


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory of each test, where no credentials are found."""
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan that waits for its answers, however busy this machine is."""
    monkeypatch.setattr("flows.commands.plan.ask_urls", partial(ask_urls, seconds=60))


def job(path: Any, **ingest: Any) -> dict[str, Any]:
    content = small_config(Path("reviews.csv"))
    content["ingest"] = {"path": path, **ingest}
    return content


def keys(content: dict[str, Any]) -> list[Any]:
    """Return what decides about every step of a job."""
    planner = open_sentiment(
        validate_config(content, "job.yaml"), Path("artifacts"), LastRun(), verify=False
    )
    decisions = planner.plan_all()
    return [(step.node.label, step.part, decision.key) for step, decision in decisions.items()]


def fetched(*urls: str) -> list[str]:
    for url in urls:
        fetch_url(url, Path("artifacts/downloads"))
    return list(urls)


def test_no_key_changes_by_where_the_rows_come_from(site: Site, folder: Path) -> None:
    (folder / "a.csv").write_bytes(ROWS)
    (folder / "b.csv").write_bytes(MORE)
    urls = fetched(site.put("/a.csv", ROWS), site.put("/b/reviews.csv.gz", gzip.compress(MORE)))
    assert keys(job(urls)) == keys(job(["a.csv", "b.csv"])) == keys(job([urls[0], "b.csv"]))
    assert keys(job(urls[0])) == keys(job("a.csv")) != keys(job(urls))
    with_tests = keys(job(urls[0], test_path=urls[1]))
    assert with_tests == keys(job("a.csv", test_path="b.csv"))
    assert any(key for *_, key in with_tests)


def archive(content: bytes) -> bytes:
    written = BytesIO()
    with zipfile.ZipFile(written, "w") as packed:
        packed.writestr("any.csv", content)
    return written.getvalue()


def test_the_path_of_a_url_says_the_format(site: Site, folder: Path) -> None:
    (folder / "a.csv").write_bytes(ROWS)
    tabs = csv_text(made_up(120), delimiter="\t").encode()
    expected = keys(job("a.csv"))
    for name, content in (
        ("/a.tsv?as=x.csv", tabs),
        ("/a.csv.gz?version=3", gzip.compress(ROWS)),
        ("/a.zip", archive(ROWS)),
        ("/download?format=plain", ROWS),
    ):
        assert keys(job(fetched(site.put(name, content)))) == expected


def test_several_urls_are_named_by_what_tells_them_apart(site: Site) -> None:
    urls = fetched(*(site.put(f"/{name}/r.csv", ROWS) for name in ("north", "south")))
    urls += fetched(site.put("/north/r.csv?page=2", ROWS))
    content = validate_config(job([*urls, urls[0]]), "job.yaml")
    source = open_sentiment(content, Path("artifacts"), LastRun()).source
    assert source is not None
    names = [entry["name"] for entry in source.index.file_entries()]
    assert names == ["north/r.csv", "south/r.csv", "r.csv?page=2"]


@pytest.mark.parametrize(
    ("content", "ingest", "words"),
    [
        (b"text,sentiment\nx,positive\n", {}, "has no column 'review'"),
        (b"review,sentiment\nx,so-so\n", {}, "column 'sentiment' holds labels that"),
        (b"review,sentiment\nx,so-so\n", {"labels": "auto"}, "holds 'so-so' alone"),
        (b"review,sentiment\n", {}, "has a header but no rows"),
        (b"", {}, "is empty"),
        (b"PK\x03\x04 cut", {}, "cannot be decompressed"),
        (b"review,sentiment\n\xff\xfe,positive\n", {}, "utf-8"),
    ],
)
def test_messages_name_the_url_and_not_its_copy(
    site: Site, content: bytes, ingest: dict[str, Any], words: str
) -> None:
    (url,) = fetched(site.put("/reviews.csv", content))
    with pytest.raises(InputError) as caught:
        keys(job(url, **ingest))
    assert str(caught.value).startswith(url)
    assert words in str(caught.value)
    assert "downloads" not in str(caught.value)


def test_a_url_for_training_and_test_is_refused_by_its_name(site: Site) -> None:
    (url,) = fetched(site.put("/reviews.csv", ROWS))
    with pytest.raises(InputError, match=rf"^{url} is named by ingest\.path and by"):
        keys(job(url, test_path=[url]))


@pytest.mark.usefixtures("patient")
def test_a_plan_asks_once_and_fetches_nothing(site: Site, folder: Path) -> None:
    url = site.put("/reviews.csv", ROWS, etag='"v1"', modified=LONG_AGO)
    config = write_config(folder / "job.yaml", job(["more.csv", url]))
    (folder / "more.csv").write_bytes(MORE)
    sentence = assert_plain(reviewflow("plan", "--config", config), 2)
    assert f"{url} has not been fetched yet" in sentence
    assert site.requests == []
    assert not Path("artifacts").exists()
    fetched(url)
    unchanged = reviewflow("plan", "--config", config)
    assert unchanged.exit_code == 0, unchanged.output
    assert url not in unchanged.output
    assert [request.method for request in site.requests] == ["GET", "HEAD"]
    site.put("/reviews.csv", ROWS + b"\n", etag='"v2"')
    changed = reviewflow("plan", "--config", config)
    assert f"{url} has changed since it was fetched; a run fetches it first." in changed.stdout
    site.put("/reviews.csv", status=503)
    away = reviewflow("plan", "--config", config, "--json")
    assert f"{url} not asked (the server answered 503); planned on the copy of" in away.stderr
    assert {entry["action"] for entry in json.loads(away.stdout)} <= {"run", "unless", "cached"}
    assert site.asked("GET") == 1


def test_init_writes_the_url_of_the_reviews(site: Site) -> None:
    url = site.put("/daily/my%20reviews.csv.gz?day=27", gzip.compress(ROWS))
    done = reviewflow("init", url)
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[0].startswith(f"{url}: 120 rows, utf-8")
    written = Path("my reviews.yaml").read_text(encoding="utf-8")
    assert "for 120 rows of 'my reviews.csv.gz'" in written
    assert yaml.safe_load(written)["ingest"]["path"] == url
    assert read_config(Path("my reviews.yaml")).ingest.path == url
    planned = reviewflow("plan", "--config", "my reviews.yaml")
    assert planned.exit_code == 0, planned.output
    assert site.asked("GET") == 1


@pytest.mark.parametrize(
    ("status", "content", "words"),
    [
        (404, b"", "the server answered 404; check the address"),
        (200, b"text,stars\nx,1\n", "no column looks like the text"),
        (200, b"\x89PNG\r\n\x1a\n\x00\x00", "is not"),
    ],
)
def test_init_says_what_is_wrong_with_a_url(
    site: Site, status: int, content: bytes, words: str
) -> None:
    url = site.put("/reviews.csv", content, status=status)
    sentence = assert_plain(reviewflow("init", url), 2)
    assert url in sentence
    assert "downloads" not in sentence
    assert words in sentence
    assert not Path("reviews.yaml").exists()


@pytest.mark.slow
@pytest.mark.usefixtures("patient")
def test_objects_of_s3_are_read_like_files(bucket: Any, folder: Path) -> None:
    (folder / "a.csv").write_bytes(ROWS)
    (folder / "b.csv").write_bytes(MORE)
    packed = gzip.compress(MORE)
    urls = fetched(put(bucket, "daily/26.csv", ROWS), put(bucket, "daily/27.csv.gz", packed))
    assert keys(job(urls)) == keys(job(["a.csv", "b.csv"]))
    config = write_config(folder / "job.yaml", job(urls))
    put(bucket, "daily/27.csv.gz", gzip.compress(MORE + b"x,positive\n"))
    planned = reviewflow("plan", "--config", config)
    assert planned.exit_code == 0, planned.output
    assert urls[0] not in planned.output
    assert urls[1] in planned.output
    init = reviewflow("init", urls[1])
    assert init.stdout.splitlines()[0].startswith(f"{urls[1]}: 41 rows, utf-8")
    assert read_config(Path("27.yaml")).ingest.path == urls[1]


@pytest.mark.slow
def test_a_run_fetches_what_changed_and_tells_of_the_url(
    site: Site, folder: Path, prefect_api: str
) -> None:
    from flows.base import by_hand
    from flows.parameters import Options
    from flows.sentiment import sentiment

    urls = [
        site.put("/daily/26.csv.gz", gzip.compress(ROWS), etag='"26"', modified=LONG_AGO),
        site.put("/daily/27.csv", MORE, etag='"27"', modified=LONG_AGO),
    ]
    config = write_config(folder / "job.yaml", job(urls))

    def run() -> tuple[Heard, dict[str, Any]]:
        heard = Heard()
        with by_hand(heard):
            report = Path(sentiment(config=str(config), options=Options()))
        page = report.read_text(encoding="utf-8")
        assert all(url in page for url in urls)
        assert "downloads" not in page
        return heard, json.loads((report.parent / "run.json").read_text(encoding="utf-8"))

    heard, record = run()
    assert heard.ended["fetch 26.csv.gz"] == "ran"
    assert heard.received["fetch 27.csv"] == len(MORE)
    assert record["config"]["ingest"]["path"] == urls
    assert [entry["name"] for entry in record["data"]["files"]] == ["26.csv.gz", "27.csv"]
    assert "downloads" not in json.dumps(record)

    heard, record = run()
    assert (heard.ended["fetch 26.csv.gz"], heard.ended["fetch 27.csv"]) == ("cached", "cached")
    assert heard.received == {}
    assert {stage["state"] for stage in record["stages"]} == {"cached"}

    site.put("/daily/27.csv", csv_text(made_up(50, 120)).encode(), etag='"28"', modified=LONG_AGO)
    heard, record = run()
    assert (heard.ended["fetch 26.csv.gz"], heard.ended["fetch 27.csv"]) == ("cached", "ran")
    parts = {
        stage["part"]: stage["state"] for stage in record["stages"] if stage["stage"] == "ingest"
    }
    assert parts == {0: "cached", 1: "ran"}

    site.put("/daily/27.csv", status=404)
    with pytest.raises(InputError, match=rf"^{urls[1]} cannot be fetched .* may be old") as caught:
        run()
    assert caught.value.exit_code == 2


class Heard(Listener):
    """What a person sees of a run's progress, by task."""

    def __init__(self) -> None:
        self.ended: dict[str, str] = {}
        self.received: dict[str, float] = {}

    def update(self, name: str, message: str, figures: dict[str, float]) -> None:
        if message == "bytes":
            self.received[name] = figures["done"]

    def done(self, name: str, state: str, seconds: float, reason: str) -> None:
        self.ended[name] = state
