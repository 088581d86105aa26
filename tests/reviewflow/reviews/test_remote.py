"""Files of a web server are fetched whole, once, and again only if they have changed."""

import json
import os
import ssl
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from reviewflow.errors import InputError, StoreError
from reviewflow.reviews.downloads import Version, copy_path, file_name, kept_copy
from reviewflow.reviews.remote import RemoteFile, ask_urls, check_url, fetch_url, require_copy
from reviewflow.store.locks import LOCKS
from tests.reviewflow.reviews.web_site import LONG_AGO, Site, a_moment_ago, sites

ROWS = b"review,sentiment\ngood,positive\n"
NEW = b"review,sentiment\nbad,negative\n "
SECRET = "s3cr3t-Pa55"


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "artifacts" / "downloads"


@pytest.fixture(autouse=True)
def no_netrc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of credentials, which is missing at first."""
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    return tmp_path / "netrc"


def bring(url: str, folder: Path, **changes: Any) -> RemoteFile:
    return fetch_url(url, folder, **{"waits_seconds": (0.0, 0.0), **changes})


def left_in(folder: Path) -> list[str]:
    """Return the names of all files but locks."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path.name for path in paths if path.parent.name != LOCKS)


@pytest.mark.parametrize(
    "facts",
    [
        {"etag": '"v1"'},
        {"etag": 'W/"v1"', "modified": LONG_AGO},
        {"modified": LONG_AGO},
        {"etag": '"v1"', "conditional": False},
        {"modified": LONG_AGO, "conditional": False},
        {},
        {"names_size": False},
    ],
)
def test_an_unchanged_file_keeps_its_copy(site: Site, folder: Path, facts: dict[str, Any]) -> None:
    url = site.put("/daily/reviews.csv", ROWS, **facts)
    first = bring(url, folder)
    assert first.is_new
    assert first.path.read_bytes() == ROWS
    assert first.path.name == "reviews.csv"
    stamp = first.path.stat()
    second = bring(url, folder)
    assert not second.is_new
    assert second.path == first.path
    assert (second.path.stat().st_mtime_ns, second.path.stat().st_ino) == (
        stamp.st_mtime_ns,
        stamp.st_ino,
    )
    assert site.asked("GET") == 2


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"etag": '"v1"'}, {"etag": '"v2"'}),
        ({"modified": LONG_AGO}, {"modified": a_moment_ago(3600)}),
        ({}, {}),
    ],
)
def test_a_changed_file_is_fetched_again(
    site: Site, folder: Path, before: dict[str, Any], after: dict[str, Any]
) -> None:
    url = site.put("/reviews.csv", ROWS, **before)
    first = bring(url, folder)
    site.put("/reviews.csv", NEW, **after)
    second = bring(url, folder)
    assert second.is_new
    assert second.path == first.path
    assert second.path.read_bytes() == NEW
    assert len(left_in(folder)) == 2


def test_a_file_that_was_changed_a_moment_ago_is_compared_by_content(
    site: Site, folder: Path
) -> None:
    modified = a_moment_ago()
    url = site.put("/reviews.csv", ROWS, etag='"second-size"', modified=modified)
    assert bring(url, folder).version == Version(size=len(ROWS))
    site.put("/reviews.csv", NEW[: len(ROWS)], etag='"second-size"', modified=modified)
    assert bring(url, folder).is_new


def test_two_runs_at_once_fetch_a_file_once(site: Site, folder: Path) -> None:
    url = site.put("/reviews.csv", ROWS, etag='"v1"', wait_seconds=0.2)
    with ThreadPoolExecutor(3) as pool:
        copies = list(pool.map(lambda _: bring(url, folder), range(3)))
    assert sorted(copy.is_new for copy in copies) == [False, False, True]
    asked = [request.headers.get("If-None-Match") for request in site.requests]
    assert asked == [None, '"v1"', '"v1"']


def test_a_damaged_or_lost_copy_is_fetched_again(site: Site, folder: Path) -> None:
    url = site.put("/reviews.csv", ROWS, etag='"v1"')
    copy = bring(url, folder)
    copy.path.write_bytes(NEW)
    assert kept_copy(url, folder) is None
    assert bring(url, folder).path.read_bytes() == ROWS
    copy.path.unlink()
    assert bring(url, folder).path.read_bytes() == ROWS
    facts = next(folder.glob("*.json"))
    for damaged in ("", "[]", '{"version": {"tag": 1}}'):
        facts.write_text(damaged)
        assert kept_copy(url, folder) is None
        assert bring(url, folder).path.read_bytes() == ROWS
    os.utime(copy.path, (1, 1))  # a restored copy is not damaged
    kept = kept_copy(url, folder)
    assert kept is not None
    assert kept.path == copy.path


@pytest.mark.parametrize("names_size", [True, False])
@pytest.mark.parametrize("packed", ["gzip", "zstd"])
def test_content_is_kept_as_it_comes(
    site: Site, folder: Path, packed: str, names_size: bool
) -> None:
    url = site.put(
        "/reviews.csv",
        b"\x1f\x8b packed",
        names_size=names_size,
        headers={"Content-Encoding": packed},
    )
    assert bring(url, folder).path.read_bytes() == b"\x1f\x8b packed"
    assert site.requests[0].headers["Accept-Encoding"] == "identity"


def test_unknown_packing_is_refused(site: Site, folder: Path) -> None:
    url = site.put("/reviews.csv", ROWS, headers={"Content-Encoding": "br"})
    with pytest.raises(InputError, match="not asked for"):
        bring(url, folder)


def test_a_cut_transfer_leaves_nothing(site: Site, folder: Path) -> None:
    url = site.put("/reviews.csv", ROWS * 100_000, missing_bytes=5)
    with pytest.raises(InputError, match=r"reviews.csv cannot be fetched \(the transfer was cut\)"):
        bring(url, folder)
    assert site.asked("GET") == 3
    assert left_in(folder) == []


def test_a_cut_transfer_keeps_the_copy_of_before(site: Site, folder: Path) -> None:
    url = site.put("/reviews.csv", ROWS, etag='"v1"')
    copy = bring(url, folder)
    site.put("/reviews.csv", NEW, etag='"v2"', missing_bytes=5)
    with pytest.raises(InputError, match="may be old, so it is not used") as caught:
        bring(url, folder)
    assert str(copy.path) in str(caught.value)
    assert kept_copy(url, folder) == RemoteFile(
        copy.path, url, copy.version, copy.fetched, copy.sha256
    )
    assert len(left_in(folder)) == 2


def test_a_busy_server_is_asked_again(site: Site, folder: Path) -> None:
    url = site.put("/reviews.csv", ROWS, statuses=[503, 429])
    assert bring(url, folder).path.read_bytes() == ROWS
    site.put("/reviews.csv", NEW, statuses=[500, 502, 503])
    with pytest.raises(InputError, match="the server answered 503"):
        bring(url, folder)


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (404, "check the address"),
        (403, "~/.netrc"),
        (401, "~/.netrc"),
        (410, "check the"),
        (418, "418"),
    ],
)
def test_a_refusal_is_final(site: Site, folder: Path, status: int, advice: str) -> None:
    url = site.put("/reviews.csv", ROWS, status=status)
    with pytest.raises(InputError, match=f"the server answered {status}") as caught:
        bring(url, folder)
    assert advice in str(caught.value)
    assert site.asked("GET") == 1
    assert left_in(folder) == []


def test_a_web_page_is_not_taken_for_reviews(site: Site, folder: Path) -> None:
    headers = {"Content-Type": "text/html; charset=utf-8"}
    url = site.put("/reviews.csv", b"<html>sign in</html>", headers=headers)
    with pytest.raises(InputError, match="it is a web page"):
        bring(url, folder)
    assert left_in(folder) == []


def test_a_run_without_a_connection_uses_no_copy(folder: Path) -> None:
    with Site() as site:
        url = site.put("/reviews.csv", ROWS)
        bring(url, folder)
    with pytest.raises(InputError, match=r"\(no connection\); the copy of .* may be old"):
        bring(url, folder)


def test_a_folder_that_cannot_be_written_is_named(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError, match="cannot be written"):
        bring(site.put("/reviews.csv", ROWS), tmp_path / "file" / "downloads")


def test_progress_is_told(site: Site, folder: Path) -> None:
    told: list[tuple[int, int | None]] = []
    content = ROWS * 20_000
    bring(site.put("/r.csv", content), folder, progress=lambda *amount: told.append(amount))
    assert told[-1] == (len(content), len(content))
    assert len(told) > 1


def test_what_a_killed_process_left_is_removed(site: Site, folder: Path) -> None:
    url = site.put("/reviews.csv", ROWS)
    place = copy_path(url, folder).parent
    place.mkdir(parents=True)
    for name, age in (("old", 48 * 3600), ("young", 60)):
        (place / f".unfinished-{name}").write_bytes(b"x")
        os.utime(place / f".unfinished-{name}", (time.time() - age,) * 2)
    bring(url, folder)
    assert sorted(path.name for path in place.iterdir()) == [".unfinished-young", "reviews.csv"]


def test_credentials_go_to_their_host_alone(folder: Path, no_netrc: Path) -> None:
    no_netrc.write_text(
        f"machine 127.0.0.1 login anna password {SECRET}\n"
        f"machine localhost login other password {SECRET}\n"
        f"default login everybody password {SECRET}\n"
    )
    with sites("127.0.0.1", "localhost") as (own, other):
        target = other.put("/a/reviews.csv?X-Signature=abc", ROWS)
        moved = own.put("/moved.csv", status=302, location=target)
        first = own.put("/reviews.csv", status=301, location="/moved.csv")
        assert bring(first, folder).path.read_bytes() == ROWS
        assert [request.credentials for request in own.requests] == [f"anna:{SECRET}"] * 2
        assert [request.credentials for request in other.requests] == [None]
        back = other.put("/back.csv", status=302, location=f"{own.address}/end.csv")
        own.put("/end.csv", ROWS)
        bring(own.put("/there.csv", status=302, location=back), folder)
        assert own.requests[-1].credentials is None
        assert moved
        kept = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
        assert b"Signature" not in kept
        assert SECRET.encode() not in kept


def test_redirects_without_end_are_refused(site: Site, folder: Path) -> None:
    url = site.put("/reviews.csv", status=302, location="/reviews.csv?secret=1")
    with pytest.raises(InputError, match="redirected more than 10 times") as caught:
        bring(url, folder)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "ftp://x/y.csv", "http://[::1/x", "http://h:x/"]
)
def test_redirects_to_something_else_are_refused(site: Site, folder: Path, location: str) -> None:
    url = site.put("/reviews.csv", status=302, location=location)
    with pytest.raises(InputError, match="not a web address"):
        bring(url, folder)


def certificate(folder: Path) -> Path:
    """Write a key and a certificate for 127.0.0.1 that nobody else has signed."""
    from ipaddress import ip_address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    signed = (
        builder.not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    kind, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path = folder / "certificate.pem"
    path.write_bytes(key.private_bytes(pem, kind, plain) + signed.public_bytes(pem))
    return path


def test_https_is_trusted_by_certificate_and_never_left(
    site: Site, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    with Site(tls=context) as safe:
        url = safe.put("/reviews.csv", ROWS)
        with pytest.raises(InputError, match="certificate is not trusted"):
            bring(url, folder)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(path))
        assert bring(url, folder).path.read_bytes() == ROWS
        plain = site.put("/reviews.csv", NEW)
        down = safe.put("/down.csv", status=302, location=plain)
        with pytest.raises(InputError, match="from https to http"):
            bring(down, folder)
        assert site.requests == []
        up = site.put("/up.csv", status=302, location=url)
        assert bring(up, folder).path.read_bytes() == ROWS


@pytest.mark.parametrize(
    ("facts", "after", "unchanged", "words"),
    [
        ({"etag": '"v1"'}, {"etag": '"v1"'}, True, None),
        (
            {"etag": '"v1"', "conditional": False},
            {"etag": '"v1"', "conditional": False},
            True,
            None,
        ),
        ({"modified": LONG_AGO}, {"modified": LONG_AGO}, True, None),
        ({"etag": '"v1"'}, {"etag": '"v2"'}, False, "has changed since it was fetched"),
        ({"modified": LONG_AGO}, {"modified": a_moment_ago(60)}, False, "a run fetches it first"),
        ({}, {}, None, "may have changed (the server says nothing of changes)"),
        ({}, {"status": 404}, None, "may have changed (the server answered 404"),
        ({}, {"status": 503}, None, "not asked (the server answered 503)"),
    ],
)
def test_a_plan_asks_whether_a_file_has_changed(
    site: Site,
    folder: Path,
    facts: dict[str, Any],
    after: dict[str, Any],
    unchanged: bool | None,
    words: str | None,
) -> None:
    url = site.put("/reviews.csv", ROWS, **facts)
    copy = bring(url, folder)
    site.put("/reviews.csv", ROWS, **after)
    (asked,) = ask_urls([url], folder)
    assert asked.unchanged is unchanged
    assert asked.copy.path == copy.path
    assert site.asked("HEAD") == 1
    assert site.asked("GET") == 1
    if words is None:
        assert asked.sentence is None
    else:
        assert asked.sentence is not None
        assert words in asked.sentence
        assert url in asked.sentence


def test_a_plan_waits_for_all_answers_together(site: Site, folder: Path) -> None:
    urls = [site.put(f"/{number}.csv", ROWS, etag='"v"') for number in range(20)]
    for url in urls:
        bring(url, folder)
    for number in range(1, 20):
        site.put(f"/{number}.csv", ROWS, etag='"v"', wait_seconds=60)
    before = time.monotonic()
    first, *others = ask_urls(urls, folder, seconds=0.3)
    assert time.monotonic() - before < 5
    assert first.unchanged
    assert [asked.reason for asked in others] == ["no answer within 0.3 s"] * 19
    assert "not asked (no answer within 0.3 s); planned on the copy of" in str(others[0].sentence)


def test_a_file_that_was_never_fetched_cannot_be_planned(site: Site, folder: Path) -> None:
    url = site.put("/reviews.csv", ROWS)
    with pytest.raises(InputError, match="has not been fetched yet"):
        ask_urls([url], folder)
    with pytest.raises(InputError, match="reviewflow run fetches it"):
        require_copy(url, folder)
    assert site.requests == []


def test_credentials_in_a_url_are_refused_before_anything_is_asked(
    site: Site, folder: Path
) -> None:
    url = site.put("/reviews.csv", ROWS).replace("//", f"//anna:{SECRET}@")
    for attempt in (lambda: bring(url, folder), lambda: check_url(url, "ingest.path")):
        with pytest.raises(InputError, match=r"~/\.netrc") as caught:
            attempt()
        assert SECRET not in str(caught.value)
    assert site.requests == []
    assert not folder.exists()


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://example.org/a/reviews.jsonl.gz?version=3", "reviews.jsonl.gz"),
        ("https://example.org/a/my%20reviews.csv", "my reviews.csv"),
        ("https://example.org/a/..%2f..%2fetc%2fpasswd", "_.._etc_passwd"),
        ("https://example.org/a/.hidden.csv", "hidden.csv"),
        ("https://example.org/a/%00b%0a.csv", "_b_.csv"),
        ("https://example.org/..", "reviews"),
        ("https://example.org/a/Bücher.tsv/", "Bücher.tsv"),
        ("s3://bucket/2026/11/27.parquet", "27.parquet"),
    ],
)
def test_a_copy_has_the_last_name_of_its_url(url: str, name: str) -> None:
    assert file_name(url) == name
    assert file_name(url.replace(name, "x" * 500 + name)).endswith(name)


def test_what_is_kept_names_the_server_s_words(site: Site, folder: Path) -> None:
    url = site.put("/reviews.csv", ROWS, etag='"v1"', modified=LONG_AGO)
    copy = bring(url, folder)
    assert (copy.etag, copy.size, copy.modified) == ('"v1"', len(ROWS), LONG_AGO)
    content = json.loads(next(folder.glob("*.json")).read_text(encoding="utf-8"))
    assert content["url"] == url
    assert content["version"] == {"etag": '"v1"', "size": len(ROWS), "modified": LONG_AGO}
