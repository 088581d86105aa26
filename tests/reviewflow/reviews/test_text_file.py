"""The bytes of a file as UTF-8, compared with Python's own decoder whatever the pieces."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from reviewflow.config.sections import Ingest
from reviewflow.errors import InputError
from reviewflow.reviews.text_file import TextFile, utf8_chunks

AWKWARD = st.sampled_from(
    [b"a", b"\xc3\xa9", b"\xe2\x82\xac", b"\xf0\x9f\x98\x80", b"\xff", b"\xed\xa0\x80", b"\xc0\x80",
     b"\xf4\x90\x80\x80", b"\xc3", b"\xe2\x82", b"\xf0\x9f", b"\x80", b"\xef\xbb\xbf", b"\n", b","]
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(pieces=st.lists(AWKWARD, min_size=1), chunk_bytes=st.integers(1, 9))
@example(pieces=[b"\xe2\x82"], chunk_bytes=1)
@example(pieces=[b"\xf0\x9f\x98\x80", b"\xc3"], chunk_bytes=2)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_what_python_decodes_is_given_and_all_else_refused(
    tmp_path: Path, encoding: str, pieces: list[bytes], chunk_bytes: int
) -> None:
    content = b"".join(pieces)
    path = tmp_path / "file.csv"
    path.write_bytes(content)
    given_out = utf8_chunks(TextFile(path, Ingest(encoding=encoding)), chunk_bytes)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        with pytest.raises(InputError, match="cannot be decoded"):
            list(given_out)
        return
    assert b"".join(given_out).decode("utf-8") == text
