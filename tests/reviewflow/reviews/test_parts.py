"""Parts: the same rows give the same parts however they are read, and a change touches few."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewflow.errors import InputError
from reviewflow.reviews.chunking import Chunker
from reviewflow.reviews.parts import Index, cut
from reviewflow.reviews.read import ChunkSizes
from tests.reviewflow.reviews.review_files import MIDDLE, QUICK, numbered, settings_for

ROWS = st.lists(
    st.tuples(
        st.text(max_size=8) | st.sampled_from(["", " ", "\t\n"]),
        st.sampled_from(["bad", "good", "", "so-so", "?"]),
    ),
    max_size=150,
)


@QUICK
@given(
    rows=ROWS,
    chunk_bytes=st.integers(16, 400),
    most_bytes=st.sampled_from([1, 40, 1 << 20]),
)
def test_parts_do_not_depend_on_how_much_is_read_at_once(tmp_path, rows, chunk_bytes, most_bytes):
    rows = [(text.replace("\0", ""), label) for text, label in [("first", "good"), *rows]]
    ingest = settings_for(tmp_path / "reviews.csv", rows, other_labels="drop")
    chunker = Chunker(4, 32, 16, most_bytes)
    small = list(cut(ingest, None, chunker, ChunkSizes(chunk_bytes)))
    whole = list(cut(ingest, None, chunker))
    assert [part for part, _ in small] == [part for part, _ in whole]
    assert all(left.equals(right) for (_, left), (_, right) in zip(small, whole, strict=True))
    check_against_the_file(rows, whole, most_bytes)


def check_against_the_file(rows, whole, most_bytes) -> None:
    """Every row is in a part with its record's number, or counts as left out."""
    index = Index(tuple(part for part, _ in whole))
    met = [
        (index.record(number, row), text)
        for number, (part, table) in enumerate(whole)
        for row, text in enumerate(table.column("text").to_pylist())
    ]
    kept: list[tuple[int, str]] = []
    dropped: dict[str | None, list[int]] = {}
    for number, (text, label) in enumerate(rows, start=2):
        if text.strip() and label in ("bad", "good", ""):
            kept.append((number, text))
        else:
            dropped.setdefault(label if text.strip() else None, []).append(number)
    assert met == kept
    assert len(met) + sum(found.rows for found in index.left_out) == len(rows)
    assert [(found.word, found.rows, list(found.first_records)) for found in index.left_out] == [
        (word, len(numbers), numbers[:3]) for word, numbers in dropped.items()
    ]
    for part, table in whole:
        assert part.rows == table.num_rows <= 32
        size = sum(len(text.encode()) for text in table.column("text").to_pylist())
        assert size <= most_bytes or part.rows == 1
    assert Index.from_json(index.to_json()) == index


def test_a_changed_label_touches_its_part_and_leaves_the_text(tmp_path):
    rows = numbered(600)
    path = tmp_path / "reviews.csv"
    before = [part.digests for part, _ in cut(settings_for(path, rows), None, MIDDLE)]
    rows[300] = (rows[300][0], "")
    after = [part.digests for part, _ in cut(settings_for(path, rows), None, MIDDLE)]
    assert [part["text"] for part in before] == [part["text"] for part in after]
    pairs = zip(before, after, strict=True)
    assert sum(left["label"] != right["label"] for left, right in pairs) == 1


def test_the_test_file_has_parts_of_its_own(tmp_path):
    other = settings_for(tmp_path / "test.csv", [("t", "good")] * 3)
    ingest = settings_for(tmp_path / "reviews.csv", numbered(5), test_path=other.path)
    parts = [part for part, _ in cut(ingest, None)]
    assert [(part.file, part.rows) for part in parts] == [(0, 5), (1, 3)]
    index = Index(tuple(parts))
    assert index.has_test_file
    assert (index.first_row(1), index.record(1, 0), index.record(1, 2)) == (5, 2, 4)
    missing = ingest.model_copy(update={"test_path": str(tmp_path / "none.csv")})
    with pytest.raises(InputError, match=r"ingest\.test_path"):
        list(cut(missing, None))


def test_neither_pandas_nor_arrow_is_imported_without_need(tmp_path):
    settings_for(tmp_path / "reviews.csv", numbered(5))
    code = (
        "import sys; from reviewflow.reviews.parts import cut;"
        "from reviewflow.config.sections import Ingest;"
        "print([m for m in ('numpy', 'pyarrow', 'pandas') if m in sys.modules]);"
        f"g = Ingest(path={str(tmp_path / 'reviews.csv')!r}, text_column='text',"
        "label_column='label', labels={'bad': 0, 'good': 1}); list(cut(g, None));"
        "print([m for m in ('pandas', 'pyarrow.compute', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["[]", "[]"]
