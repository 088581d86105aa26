"""Files of an S3 server are fetched whole, once, and again only if they have changed."""

from pathlib import Path
from typing import Any

import pytest

from reviewflow.errors import InputError
from reviewflow.reviews.fsspec_files import open_with_fsspec
from reviewflow.reviews.remote import RemoteFile, ask_urls, fetch_url
from reviewflow.reviews.transfer import Refused, Unreachable
from tests.reviewflow.reviews.s3_server import SECRET, put

pytestmark = pytest.mark.slow  # s3fs and moto take seconds to import
ROWS = b"review,sentiment\ngood,positive\n"
NEW = b"review,sentiment\nbad,negative\n "


def bring(url: str, folder: Path) -> RemoteFile:
    return fetch_url(url, folder, waits_seconds=(0.0,))


def test_an_unchanged_file_keeps_its_copy(bucket: Any, tmp_path: Path) -> None:
    url = put(bucket, "daily/27.csv", ROWS)
    first = bring(url, tmp_path)
    assert first.is_new
    assert first.path.name == "27.csv"
    assert first.path.read_bytes() == ROWS
    assert first.etag is not None
    assert first.size == len(ROWS)
    stamp = first.path.stat().st_mtime_ns
    second = bring(url, tmp_path)
    assert not second.is_new
    assert second.path.stat().st_mtime_ns == stamp


def test_a_changed_file_is_noticed_and_fetched_again(bucket: Any, tmp_path: Path) -> None:
    url = put(bucket, "reviews.csv", ROWS)
    bring(url, tmp_path)
    (asked,) = ask_urls([url], tmp_path, seconds=60)
    assert asked.unchanged
    put(bucket, "reviews.csv", NEW)
    (asked,) = ask_urls([url], tmp_path, seconds=60)
    assert asked.unchanged is False
    assert bring(url, tmp_path).path.read_bytes() == NEW


def test_a_file_of_several_blocks_is_whole(bucket: Any, tmp_path: Path) -> None:
    content = ROWS * 300_000
    assert bring(put(bucket, "long.csv", content), tmp_path).path.read_bytes() == content


def test_a_missing_file_or_bucket_is_said(bucket: Any, tmp_path: Path) -> None:
    put(bucket, "folder/reviews.csv", ROWS)
    for url, words in (
        ("s3://reviews/none.csv", "there is no such file"),
        ("s3://no-such-bucket/reviews.csv", "there is no such file"),
        ("s3://reviews/folder", "it is a folder"),
        ("s3://reviews/folder/*.csv", "must name one file"),
    ):
        with pytest.raises(InputError, match=words) as caught:
            bring(url, tmp_path)
        assert SECRET not in str(caught.value)
    assert not list(tmp_path.rglob("*.csv"))


def test_a_server_that_is_away_is_said(
    bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = put(bucket, "reviews.csv", ROWS)
    bring(url, tmp_path)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    (asked,) = ask_urls([url], tmp_path, seconds=0.2)
    assert asked.unchanged is None
    with pytest.raises(InputError, match=r"\(no connection\); the copy of"):
        bring(url, tmp_path)


def test_credentials_without_the_right_to_read_are_said(bucket: Any, tmp_path: Path) -> None:
    from moto.core import set_initial_no_auth_action_count

    url = put(bucket, "reviews.csv", ROWS)

    @set_initial_no_auth_action_count(0)
    def fetch() -> None:
        bring(url, tmp_path)

    with pytest.raises(InputError, match="credentials with the right to read it") as caught:
        fetch()
    assert SECRET not in str(caught.value)
    assert bring(url, tmp_path).is_new


def test_missing_credentials_are_said(
    bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = put(bucket, "reviews.csv", ROWS)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(InputError, match="AWS_PROFILE"):
        bring(url, tmp_path)


def test_a_file_that_changes_while_it_is_read_is_not_kept(bucket: Any) -> None:
    url = put(bucket, "reviews.csv", ROWS)
    with open_with_fsspec(url, None) as answer:
        put(bucket, "reviews.csv", NEW + NEW)
        with pytest.raises((Unreachable, Refused)):
            b"".join(answer.content)
