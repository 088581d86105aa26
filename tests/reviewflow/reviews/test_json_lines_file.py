"""Lines of JSON that cannot be read end with a sentence that names the line."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewflow.config.sections import Ingest
from reviewflow.errors import InputError
from reviewflow.reviews.read import ChunkSizes, blocks
from tests.reviewflow.reviews.review_files import QUICK


def read(path: Path, chunk_bytes: int = 64) -> list[tuple[str, int | None, int]]:
    ingest = Ingest(
        path=str(path),
        text_column="text",
        label_column="label",
        labels={"bad": 0, "good": 1, "5": 1},
    )
    return [
        (row["text"], row["label"], int(record))
        for block in blocks(ingest, path, None, sizes=ChunkSizes(chunk_bytes))
        for row, record in zip(block.rows.to_pylist(), block.records, strict=True)
    ]


GOOD = '{"text": "a fine film", "label": "good"}'


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([GOOD, '{"text": "half'], "line 2 is not JSON"),
        (["[" + GOOD + "]"], "line 1 holds a list; JSON Lines holds one object a line"),
        ([GOOD, "", "17"], "line 3 holds a value"),
        (['{"text": "x", "lable": "good"}'], "has no column 'label'"),
        ([GOOD, '{"text": 5, "label": "good"}'], "'text' (ingest.text_column) of line 2 holds 5"),
        ([GOOD, '{"text": "x", "label": ["good"]}'], 'of line 2 holds ["good"]'),
        ([GOOD, "[" * 100_000], "line 2 is not JSON"),
        (["", "  "], "holds blank lines only"),
        ([GOOD, '{"text": "x", "label": "so so"}'], "'so so' (1 row, record 2)"),
        ([GOOD, '{"text": "\0", "label": "good"}'], "holds a NUL byte in line 2"),
    ],
)
def test_a_mistake_names_its_line(lines: list[str], words: str, tmp_path: Path) -> None:
    path = tmp_path / "reviews.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(InputError) as refused:
        read(path)
    assert words in str(refused.value)


def test_a_name_that_is_missing_is_null(tmp_path: Path) -> None:
    path = tmp_path / "reviews.jsonl"
    path.write_text(
        f'{GOOD}\n{{"text": "no label"}}\n{{"label": "bad"}}\n{{"text": "x", "label": 5.0}}'
    )
    assert read(path) == [("a fine film", 1, 1), ("no label", None, 2), ("x", 1, 4)]


@QUICK
@given(
    st.lists(st.tuples(st.text(min_size=1), st.sampled_from(["bad", "good"])), min_size=1),
    st.integers(1, 100),
    st.booleans(),
)
def test_lines_are_what_json_says(
    tmp_path: Path, rows: list[tuple[str, str]], chunk_bytes: int, escaped: bool
) -> None:
    rows = [(f"a{text}", label) for text, label in rows]
    path = tmp_path / "reviews.jsonl"
    lines = [json.dumps({"text": t, "label": w}, ensure_ascii=escaped) for t, w in rows]
    path.write_text("\n".join(lines), encoding="utf-8")
    expected = [(t, int(w == "good"), n) for n, (t, w) in enumerate(rows, start=1)]
    assert read(path, chunk_bytes) == expected
