"""URLs are judged when the configuration is read, and their credentials are shown nowhere."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from reviewflow.config.loading import quote
from reviewflow.config.sections import Ingest
from reviewflow.config.sentiment import read_config
from reviewflow.config.urls import (
    WITHOUT_SECRETS,
    holds_secret,
    is_url,
    mask_secrets,
    url_problem,
)
from reviewflow.errors import ConfigError

SECRET = "s3cr3t-Pa55"
WITH_SECRET = (
    f"https://anna:{SECRET}@example.org/reviews.csv",
    f"https://{SECRET}@example.org/reviews.csv",
    f"HTTPS://anna:{SECRET}@example.org:8443/reviews.csv",
    f" https://anna:{SECRET}@example.org/reviews.csv",
    f"https:/anna:{SECRET}@example.org/reviews.csv",
    f"//anna:{SECRET}@example.org/reviews.csv",
    f"ftp://anna:{SECRET}@example.org/reviews.csv",
    f"nonsense://anna:{SECRET}@example.org/reviews.csv",
    f"s3://AKIAIOSFODNN7EXAMPLE:{SECRET}@bucket/reviews.csv",
    f"simplecache::s3://key:{SECRET}@bucket/reviews.csv",
    f"https://example.org/reviews.csv?X-Amz-Signature={SECRET}",
    f"https://example.org/reviews.csv?X-Goog-Signature={SECRET}&x=1",
    f"https://example.org/reviews.csv?Expires=1&Signature={SECRET}",
    f"https://example.org/reviews.csv?AWSAccessKeyId={SECRET}",
    f"https://example.org/reviews.csv?sv=1&sig={SECRET}",
    f"https://example.org/reviews.csv?token={SECRET}",
    f"https://example.org/reviews.csv?access_token={SECRET}",
    f"https://example.org/reviews.csv?a=1;apikey={SECRET}",
    f"https://example.org/reviews.csv?api_key={SECRET}",
    f"https://example.org/reviews.csv?key={SECRET}",
    f"https://example.org/reviews.csv?%74oken={SECRET}",
    f"https://example.org/reviews.csv#access_token={SECRET}",
    f"s3://bucket/reviews.csv?X-Amz-Security-Token={SECRET}",
)
KNOWN_TOKENS = (
    "https://example.org/ghp_abcdefghijklmnopqrstuvwxyz0123456789/reviews.csv",
    "https://example.org/reviews.csv?x=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc",
)
GOOD = (
    "https://example.org/reviews.csv",
    "http://localhost:8000/a/b/reviews.jsonl.gz?version=3&keyword=film",
    "https://medium.com/@anna/reviews.csv",
    "https://example.org/reviews.csv?sort=design&monkey=1",
    "https://example.org/reviews.csv?author=a&passage=2&compass=3&keyboard=4&hotkeys=5&x=key",
    "https://example.org/signature/token/key.csv",
    "HTTP://[::1]:80/reviews.parquet",
)
PATHS = ("reviews.csv", "data/a:b.csv", "C:/data/reviews.csv", "a@b/c?token=1.csv", "data//x.csv")


@pytest.mark.parametrize("url", [*WITH_SECRET, *KNOWN_TOKENS])
def test_a_url_with_credentials_is_refused(url: str) -> None:
    problem = url_problem(url)
    assert problem is not None
    assert "without a user, a password, a signature or a token" in problem
    assert SECRET not in problem


@pytest.mark.parametrize("url", [*WITH_SECRET, *KNOWN_TOKENS])
@pytest.mark.parametrize("setting", ["path", "test_path"])
def test_no_message_repeats_the_credentials(url: str, setting: str, tmp_path: Path) -> None:
    hidden = SECRET if SECRET in url else url.partition("org/")[2]
    job = tmp_path / "job.yaml"
    job.write_text(f"ingest: {{{setting}: '{url}'}}\n", encoding="utf-8")
    for path, changes in ((job, ()), (tmp_path / "none.yaml", (f"ingest.{setting}={url}",))):
        (tmp_path / "none.yaml").write_text("{}", encoding="utf-8")
        with pytest.raises(ConfigError) as caught:
            read_config(path, changes)
        assert hidden not in str(caught.value)
        assert f"ingest.{setting}" in str(caught.value)
    with pytest.raises(ValueError, match="without a user") as refused:
        Ingest(**{setting: url})
    assert hidden not in str(refused.value)
    assert hidden not in repr(refused.value)


@pytest.mark.parametrize(
    "change",
    [
        "ingest={url}",
        "ingest.path:{url}",
        "ingest.pth={url}",
        "ingest.path=[{url}, {url}]",
        "ingest.path={{a: {url}}}",
        "ingest.{url}=1",
        "train.epochs={url}",
        "variants.a={{ingest.path: {url}}}",
        "grid.ingest.path=[{url}]",
        "grid={{ingest.path: [{url}, {url}]}}",
        "ingest.labels={url}",
        "ingest.path={url}: {url}",
    ],
)
def test_no_misplaced_credentials_are_repeated(change: str, tmp_path: Path) -> None:
    job = tmp_path / "job.yaml"
    job.write_text("{}", encoding="utf-8")
    for url in (WITH_SECRET[0], WITH_SECRET[10], WITH_SECRET[16]):
        with pytest.raises(ConfigError) as caught:
            read_config(job, (change.format(url=url),))
        assert SECRET not in str(caught.value)


@pytest.mark.parametrize("content", ["ingest: {{path: {url}", "ingest:\n  path: {url}\n  path: x"])
def test_a_broken_file_shows_no_credentials(content: str, tmp_path: Path) -> None:
    job = tmp_path / "job.yaml"
    job.write_text(content.format(url=WITH_SECRET[0]), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read_config(job)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("url", GOOD)
def test_a_good_url_passes(url: str) -> None:
    assert is_url(url)
    assert url_problem(url) is None
    assert mask_secrets(url) == url
    assert re.search(WITHOUT_SECRETS, url)
    assert Ingest(path=url, test_path=url).path == url


@pytest.mark.parametrize("path", PATHS)
def test_a_path_passes(path: str) -> None:
    assert not is_url(path)
    assert url_problem(path) is None
    assert re.search(WITHOUT_SECRETS, path)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https:/example.org/reviews.csv", "https://, which has two slashes"),
        ("s3:/bucket/reviews.csv", "s3://, which has two slashes"),
        ("nonsense://example.org/reviews.csv", "https://, http://, s3://"),
        ("simplecache::s3://bucket/reviews.csv", "https://, http://, s3://"),
        ("file:///data/reviews.csv", "without file://"),
        ("https:///reviews.csv", "must name a host"),
        ("https://example.org", "must name a file"),
        ("https://example.org/", "must name a file"),
        ("https://example.org:port/reviews.csv", "valid host and port"),
        ("https://[::1/reviews.csv", "valid host and port"),
        (" https://example.org/reviews.csv", "without blanks"),
        ("https://example.org/a\nb.csv", "control characters"),
        ("s3://bucket/daily/*.csv", "must name one file; a pattern is read on this machine only"),
    ],
)
def test_what_cannot_be_read_is_said_in_a_sentence(url: str, words: str) -> None:
    problem = url_problem(url)
    assert problem is not None
    assert words in problem


@pytest.mark.parametrize(
    ("scheme", "package"), [("s3", "s3fs"), ("gs", "gcsfs"), ("sftp", "paramiko")]
)
def test_a_scheme_needs_its_package(scheme: str, package: str) -> None:
    problem = url_problem(f"{scheme}://bucket/reviews.csv")
    if find_spec(package) is None:
        wanted = "reviewflow[s3]" if scheme == "s3" else package
        assert problem is not None
        assert f"{scheme}://" in problem
        assert wanted in problem
    else:
        assert problem is None


@pytest.mark.parametrize("url", WITH_SECRET)
def test_the_form_refuses_what_the_configuration_refuses(url: str) -> None:
    if not url.startswith(("//", " ")) and "%74" not in url:  # found by the configuration only
        assert not re.search(WITHOUT_SECRETS, url)


@pytest.mark.parametrize("url", WITH_SECRET)
def test_text_is_shown_without_the_credentials_in_it(url: str) -> None:
    if "%74" not in url:
        assert holds_secret(url)
        assert SECRET not in quote(f"ingest.path={url}")
        assert SECRET not in mask_secrets(f"a {url} b {url}")
