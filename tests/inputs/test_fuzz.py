"""Read random input: only the project's own errors are raised, and no row is lost.

Each reader has a check of one case. ``test_quickly`` makes a few cases of each, and the slow
``test_at_length`` makes 210,000 in all. A case that takes half a minute counts as a hang.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reviewflow.config.sections import Config, Ingest, Normalize
from reviewflow.config.sentiment import read_config
from reviewflow.errors import ConfigError, InputError, StoreError
from reviewflow.quality.review_frames import REVIEW_COLUMNS
from reviewflow.quality.suites import read_suite
from reviewflow.reviews.read import ChunkSizes, blocks
from reviewflow.runs.history import references, run_record
from reviewflow.runs.identity import RunIdentity
from reviewflow.runs.record import last_run, read_run
from reviewflow.runs.trend import run_lines, trend_run
from reviewflow.store.artifacts import Artifact, Damage, Store
from reviewflow.store.hashing import digest_of
from reviewflow.text.normalize import normalize_texts

HANG = timedelta(seconds=30)
KEY = "0" * 32
Check = Callable[[Path, Any], None]


@dataclass(frozen=True)
class Edge:
    """A reader of files that others wrote.

    Attributes
    ----------
    cases : what the file may hold.
    check : reads one case. It fails on anything but the project's own errors.
    slowly : number of cases of the slow test.
    """

    cases: st.SearchStrategy[Any]
    check: Check
    slowly: int


# ---- CSV ------------------------------------------------------------------------------------

SIGNS = st.text('tex,labgodr"\n\r\t;\0é\ufeff😀 ', max_size=80).map(str.encode)
CELLS = st.lists(
    st.tuples(st.text(max_size=12), st.sampled_from(["good", "bad", "", "meh", "\x1b[0m"])),
    max_size=8,
)


def as_csv(cells: list[tuple[str, str]]) -> bytes:
    lines = [f'"{text.replace(chr(34), chr(34) * 2)}","{label}"' for text, label in cells]
    return "\n".join(lines).encode("utf-8", "surrogatepass")


CSV = st.tuples(
    st.sampled_from([b"", b"text,label\n", b"\xef\xbb\xbftext,label\r\n", b"label,x,text\r"]),
    st.binary(max_size=80) | SIGNS | CELLS.map(as_csv),
    st.sampled_from(["utf-8", "latin-1", "utf-16", "cp1252"]),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from([7, 64, 1 << 20]),
)


def check_csv(folder: Path, case: tuple[bytes, bytes, str, str, int]) -> None:
    """Every row is read or reported as left out, in the order of the file."""
    head, body, encoding, delimiter, chunk_bytes = case
    path = folder / "reviews.csv"
    path.write_bytes(head + body)
    ingest = Ingest(
        text_column="text",
        label_column="label",
        labels={"bad": 0, "good": 1},
        other_labels="drop",
        encoding=encoding,
        delimiter=delimiter,
    )
    with suppress(InputError):
        found = list(blocks(ingest, path, None, sizes=ChunkSizes(chunk_bytes)))
        for block in found:
            assert block.rows.num_rows == len(block.records)
        kept = [record for block in found for record in block.records.tolist()]
        dropped = [r for block in found for words in block.left_out.values() for r in words]
        numbers = sorted(chain(kept, map(int, dropped)))
        assert numbers == list(range(2, len(numbers) + 2))
        assert kept == sorted(kept)


# ---- configuration ----------------------------------------------------------------------------

SECTIONS = [field.alias or name for name, field in Config.model_fields.items()]
KEYS = [
    name
    for section in ("ingest", "split", "normalize", "vectorize", "train")
    for name in type(Config().settings(section)).model_fields
]
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from(["relu", "hash", ".nan", "[", "*a", "&a", "utf-8"])
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
CONTENT = st.dictionaries(
    st.sampled_from(SECTIONS) | st.text(max_size=5),
    st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=5), VALUES, max_size=3) | VALUES,
    max_size=4,
)
DUMPED = CONTENT.map(json.dumps)  # JSON is YAML
NOISE = st.text("{}[]:,&*!|>-?%@`'\"#\n ae1.~<", max_size=60)
TEXTS = st.sampled_from(["", "train: ", "variants: ", "grid: ", "ingest: {labels: "]).flatmap(
    lambda start: (NOISE | DUMPED).map(lambda text: start + text)
)
CONFIG = st.one_of(DUMPED, TEXTS, DUMPED).map(lambda text: text.encode("utf-8", "surrogatepass"))


def check_config(folder: Path, content: bytes) -> None:
    """An accepted file gives a configuration of every variant."""
    path = folder / "job.yaml"
    path.write_bytes(content)
    with suppress(ConfigError):
        config = read_config(path)
        assert config.variant_configs


CHANGE = st.tuples(
    st.sampled_from([*SECTIONS, ""]) | st.text(max_size=5),
    st.sampled_from(KEYS) | st.text(max_size=5),
    NOISE | VALUES.map(lambda value: json.dumps(value)),
).map(lambda pieces: f"{pieces[0]}.{pieces[1]}={pieces[2]}")
CHANGES = st.lists(CHANGE | st.text(max_size=20), min_size=1, max_size=2)


def check_changes(folder: Path, changes: list[str]) -> None:
    path = folder / "empty.yaml"
    path.touch()
    with suppress(ConfigError):
        assert read_config(path, tuple(changes)).variant_configs


# ---- suites -----------------------------------------------------------------------------------

TYPES = st.sampled_from(
    [
        "expect_column_values_to_be_between",
        "expect_column_values_to_be_in_set",
        "expect_column_values_to_not_be_null",
        "expect_table_row_count_to_be_between",
        "expect_column_pair_values_to_be_equal",
        "expect_column_values_to_be_betwen",
    ]
)
ARGUMENTS = st.dictionaries(
    st.sampled_from(["column", "min_value", "max_value", "mostly", "value_set", "row_condition"])
    | st.text(max_size=4),
    st.sampled_from(["label", "characters", "split", "labl", "label > 1", "a or b", 0, 1, -1.5])
    | VALUES,
    max_size=4,
)
ENTRIES = st.fixed_dictionaries(
    {"type": TYPES | VALUES},
    optional={
        "kwargs": ARGUMENTS | VALUES,
        "severity": st.sampled_from(["error", "warning", "eror"]) | VALUES,
        "meta": st.sampled_from([{"frame": "rows"}, {"frame": "row"}, {}]) | VALUES,
        "notes": VALUES,
        "note": VALUES,
    },
)
SUITES = st.fixed_dictionaries(
    {"expectations": st.lists(ENTRIES | VALUES, min_size=1, max_size=2) | VALUES},
    optional={"name": VALUES, "more": VALUES},
).map(lambda content: json.dumps(content).encode()) | NOISE.map(str.encode)


def check_suite(folder: Path, content: bytes) -> None:
    path = folder / "suite.yaml"
    path.write_bytes(content)
    with suppress(ConfigError):
        suite = read_suite(path, REVIEW_COLUMNS)
        assert suite.expectations  # a suite that would pass anything is refused


# ---- run.json and manifests --------------------------------------------------------------------

FIELDS = [
    "state",
    "job",
    "name",
    "stages",
    "started",
    "stage",
    "key",
    "fingerprint",
    "keys",
    "variants",
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
    | st.sampled_from(["running", "completed", "sentiment"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip
RUN = st.tuples(JSON.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=40), JSON)


def check_run(folder: Path, case: tuple[bytes, Any]) -> None:
    """Past runs are reported, read or skipped, whatever their files hold."""
    run = folder / "runs" / "2024-01-01T00-00-00-aaaaaa"
    run.mkdir(parents=True, exist_ok=True)
    (run / "run.json").write_bytes(case[0])
    (run / "keys.json").write_text(json.dumps(case[1]))
    with suppress(StoreError):
        read_run(run)
    past = run_record(run)
    assert isinstance(past.identity.job + past.state, str)
    references(past)
    last_run(run.parent, RunIdentity("sentiment", "job"))
    assert len(run_lines(run.parent)) == 1
    trend_run(past, ("roc_auc",))


MANIFEST = st.dictionaries(
    st.sampled_from(["stage", "key", "files", "digests", "figures", "fingerprint"]),
    st.sampled_from([KEY, {"data.txt": {"bytes": 1, "sha256": "x", "mtime_ns": 1}}, {}]) | JSON,
    max_size=6,
)
SEALED = MANIFEST.map(
    lambda content: json.dumps(content | {"manifest_digest": digest_of(content)}).encode()
)
MANIFESTS = SEALED | JSON.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=40)


def check_manifest(folder: Path, content: bytes) -> None:
    """An artifact is damaged, or has everything that its manifest lists."""
    artifact = folder / "store" / "ingest" / KEY
    artifact.mkdir(parents=True, exist_ok=True)
    (artifact / "manifest.json").write_bytes(content)
    store = Store(folder / "store")
    found = store.find("ingest", KEY)
    assert isinstance(found, Artifact | Damage)
    if isinstance(found, Artifact):
        assert found.manifest["key"] == KEY
        assert found.manifest["files"] == {}  # there is none
    store.fingerprints("ingest")


# ---- normalisation ------------------------------------------------------------------------------

UNICODE = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
MARKED = st.text("<>&;#x1/! abcdé\u0130\u0345'’-_٣९中\u0301😀\u200d", max_size=40)
WAYS = st.builds(
    Normalize,
    lowercase=st.booleans(),
    strip_html=st.booleans(),
    numbers=st.sampled_from(["keep", "words", "drop"]),
    stop_words=st.sampled_from(["none", "english"]),
    reduce=st.sampled_from(["none", "stem", "lemma"]),
)
NORMAL = st.tuples(st.lists(st.none() | UNICODE | MARKED, max_size=4), WAYS)


def check_normal(folder: Path, case: tuple[list[str | None], Normalize]) -> None:
    """Each text has a list of words, null has none, and no word is empty."""
    texts, way = case
    tokens = normalize_texts(pa.array(texts, pa.string()), way)
    assert len(tokens) == len(texts)
    for text, words in zip(texts, tokens.to_pylist(), strict=True):
        assert words == [] or text
        assert all(words)


EDGES = {
    "csv": Edge(CSV, check_csv, 60_000),
    "config": Edge(CONFIG, check_config, 40_000),
    "set": Edge(CHANGES, check_changes, 30_000),
    "suite": Edge(SUITES, check_suite, 20_000),
    "run.json": Edge(RUN, check_run, 20_000),
    "manifest": Edge(MANIFESTS, check_manifest, 20_000),
    "normalize": Edge(NORMAL, check_normal, 20_000),
}


def check(edge: Edge, folder: Path, count: int) -> None:
    """Check ``count`` cases of a reader."""

    @settings(
        max_examples=count,
        deadline=HANG,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(edge.cases)
    def one(case: Any) -> None:
        edge.check(folder, case)

    one()


@pytest.mark.parametrize("name", EDGES)
def test_quickly(name: str, tmp_path: Path) -> None:
    check(EDGES[name], tmp_path, 100)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", EDGES)
def test_at_length(name: str, tmp_path: Path) -> None:
    check(EDGES[name], tmp_path, EDGES[name].slowly)


def test_at_length_means_two_hundred_thousand_cases() -> None:
    assert sum(edge.slowly for edge in EDGES.values()) >= 200_000
