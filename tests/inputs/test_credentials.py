"""Credentials that a run uses, or refuses in a URL, are in nothing that it writes or prints."""

import base64
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest
from pydantic import ValidationError

from flows.parameters import Options
from reviewflow.errors import ConfigError
from tasks.environment import OWN_SERVER
from tests.conftest import small_config, write_config
from tests.flows.commands.invoke import assert_plain, reviewflow
from tests.flows.conftest import listening
from tests.inputs.attempt import csv_text, made_up
from tests.reviewflow.config.test_urls import WITH_SECRET
from tests.reviewflow.reviews.s3_server import SECRET, put
from tests.reviewflow.reviews.web_site import LONG_AGO, Site
from tests.tasks.test_notify import everything_of

SEEN_AS = tuple(
    text.encode()
    for text in (
        SECRET,
        quote_plus(SECRET),
        base64.b64encode(f"anna:{SECRET}".encode()).decode(),
        base64.b64encode(SECRET.encode()).decode().rstrip("="),
    )
)
OWN = ("PREFECT_API_URL", "PREFECT_HOME", OWN_SERVER)
PLANTED = (WITH_SECRET[0], WITH_SECRET[10], WITH_SECRET[15])  # password, signature, token


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        yield running


@pytest.fixture
def netrc(tmp_path: Path) -> Path:
    """The file of credentials for the site, outside the folder of the run."""
    path = tmp_path / "netrc"
    path.write_text(f"machine 127.0.0.1 login anna password {SECRET}\n")
    return path


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory."""
    path = tmp_path / "work"
    path.mkdir()
    monkeypatch.chdir(path)
    return path


def leaks(folder: Path) -> list[str]:
    """Return the files that hold the secret in any form."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [
        path.relative_to(folder).as_posix()
        for path in files
        if any(form in path.read_bytes() for form in SEEN_AS)
    ]


def job(path: Any, **ingest: Any) -> dict[str, Any]:
    content = small_config(Path("reviews.csv"))
    content["ingest"] = {"path": path, **ingest}
    content["variants"] = {"relu": {}}
    return content


@pytest.mark.parametrize("url", PLANTED)
@pytest.mark.parametrize("command", ["run", "plan", "init"])
def test_a_secret_in_a_url_is_refused_and_repeated_nowhere(
    url: str, command: str, work: Path
) -> None:
    (work / "reviews.csv").write_text(csv_text(made_up()))
    good = write_config(work / "good.yaml", job("reviews.csv"))
    bad = write_config(work.parent / "bad.yaml", job("work/reviews.csv", test_path=["a.csv", url]))
    attempts: list[tuple[object, ...]] = [(url,)]
    if command != "init":
        attempts = [("--config", bad)]
        attempts += [("--config", good, "--set", f"ingest.{key}={url}") for key in ("path", "pth")]
        attempts += [("--config", good, "--set", f"ingest.test_path=[a.csv, '{url}']")]
    for options in attempts:
        sentence = assert_plain(reviewflow(command, *options), 2)
        assert not any(form in sentence.encode() for form in SEEN_AS)
        assert "credentials" in sentence or "without a user" in sentence or "pth" in sentence
    assert leaks(work) == []
    assert not (work / "artifacts").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        "{url}",
        "run --config {url}",
        "plan --refresh {url}",
        "run --{url}",
        "init a.csv --config {url}",
        "show {url}",
        "compare {url} latest",
        "data fetch {url}",
        "settings {url}",
        "store ls {url}",
        "score {url} --output a.csv --model m",
        "score a.csv --output {url} --model m",
    ],
)
@pytest.mark.parametrize("url", PLANTED)
def test_a_misplaced_url_is_an_error_without_its_secret(
    url: str, arguments: str, work: Path
) -> None:
    done = reviewflow(*arguments.format(url=url).split())
    assert done.exit_code != 0
    assert not any(form in done.output.encode() for form in SEEN_AS)
    assert leaks(work) == []


@pytest.mark.parametrize("address", ["slack://{}/b/c", "mailto://anna:{}@example.org", "json:/{}"])
def test_an_address_in_place_of_a_name_is_refused(address: str, work: Path) -> None:
    (work / "reviews.csv").write_text(csv_text(made_up()))
    own = address.format(SECRET)
    config = write_config(work / "good.yaml", job("reviews.csv"))
    bad = {**job("work/reviews.csv"), "notify": {"to": ["ops", own]}}
    attempts = [
        ("--config", write_config(work.parent / "bad.yaml", bad)),
        ("--config", config, "--set", f"notify.to=[{own}]"),
        ("--config", config, "--set", f"notify.to={own}"),
    ]
    for options in attempts:
        sentence = assert_plain(reviewflow("run", *options), 2)
        assert "notify.to" in sentence
        assert SECRET not in sentence
    with pytest.raises(ValidationError, match=r"must (list|have)") as raised:
        Options(changes=(f"notify.to=[{own}]",))
    assert SECRET not in str(raised.value)
    pattern = Options.model_json_schema()["properties"]["changes"]["items"]["pattern"]
    assert not re.match(pattern, f"notify.to=[{own}]")
    assert re.match(pattern, "notify.to=[ops]")
    assert leaks(work) == []


@pytest.mark.slow
def test_a_secret_in_a_file_that_prefect_reads_is_not_recorded(
    work: Path, prefect_api: str
) -> None:
    from flows.parameters import Options
    from flows.sentiment import sentiment

    for number, url in enumerate(PLANTED):
        bad = write_config(work.parent / f"bad{number}.yaml", job(["a.csv", url]))
        with pytest.raises(ConfigError, match="without a user") as caught:
            sentiment(config=str(bad), options=Options(artifacts="artifacts"))
        assert SECRET not in str(caught.value)
    logs, runs = everything_of(prefect_api)
    assert "bad2.yaml" in logs + runs
    assert SECRET not in logs + runs
    assert leaks(work) == []


@pytest.mark.slow
def test_the_address_of_a_person_is_in_no_output(work: Path) -> None:
    (work / "reviews.csv").write_text(csv_text(made_up(120)))
    write_config(work / "job.yaml", {**job("reviews.csv"), "notify": {"to": ["ops", "boss", "me"]}})
    with listening() as hook:
        host = hook.url.removeprefix("http://").partition("/")[0]
        environment = {name: value for name, value in os.environ.items() if name not in OWN}
        environment |= {
            "REVIEWFLOW_NOTIFY_OPS": f"json://anna:{SECRET}@{host}/{SECRET}",
            "REVIEWFLOW_NOTIFY_BOSS": f"fax://anna:{SECRET}@{host}/{SECRET}",
            "PREFECT_LOGGING_LEVEL": "DEBUG",
            "PREFECT_LOGGING_ROOT_LEVEL": "DEBUG",
            "PREFECT_LOGGING_EXTRA_LOGGERS": "apprise,urllib3,requests",
            "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "DEBUG",
        }
        hook.statuses[:] = [500]
        (work / "save.py").write_text(SAVE_BLOCK)
        done = subprocess.run(
            [sys.executable, "save.py", "job.yaml"],
            env=environment | {"OF_ME": f"ntfy://anna:{SECRET}@{host}/{SECRET}"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 2, done.stdout + done.stderr
        (work / "save.py").unlink()
        assert [status for status, _, _ in hook.requests] == [500, 200, 200]
        assert len({path for _, path, _ in hook.requests}) == 2
    printed = done.stdout + done.stderr
    assert "notify: notify.to names boss, whose address is not one" in printed
    assert "The alert did not reach ops (it answered 500)." in printed
    assert not any(form in printed.encode() for form in SEEN_AS)
    with closing(sqlite3.connect(work / "artifacts/prefect/prefect.db")) as database:
        ((blocks,),) = database.execute("SELECT count(*) FROM block_document WHERE name = 'me'")
    assert blocks == 1
    assert leaks(work) == []


# A run that fails, on a server of its own that knows the address of one person as a block
SAVE_BLOCK = """
import os, sys
from pathlib import Path
from flows.commands.main import main
from flows.prefect_server.lifecycle import prefect_server
with prefect_server(Path("artifacts/prefect")):
    from prefect.blocks.system import Secret
    Secret(value=os.environ.pop("OF_ME")).save("me")
    main(["run", "--config", sys.argv[1], "--set", "ingest.text_column=nowhere"])
"""


@pytest.mark.slow
def test_credentials_of_a_run_are_in_no_output(
    site: Site, netrc: Path, work: Path, bucket: Any
) -> None:
    rows = csv_text(made_up(120)).encode()
    first = site.put("/reviews.csv", rows, etag='"v1"', modified=LONG_AGO)
    second = put(bucket, "daily/27.csv", csv_text(made_up(40, 120)).encode())
    tests = site.put("/tests.csv", csv_text(made_up(40, 200)).encode(), etag='"v1"')
    away = site.put("/away.csv", status=403)
    write_config(work / "job.yaml", job([first, second], test_path=tests))
    environment = {name: value for name, value in os.environ.items() if name not in OWN}
    environment |= {
        "NETRC": str(netrc),
        "HTTPS_PROXY": f"http://anna:{SECRET}@127.0.0.1:9",
        "NO_PROXY": "127.0.0.1,localhost",
        "PREFECT_LOGGING_LEVEL": "DEBUG",
    }

    def call(*arguments: str, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "flows.commands.main", *arguments],
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == code, done.stdout + done.stderr
        assert not any(form in (done.stdout + done.stderr).encode() for form in SEEN_AS)
        return done.stdout + done.stderr

    assert f"from {second}" in call("run", "--config", "job.yaml")
    assert {request.credentials for request in site.requests} == {f"anna:{SECRET}"}
    call("--debug", "run", "--config", "job.yaml")
    call("plan", "--config", "job.yaml")
    call("show", "latest")
    assert "answered 403" in call(
        "run", "--config", "job.yaml", "--set", f"ingest.path={away}", code=2
    )
    for url in PLANTED:
        call("run", "--config", "job.yaml", "--set", f"ingest.path={url}", code=2)
    assert (work / "artifacts/prefect/prefect.db").exists()
    assert len([path for path in work.rglob("*") if path.is_file()]) > 50
    assert leaks(work) == []
