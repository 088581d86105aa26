"""Reading: cells come out as they went in, and what cannot be read ends in a sentence."""

import csv
import gzip
import io
import zipfile
from contextlib import suppress
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reviewflow.config.sections import Ingest
from reviewflow.config.strict_yaml import parse_yaml
from reviewflow.errors import InputError
from reviewflow.reviews.read import OTHER_WORDS, ChunkSizes, blocks, label_words

SETTINGS = {"text_column": "text", "label_column": "label", "labels": {"bad": 0, "good": 1}}
TEXTS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0") | st.sampled_from('",\n\r; '),
    max_size=30,
)
LABELS = st.sampled_from(["bad", "good", ""])
QUICK = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def read(path: Path, split: str | None = None, sizes: ChunkSizes | None = None, **changes):
    ingest = Ingest(**{**SETTINGS, **changes})
    found = list(blocks(ingest, path, split, sizes=sizes or ChunkSizes()))
    rows = [row for block in found for row in block.rows.to_pylist()]
    records = [record for block in found for record in block.records.tolist()]
    left_out: dict[str | None, list[int]] = {}
    for block in found:
        for word, numbers in block.left_out.items():
            left_out.setdefault(word, []).extend(numbers.tolist())
    return rows, records, left_out


def read_bytes(folder: Path, content: bytes, name: str = "reviews.csv", **changes):
    path = folder / name
    path.write_bytes(content)
    return read(path, **changes)


def filled(rows: list[tuple[str, str]]) -> list[tuple[int, str, str]]:
    """Return the record, text and label of the rows whose text is not blank."""
    return [(n + 2, text, label) for n, (text, label) in enumerate(rows) if text.strip()]


def csv_text(rows, **options) -> str:
    out = io.StringIO(newline="")
    # Python's writer leaves a lone carriage return unquoted before 3.13.
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, **options)
    writer.writerows([("text", "label"), *rows])
    return out.getvalue()


@QUICK
@given(
    rows=st.lists(st.tuples(TEXTS, LABELS), min_size=1, max_size=12),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    delimiter=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32-le"]),
    chunk_bytes=st.sampled_from([16, 64, 1 << 20]),
)
def test_written_cells_are_read_back(tmp_path, rows, line_end, delimiter, encoding, chunk_bytes):
    rows = [("first", "good"), *rows]
    text = csv_text(rows, lineterminator=line_end, delimiter=delimiter)
    known = "utf-8" if encoding == "utf-8-sig" else encoding
    found, records, _ = read_bytes(
        tmp_path,
        text.encode(encoding),
        encoding=known,
        delimiter=delimiter,
        sizes=ChunkSizes(chunk_bytes),
    )
    code = {"bad": 0, "good": 1, "": None}
    assert found == [{"text": cell, "label": code[label]} for _, cell, label in filled(rows)]
    assert records == [record for record, _, _ in filled(rows)]


@QUICK
@given(st.lists(st.tuples(TEXTS, LABELS), min_size=1, max_size=12))
def test_pandas_and_we_agree_on_a_file_that_pandas_wrote(tmp_path, rows):
    # pandas leaves a lone carriage return unquoted, and reads it as the end of a line itself.
    rows = [("first", "good"), *((text.replace("\r", ""), label) for text, label in rows)]
    path = tmp_path / "pandas.csv"
    pd.DataFrame(rows, columns=["text", "label"]).to_csv(path, index=False)
    assert [row["text"] for row in read(path)[0]] == [text for _, text, _ in filled(rows)]
    parquet = tmp_path / "pandas.parquet"
    pd.DataFrame(rows, columns=["text", "label"]).to_parquet(parquet)
    assert read(parquet) == read(path)


@QUICK
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(["text", "text", "", " ", "\n\t", "\u3000"]),
            st.sampled_from(["bad", "good", "", "so-so", "null"]),
        ),
        min_size=1,
    ),
    chunk_bytes=st.sampled_from([32, 1 << 20]),
)
def test_rows_left_out_and_kept_are_all_rows(tmp_path, rows, chunk_bytes):
    named = [
        (f"text {n}" if text == "text" else text, label) for n, (text, label) in enumerate(rows)
    ]
    rows = [("first", "good"), *named]
    found, records, left_out = read_bytes(
        tmp_path, csv_text(rows).encode(), other_labels="drop", sizes=ChunkSizes(chunk_bytes)
    )
    assert sorted(chain(records, *left_out.values())) == list(range(2, len(rows) + 2))
    known = {record: text for record, text, label in filled(rows) if label not in UNKNOWN}
    assert dict(zip(records, (row["text"] for row in found), strict=True)) == known
    for word in UNKNOWN:
        expected = [record for record, _, label in filled(rows) if label == word]
        assert left_out.get(word, []) == expected
    assert left_out.get(None, []) == [n + 2 for n, (text, _) in enumerate(rows) if not text.strip()]


UNKNOWN = ("so-so", "null")


def test_more_than_a_hundred_unknown_words_are_counted_together(tmp_path):
    content = csv_text([("x", f"word {n}") for n in range(150)] + [("y", "good")]).encode()
    _, _, left_out = read_bytes(tmp_path, content, other_labels="drop")
    assert len(left_out) == 101
    assert len(left_out[OTHER_WORDS]) == 50


def test_blank_lines_are_no_records(tmp_path):
    content = b"\n\ntext,label\n\nx,good\r\n\r\n\ny,bad"
    assert read_bytes(tmp_path, content)[1] == [2, 3]


def test_a_record_longer_than_the_block_is_read_with_a_larger_one(tmp_path):
    long = "word " * 1_000_000
    content = csv_text([("a", "good"), (long, "bad"), ("b", "good")]).encode()
    rows, records, _ = read_bytes(tmp_path, content)
    assert [len(row["text"]) for row in rows] == [1, 5_000_000, 1]
    assert records == [2, 3, 4]


def test_ten_thousand_columns(tmp_path):
    names = ",".join([*(f"c{n}" for n in range(10_000)), "text", "label"])
    cells = ",".join(["1"] * 10_000 + ["x", "good"])
    assert read_bytes(tmp_path, f"{names}\n{cells}\n{cells}\n".encode())[1] == [2, 3]


@pytest.mark.parametrize(
    ("labels", "known"),
    [
        ([1, 0, None], {"0": 0, "1": 1}),
        ([1.0, 0.0, None], {"0": 0, "1": 1}),
        ([True, False, None], {True: 1, False: 0}),
        (pd.Series(["good", "bad", None], dtype="category"), SETTINGS["labels"]),
        (np.array(["good", "bad", ""], object), SETTINGS["labels"]),
    ],
)
def test_labels_of_any_kind_in_parquet_are_words(tmp_path, labels, known):
    path = tmp_path / "reviews.parquet"
    pd.DataFrame({"text": ["x", "y", "z"], "label": labels}).to_parquet(path)
    rows, _, _ = read(path, labels=known)
    assert [row["label"] for row in rows] == [1, 0, None]


def test_blank_texts_are_left_out_of_a_parquet_file(tmp_path):
    path = tmp_path / "reviews.parquet"
    texts = ["x", None, "", " \u3000\n", "y"]
    pd.DataFrame({"text": texts, "label": ["good", "bad", "?", "", "bad"]}).to_parquet(path)
    rows, records, left_out = read(path)
    assert [row["text"] for row in rows] == ["x", "y"]
    assert records == [2, 6]
    assert left_out == {None: [3, 4, 5]}
    pd.DataFrame({"text": texts[1:4], "label": "good"}).to_parquet(path)
    with pytest.raises(InputError, match="'text' is blank in 3 of its 3 rows"):
        read(path)


def test_label_words_of_rows_with_a_blank_text_are_not_listed(tmp_path):
    path = tmp_path / "reviews.csv"
    path.write_text("text,label\nx,good\n ,so-so\ny,bad\n")
    assert label_words(Ingest(**SETTINGS), path, 10) == {"good", "bad"}


def test_booleans_in_a_csv_file_match_the_words_that_yaml_reads(tmp_path):
    rows, _, _ = read_bytes(tmp_path, b"text,label\nx,True\ny,false\n", labels={True: 1, False: 0})
    assert [row["label"] for row in rows] == [1, 0]


@pytest.mark.parametrize("known", [{0: 0, 1: 1}, {0.0: 0, 1.0: 1}, {"0": 0, "1.00": 1}])
@pytest.mark.parametrize("suffix", ["csv", "parquet", "jsonl"])
def test_a_whole_number_is_one_label_however_it_is_written(tmp_path, known, suffix):
    """pandas writes a column of 0 and 1 that has a gap as 0.0 and 1.0."""
    path = tmp_path / f"reviews.{suffix}"
    frame = pd.DataFrame({"text": ["x", "y", "z", "w"], "label": [1, 0, None, -0.0]})
    write = {"csv": frame.to_csv, "parquet": frame.to_parquet, "jsonl": frame.to_json}[suffix]
    options = {"csv": {"index": False}, "jsonl": {"orient": "records", "lines": True}}
    write(path, **options.get(suffix, {}))
    rows, _, _ = read(path, labels=known)
    assert [row["label"] for row in rows] == [1, 0, None, 0]
    ingest = Ingest(text_column="text", label_column="label", labels="auto")
    assert label_words(ingest, path, 10) == {"0", "1"}


def test_other_numbers_and_words_keep_their_form(tmp_path):
    words = ["1.5", "01.0", "1.0.0", "1.", "v1.0", "1e3"]
    content = csv_text([("x", word) for word in words]).encode()
    rows, _, _ = read_bytes(tmp_path, content, labels={word: n for n, word in enumerate(words)})
    assert [row["label"] for row in rows] == list(range(len(words)))


@pytest.mark.parametrize(
    ("word", "known", "difference"),
    [
        (" Positive", "positive", "case and spaces: add ' Positive': 1."),
        ("Positive", "positive", "case: add 'Positive': 1."),
        ("positive ", "positive", "spaces: add 'positive ': 1."),
        ("very  good", "very good", "spaces: add 'very  good': 1."),
        ("Yes", "yes", "case: add 'Yes': 1."),
    ],
)
def test_a_label_that_differs_by_case_or_spaces_is_told(tmp_path, word, known, difference):
    content = csv_text([("x", word), ("y", "negative")]).encode()
    with pytest.raises(InputError) as caught:
        read_bytes(tmp_path, content, labels={"negative": 0, known: 1})
    assert f"{word!r} differs from {known!r} by {difference}" in str(caught.value)


@pytest.mark.parametrize(
    ("words", "written"),
    [("yes no", "{yes: 1, no: 0}"), ("on off", "{on: 1, off: 0}"), ("y n", "{y: 1, n: 0}")],
)
@pytest.mark.parametrize("case", [str.lower, str.title, str.upper])
def test_words_that_yaml_takes_for_booleans_are_labels(tmp_path, words, written, case):
    rows = list(zip("xy", case(words).split(), strict=True))
    labels = parse_yaml(case(written))
    found, _, _ = read_bytes(tmp_path, csv_text(rows).encode(), labels=labels)
    assert [row["label"] for row in found] == [1, 0]


@pytest.mark.parametrize("name", ["a.tsv", "a.TSV", "a.tab", "a.tsv.gz", "a.tsv.zip"])
def test_cells_of_a_tsv_file_are_separated_by_tabs(tmp_path, name):
    content = b"text\tlabel\nx, y\tgood\n"
    if name.endswith(".gz"):
        content = gzip.compress(content)
    if name.endswith(".zip"):
        with zipfile.ZipFile(tmp_path / name, "w") as packed:
            packed.writestr("a.tsv", content)
        content = (tmp_path / name).read_bytes()
    rows, _, _ = read_bytes(tmp_path, content, name)
    assert [row["text"] for row in rows] == ["x, y"]
    with pytest.raises(InputError, match="a tab"):
        read_bytes(tmp_path, content, name, delimiter=",")


@pytest.mark.parametrize("tab", ["\t", r"\t", "tab"])
def test_a_tab_has_three_names(tmp_path, tab):
    rows, _, _ = read_bytes(tmp_path, b"text\tlabel\nx, y\tgood\n", delimiter=tab)
    assert [row["text"] for row in rows] == ["x, y"]


@pytest.mark.parametrize("line", ["sep=;", "SEP=;", '"sep=;"'])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("before", ["", "\ufeff", "\n", "\ufeff\r\n"])
@pytest.mark.parametrize("chunk_bytes", [4, 1 << 20])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
def test_a_line_that_names_the_delimiter_is_not_a_record(
    tmp_path, line, end, before, chunk_bytes, encoding
):
    lines = [before + line, "text;label", "x, y;good", "sep=;bad", "z;bad", "w"]
    content = end.join(lines[:-1]).encode(encoding)
    sizes = ChunkSizes(chunk_bytes)
    rows, records, _ = read_bytes(tmp_path, content, encoding=encoding, sizes=sizes)
    assert [row["text"] for row in rows] == ["x, y", "sep=", "z"]
    assert records == [2, 3, 4]
    with pytest.raises(InputError, match="record 5 has 1 cell"):
        read_bytes(tmp_path, end.join(lines).encode(encoding), encoding=encoding, sizes=sizes)
    wrong = content + end.encode(encoding) + (b"\xff" if encoding == "utf-8" else b"\0\0")
    with pytest.raises(InputError, match=r"record 5 holds a byte|NUL byte in record 5"):
        read_bytes(tmp_path, wrong, encoding=encoding, sizes=sizes)


def test_a_split_column_is_read_as_text(tmp_path):
    path = tmp_path / "reviews.csv"
    path.write_text("part,text,label\ntrain,x,good\nNA,y,bad\n")
    rows, _, _ = read(path, split="part")
    assert [row["split"] for row in rows] == ["train", "NA"]


NUL, LATIN = b"text,label\nx,good\ny\0,bad\n", "text,label\nx,good\né,bad\n".encode("latin-1")
UTF_16 = "text,label\nx,good\n".encode("utf-16")


@pytest.mark.parametrize(
    ("content", "changes", "words"),
    [
        (b"", {}, ["is empty"]),
        (b"text,label\n\n", {}, ["has a header but no rows"]),
        (b"text,lable\nx,y\n", {}, ["no column 'label' (ingest.label_column)", "mean 'lable'"]),
        (b"text\tlabel\nx\ty\n", {}, ["no column 'text'", "a tab", "ingest.delimiter"]),
        (b"text,text,label\nx,y,good\n", {}, ["2 columns called 'text'"]),
        (b"text,label\nx,good\n", {"text_column": "label"}, ["must differ"]),
        (b"text,label\nx,good\ny,bad,z\n", {}, ["record 3 has 3 cells", "has 2", "'y,bad,z'"]),
        (b"text,label\nx,good\n\ny\nz,bad\n", {}, ["record 3 has 1 cell where"]),
        (b'text,label\nx,good\n"y,bad\nz,bad\n', {}, ["record 3 opens a quote", "begins"]),
        (b'text,label\nx,good\nz,"bad\n', {}, ["record 3 opens a quote", "begins"]),
        (NUL, {}, ["NUL byte in record 3"]),
        (UTF_16, {}, ["utf-16: set ingest.encoding: utf-16"]),
        (LATIN, {}, ["not utf-8", "record 3", "windows-1252"]),
        (b'text,label\n"x\n\n",good\n\xff,bad\n', {}, ["record 3 holds a byte"]),
        (b"text,label\nx,good\n\x81,bad\n", {"encoding": "cp1252"}, ["record 3", "latin-1"]),
        (UTF_16[:-1], {"encoding": "utf-16"}, ["cannot be decoded"]),
        (b"text,label\n\xdc", {"encoding": "utf-16"}, ["record 1 holds a byte", "it may be utf-8"]),
        (b"text,label\nx,good\n", {"encoding": "utf-99"}, ["'utf-99' is not an encoding"]),
        (b"text,label\nx,good\n", {"encoding": "base64"}, ["is not an encoding"]),
        (b"text,label\nx,good\n", {"delimiter": '"'}, ["cannot separate cells"]),
        (b"text,label\nx,good\n", {"delimiter": "§"}, ["cannot separate cells"]),
        (
            b"text,label\nx,meh\ny,good\nz,meh\nv,\nw,??\n",
            {},
            ["'meh' (2 rows, first records 2, 4)", "'??' (1 row, record 6)", "other_labels: drop"],
        ),
        (b"text,label\nx,meh\n", {"other_labels": "drop"}, ["none of its 1 rows"]),
    ],
)
def test_what_cannot_be_read_is_an_error(tmp_path, content, changes, words):
    with pytest.raises(InputError) as caught:
        read_bytes(tmp_path, content, **changes)
    message = str(caught.value)
    assert [word for word in words if word not in message] == [], message
    assert "\n" not in message


def test_a_record_beyond_the_limit_is_an_error(tmp_path):
    content = csv_text([("x", "good"), ("y" * 500, "bad"), ("z", "good")]).encode()
    with pytest.raises(InputError, match="longer than the limit of 200 bytes"):
        read_bytes(tmp_path, content, sizes=ChunkSizes(32, most_record_bytes=200))


def test_wrong_paths_are_errors(tmp_path):
    with pytest.raises(InputError, match="There is no file"):
        read(tmp_path / "none.csv")
    with pytest.raises(InputError, match="is a directory"):
        read(tmp_path)


def test_damaged_parquet_is_an_error(tmp_path):
    path = tmp_path / "reviews.parquet"
    pd.DataFrame({"text": ["x"] * 99, "label": ["good"] * 99}).to_parquet(path)
    whole = path.read_bytes()
    for content in (whole[:-9], whole[:4], b"text,label\nx,good\n"):
        with pytest.raises(InputError, match="cannot be read as Parquet"):
            read_bytes(tmp_path, content, "cut.parquet")
    pd.DataFrame({"text": [1], "label": ["good"]}).to_parquet(path)
    with pytest.raises(InputError, match=r"column 'text' \(ingest.text_column\) holds int64"):
        read(path)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(content=st.binary(max_size=60) | st.text('tex,labgod"\n\r\0é', max_size=60).map(str.encode))
def test_any_bytes_give_rows_or_a_sentence(tmp_path, content):
    for start in (b"", b"text,label\n"):
        with suppress(InputError):  # nothing else may come, and no hang
            rows, records, left_out = read_bytes(tmp_path, start + content, other_labels="drop")
            numbers = sorted(chain(records, *left_out.values()))
            assert len(rows) == len(records)
            assert numbers == list(range(2, len(numbers) + 2))
