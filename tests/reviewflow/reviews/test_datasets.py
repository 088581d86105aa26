"""Data sets: the packaged one is written once, the archived one fetched, checked and unpacked."""

import csv
import hashlib
import io
import tarfile
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace

import pooch.core
import pytest

from reviewflow.config.sections import Ingest
from reviewflow.errors import InputError, ReviewflowError
from reviewflow.reviews import datasets
from reviewflow.reviews.datasets import (
    DATASETS,
    PROVIDED_PATH,
    fetch,
    open_reviews,
    prepare_imdb_reviews,
    provide,
)

MEMBERS = {
    "aclImdb/README": b"read me",
    "aclImdb/test/neg/0_2.txt": b'bad, "really"',
    "aclImdb/test/pos/0_10.txt": "très bien\r\nindeed\r".encode(),
    "aclImdb/train/neg/0_3.txt": b"so so",
    "aclImdb/train/pos/0_9.txt": b"good",
    "aclImdb/train/unsup/0_0.txt": b"unlabelled",
    "../aclImdb/train/pos/1_9.txt": b"outside",
}
ROWS = [
    ["review", "sentiment", "split"],
    ['bad, "really"', "negative", "test"],
    ["très bien\r\nindeed\r", "positive", "test"],
    ["so so", "negative", "train"],
    ["good", "positive", "train"],
]


def archive() -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as members:
        for name, text in MEMBERS.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            members.addfile(member, io.BytesIO(text))
        link = tarfile.TarInfo("aclImdb/train/pos/2_9.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        members.addfile(link)
    return content.getvalue()


@pytest.fixture(autouse=True)
def waits(monkeypatch) -> list[float]:
    """How long pooch would have waited before each further attempt."""
    waited: list[float] = []
    monkeypatch.setattr(pooch.core, "time", SimpleNamespace(sleep=waited.append))
    return waited


@pytest.fixture
def site():
    """A server that answers with the given (status, body) in turn, then with the last again.

    A negative status announces a byte more than is sent.
    """
    answers: list[tuple[int, bytes]] = []
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            status, body = answers.pop(0) if len(answers) > 1 else answers[0]
            self.send_response(abs(status))
            self.send_header("Content-Length", str(len(body) + (status < 0)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/aclImdb_v1.tar.gz", answers, asked
    server.shutdown()
    thread.join()
    server.server_close()


def bring(folder: Path, url: str, content: bytes, **changes) -> Path:
    md5 = hashlib.md5(content).hexdigest()
    options = {"url": url, "md5": md5, "rows": 4, "progress": False}
    return fetch("imdb", folder, **{**options, **changes})


def test_packaged_reviews_are_written_once(tmp_path):
    path = prepare_imdb_reviews(tmp_path / "raw")
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["review", "sentiment"]
    assert Counter(label for _, label in rows) == {"negative": 12_500, "positive": 12_500}
    stamp = path.stat().st_mtime_ns
    assert fetch("imdb_reviews", tmp_path / "raw").stat().st_mtime_ns == stamp
    assert [found.name for found in path.parent.iterdir()] == ["imdb_reviews.csv"]


@pytest.fixture
def working_folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def short_reviews(monkeypatch) -> None:
    """25,000 reviews of a few bytes in place of those of the package."""
    rows = [(f"review {number}", ("negative", "positive")[number % 2]) for number in range(25_000)]
    monkeypatch.setattr(datasets, "_packaged_reviews", lambda: iter(rows))


def files_below(folder: Path) -> list[str]:
    return [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]


def test_the_reviews_of_the_installation_are_written_where_they_are_configured(
    working_folder, monkeypatch
):
    written = []
    monkeypatch.setattr(datasets, "prepare_imdb_reviews", written.append)
    absolute = working_folder / PROVIDED_PATH
    for path in (PROVIDED_PATH, f"./{PROVIDED_PATH}", f"configs/../{PROVIDED_PATH}", absolute):
        provide(Ingest(path=str(path)))
        assert written.pop() == Path(path).parent
    absolute.parent.mkdir(parents=True)
    absolute.touch()
    provide(Ingest(path=str(absolute)))
    assert not written


def test_a_project_folder_elsewhere_gets_them_too(working_folder, monkeypatch):
    written: list[Path] = []
    monkeypatch.setattr(datasets, "prepare_imdb_reviews", written.append)
    project = working_folder / "project"
    (project / "configs").mkdir(parents=True)
    (project / "configs/imdb.yaml").touch()
    provide(Ingest(path=str(project / PROVIDED_PATH)))
    assert written == [(project / PROVIDED_PATH).parent]


@pytest.mark.parametrize(
    "path", ["data/rwa/imdb_reviews.csv", "imdb_reviews.csv", "/nowhere/data/raw/imdb_reviews.csv"]
)
def test_a_mistyped_folder_is_an_error(working_folder, path):
    provide(Ingest(path=path))
    with pytest.raises(InputError, match=r"There is no file .*; ingest\.path must name"):
        open_reviews(Ingest(path=path), None, working_folder / "caches", working_folder)
    assert files_below(working_folder) == []


def test_a_file_that_is_there_is_left_alone(working_folder):
    path = Path(PROVIDED_PATH)
    path.parent.mkdir(parents=True)
    path.write_text("review,sentiment\nfine,positive\n")
    provide(Ingest())
    assert open_reviews(Ingest(), None, working_folder / "caches", working_folder).index.rows == 1


@pytest.mark.usefixtures("short_reviews")
def test_planning_reads_them_and_writes_nothing(working_folder):
    planned = open_reviews(Ingest(), None, working_folder / "caches", working_folder)
    assert planned.index.rows == 25_000
    assert files_below(working_folder) == []
    with pytest.raises(InputError, match=f"There is no file {PROVIDED_PATH}"):
        planned.rows(0)
    provide(Ingest())
    read = open_reviews(Ingest(), None, working_folder / "caches", working_folder)
    assert read.index == planned.index
    assert planned.rows(1).equals(read.rows(1))


@pytest.mark.usefixtures("short_reviews")
def test_a_setting_that_does_not_fit_them_is_an_error_that_names_their_place(working_folder):
    with pytest.raises(InputError, match=f"^{PROVIDED_PATH} has no column 'text'"):
        open_reviews(Ingest(text_column="text"), None, working_folder / "caches", working_folder)


def test_fetched_archive_becomes_a_csv_file_with_the_official_split(tmp_path, site):
    url, answers, asked = site
    answers.append((200, archive()))
    path = bring(tmp_path, url, archive())
    with path.open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == ROWS
    assert bring(tmp_path, url, archive()) == path
    assert len(asked) == 1
    names = {found.name for found in tmp_path.iterdir()}
    assert names == {"imdb_50k.csv", "aclImdb_v1.tar.gz"}


def test_a_server_that_fails_is_asked_again(tmp_path, site, waits, capsys):
    url, answers, asked = site
    answers += [(503, b""), (503, b""), (200, archive())]
    assert bring(tmp_path, url, archive(), progress=True).exists()
    assert (len(asked), waits) == (3, [1, 2])
    assert "100%" in capsys.readouterr().err


def test_a_server_that_goes_on_failing_is_given_up(tmp_path, site):
    url, answers, asked = site
    answers.append((503, b""))
    with pytest.raises(ReviewflowError, match="the server answered 503"):
        bring(tmp_path, url, archive())
    assert len(asked) == 4


def test_an_answer_that_breaks_off_is_asked_for_again(tmp_path, site):
    url, answers, asked = site
    answers += [(-200, archive()[:-100]), (200, archive())]
    assert bring(tmp_path, url, archive()).exists()
    assert len(asked) == 2


def test_wrong_content_is_refused(tmp_path, site):
    url, answers, asked = site
    answers.append((200, b"something else"))
    with pytest.raises(ReviewflowError, match="its MD5 is not"):
        bring(tmp_path, url, archive())
    assert len(asked) == 4
    assert list(tmp_path.iterdir()) == []


def test_a_missing_page_is_not_asked_for_again(tmp_path, site):
    url, answers, asked = site
    answers.append((404, b""))
    with pytest.raises(ReviewflowError, match="the server answered 404"):
        bring(tmp_path, url, archive())
    assert len(asked) == 1


def test_without_a_network_the_file_to_place_is_named(tmp_path):
    url = "http://127.0.0.1:1/aclImdb_v1.tar.gz"
    with pytest.raises(ReviewflowError) as caught:
        bring(tmp_path, url, archive())
    assert str(tmp_path / "aclImdb_v1.tar.gz") in str(caught.value)
    (tmp_path / "aclImdb_v1.tar.gz").write_bytes(archive())
    assert bring(tmp_path, url, archive()).exists()


@pytest.mark.parametrize("content", [archive()[:-200], b"no archive"])
def test_a_damaged_archive_leaves_nothing_half_written(tmp_path, content):
    (tmp_path / "aclImdb_v1.tar.gz").write_bytes(content)
    with pytest.raises(ReviewflowError):
        bring(tmp_path, "http://127.0.0.1:1/aclImdb_v1.tar.gz", content)
    assert [found.name for found in tmp_path.iterdir()] == ["aclImdb_v1.tar.gz"]


def test_too_few_reviews_are_refused(tmp_path):
    (tmp_path / "aclImdb_v1.tar.gz").write_bytes(archive())
    with pytest.raises(ReviewflowError, match="should get 5 reviews, but its source holds 4"):
        bring(tmp_path, "http://127.0.0.1:1/aclImdb_v1.tar.gz", archive(), rows=5)


def test_an_unknown_name_is_an_error_that_lists_the_known_ones(tmp_path):
    with pytest.raises(InputError, match="there are imdb_reviews, imdb"):
        fetch("imbd", tmp_path)
    assert len({dataset.file_name for dataset in DATASETS}) == len(DATASETS)
