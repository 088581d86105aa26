"""List every known mistake in the input, in the order of docs/errors.md."""

from __future__ import annotations

import errno
import gzip
import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from reviewflow.api import load_model
from reviewflow.config.loading import validate_model
from reviewflow.config.scoring import Score
from reviewflow.config.sections import Ingest
from reviewflow.errors import out_of_memory
from reviewflow.reviews.detection.detect import detect
from reviewflow.reviews.remote import fetch_url
from reviewflow.scoring.input_rows import open_input
from reviewflow.scoring.output_file import check_output
from reviewflow.store.artifacts import Store
from tests.inputs.attempt import Attempt, Case, csv_text, made_up

SUITES = ("suites",)
CHECKS = ("suites", "ingest", "validate reviews")
ROWS_APART = 1000  # between the numbers of training and test reviews
FEATURES = (*CHECKS, "normalize", "vectorize", "validate features")
GOOD = csv_text(made_up())
CUT_SHORT = gzip.compress(GOOD.encode())[:-9]
PACKED = ("cannot be decompressed", "is it cut short?")


def file(text: str | bytes, name: str = "reviews.csv", **ingest: Any) -> Callable[[Attempt], None]:
    def change(attempt: Attempt) -> None:
        attempt.file(text, name)
        attempt.set("ingest", **ingest)

    return change


def archive(*names: str) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as packed:
        for name in names:
            packed.writestr(name, GOOD)
    return written.getvalue()


def setting(section: str, **settings: Any) -> Callable[[Attempt], None]:
    return lambda attempt: attempt.set(section, **settings)


def fetched(url: str) -> Callable[[Attempt], None]:
    """Fetch the file of a URL, as a run does."""

    def change(attempt: Attempt) -> None:
        fetch_url(url, attempt.folder / "downloads", waits_seconds=())

    return change


def options(*arguments: str) -> Callable[[Attempt], None]:
    return lambda attempt: attempt.options.extend(arguments)


def written(config: str | bytes) -> Callable[[Attempt], None]:
    """Write this text as the configuration."""

    def change(attempt: Attempt) -> None:
        attempt.config = config

    return change


def rows_of(*rows: tuple[int, str, str]) -> bytes:
    """Return the made-up reviews with some (record number, text, label) replaced."""
    table = made_up()
    for record, text, label in rows:
        table[record - 2] = [text, label]
    return csv_text(table).encode()


def parquet(texts: list[Any], kept: float = 1.0) -> Callable[[Attempt], None]:
    def change(attempt: Attempt) -> None:
        path = attempt.folder / "reviews.parquet"
        labels = [label for _, label in made_up()]
        pq.write_table(pa.table({"review": texts, "sentiment": labels}), path)
        os.truncate(path, int(path.stat().st_size * kept))
        attempt.set("ingest", path=path.name)

    return change


def directory(attempt: Attempt) -> None:
    (attempt.folder / "reviews").mkdir()
    attempt.set("ingest", path="reviews")


def pipe(attempt: Attempt) -> None:
    os.mkfifo(attempt.folder / "pipe.csv")
    attempt.set("ingest", path="pipe.csv")


def bomb() -> str:
    lines = ["train: {hidden: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]}", "variants:"]
    lines += [
        f"  v{n}: {{train.hidden: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 12)
    ]
    return "\n".join(lines)


def suite(text: str) -> Callable[[Attempt], None]:
    """Use this suite for the reviews."""

    def change(attempt: Attempt) -> None:
        (attempt.folder / "suite.yaml").write_text(text, encoding="utf-8")
        attempt.set("validate", reviews="suite.yaml")

    return change


def published(text: str) -> Callable[[Attempt], None]:
    """Show these published figures in the report."""

    def change(attempt: Attempt) -> None:
        (attempt.folder / "published.yaml").write_text(text, encoding="utf-8")
        attempt.set("report", reference="published.yaml")

    return change


def entry(**keys: Any) -> Callable[[Attempt], None]:
    """Use a suite of a single entry with some of its keys changed."""
    content = {
        "type": "expect_column_values_to_be_between",
        "kwargs": {"column": "characters", "min_value": 1},
        **keys,
    }
    return suite(yaml.safe_dump({"name": "mine", "expectations": [content]}))


def both_sides(attempt: Attempt) -> None:
    """Split at random a file of which every text occurs twice."""
    attempt.rows([*made_up(), *made_up()])
    attempt.set("split", method="random")


def one_sided_test(attempt: Attempt) -> None:
    attempt.rows(made_up(200))
    test = [[text, "positive"] for text, _ in made_up(28, first=ROWS_APART)]
    test += [[text, "negative"] for text, _ in made_up(4, first=2 * ROWS_APART)]
    (attempt.folder / "test.csv").write_text(csv_text(test), encoding="utf-8")
    attempt.set("ingest", test_path="test.csv")


def null_texts(attempt: Attempt) -> None:
    texts: list[str | None] = [text for text, _ in made_up()]
    texts[3:8] = [None] * 5
    parquet(texts)(attempt)


def split_column(attempt: Attempt) -> None:
    table = [[*row, "train" if n % 5 else "dev"] for n, row in enumerate(made_up())]
    attempt.file(csv_text(table, "review,sentiment,part"))
    attempt.set("split", method="column", column="part")


def kept_at(url: str) -> Callable[[Attempt], None]:
    """Keep the artifacts at a URL."""

    def change(attempt: Attempt) -> None:
        attempt.artifacts = url

    return change


def blocked(attempt: Attempt) -> None:
    Path("blocked").touch()
    attempt.artifacts = "blocked/artifacts"


def full_disk(attempt: Attempt) -> None:
    """Raise what the store gets from a full disk. Real ones are in tests/faults."""

    def write(folder: Path) -> dict[str, int]:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    Store(Path("artifacts", "store")).make("ingest", "0" * 32, write, {})


def no_memory(attempt: Attempt) -> None:
    """Raise what PyTorch raises where memory runs out in a training."""
    allocator = RuntimeError("you tried to allocate 40000000000 bytes")
    error = out_of_memory(allocator, "train[wide]")
    assert error is not None
    raise error


FILES = [
    ("a missing file", setting("ingest", path="nowhere.csv"), ("no file nowhere.csv",)),
    (
        "a missing test file",
        setting("ingest", test_path="nowhere.csv"),
        ("no file nowhere.csv", "ingest.test_path"),
    ),
    (
        "a pipe, or /dev/stdin",
        pipe,
        ("pipe.csv is a pipe or a device", "save the reviews as a file"),
    ),
    ("a folder without reviews", directory, ("The folder", "holds no file of reviews")),
    (
        "a pattern without a match",
        setting("ingest", path="2026-*.csv"),
        ("No file matches 2026-*.csv", "ingest.path"),
    ),
    (
        "a URL with a password",
        setting("ingest", path="https://user:secret@example.org/a.csv"),
        ("ingest.path: must be a URL without a user", "~/.netrc"),
    ),
    (
        "a URL with a signature",
        setting("ingest", path=["a.csv", "s3://bucket/a.csv?X-Amz-Signature=1"]),
        ("item 2 must be a URL without a user", "AWS_PROFILE"),
    ),
    (
        "a URL of an unknown kind",
        setting("ingest", path="nonsense://example.org/a.csv"),
        ("must begin with https://, http://, s3://",),
    ),
    (
        "a URL without a slash",
        setting("ingest", path="https:/example.org/a.csv"),
        ("must begin with https://, which has two slashes",),
    ),
    (
        "a URL without a file",
        setting("ingest", path="https://example.org/"),
        ("must name a file on its host",),
    ),
    (
        "the plan of a URL before the first run",
        setting("ingest", path="https://example.org/a.csv"),
        ("has not been fetched yet", "reviewflow run fetches it"),
    ),
    (
        "a URL whose server is away",
        fetched("http://127.0.0.1:9/a.csv"),
        ("cannot be fetched (no connection)", "check the address"),
    ),
    (
        "a file for training and test",
        setting("ingest", path="*.csv", test_path="reviews.csv"),
        ("reviews.csv is named by ingest.path and by ingest.test_path",),
    ),
    (
        "a packed file that is cut short",
        file(CUT_SHORT, "a.csv.gz"),
        PACKED,
    ),
    ("an archive of two files", file(archive("a.csv", "b.csv"), "a.zip"), ("holds 2 files",)),
    ("an Excel workbook", file(archive("[Content_Types].xml", "a"), "a.xlsx"), ("is a workbook",)),
    ("an old Excel workbook", file(b"\xd0\xcf\x11\xe0", "a.xls"), ("old Excel workbook",)),
    ("a 7z archive", file(b"7z\xbc\xaf\x27\x1c", "a.7z"), ("a 7z archive; unpack it",)),
    ("one JSON list", file('[{"review": "Fine."}]', "a.json"), ("line 1 holds a list",)),
    ("a broken line of JSON Lines", file('{"review": "Fi', "a.jsonl"), ("line 1 is not JSON",)),
    (
        "a text that is a number in JSON Lines",
        file('{"review": 5, "sentiment": "positive"}', "a.jsonl"),
        ("'review' (ingest.text_column) of line 1 holds 5",),
    ),
    ("an empty file", file(""), ("is empty",)),
    ("blank lines only", file("\n\n\n"), ("blank lines only",)),
    ("a header and no rows", file("review,sentiment\n"), ("a header but no rows",)),
    (
        "a quote that swallows rows between tabs",
        file('review\tsentiment\n"so good\tpositive\nbad\tnegative\n"dull\tnegative\n', "a.tsv"),
        ("after record 1 a quote opens a cell", "set ingest.quoting: false"),
    ),
    (
        "a header with fewer cells than the rows",
        file("review\na good one,positive\na bad one,negative\n"),
        ("has 1 cell, and record 2 has 2 cells", "give every column a name"),
    ),
    (
        "a missing column",
        file(GOOD, text_column="reviews"),
        ("no column 'reviews'", "it has 'review', 'sentiment'", "did you mean 'review'?"),
    ),
    (
        "a missing label column that resembles none",
        file(GOOD, label_column="stars"),
        ("no column 'stars'", "it has 'review', 'sentiment'"),
    ),
    (
        "a delimiter other than the configuration's",
        file(csv_text(made_up(), delimiter=";")),
        ("a semicolon", "set ingest.delimiter"),
    ),
    (
        "two columns of one name",
        file(csv_text([[a, a, b] for a, b in made_up()], "review,review,sentiment")),
        ("2 columns called 'review'",),
    ),
    ("one column for text and label", file(GOOD, label_column="review"), ("must differ",)),
    (
        "a label word that is not in the map",
        file(rows_of((9, "So so.", "neutral"), (12, "Fair.", "neutral"), (20, "Hm.", "?"))),
        ("'neutral' (2 rows, first records 9, 12)", "'?' (1 row, record 20)", "other_labels: drop"),
    ),
    (
        "label words with other case and spaces than the map's",
        file(rows_of((9, "Fine.", " Positive"), (12, "Bad.", "NEGATIVE"))),
        (
            "' Positive' differs from 'positive' by case and spaces: add ' Positive': 1.",
            "'NEGATIVE' differs from 'negative' by case: add 'NEGATIVE': 0.",
        ),
    ),
    (
        "a label with two classes",
        written("ingest: {path: reviews.csv, labels: {'1': 0, '1.0': 1}}\n"),
        ("the label '1' has two classes, '0' and '1'",),
    ),
    (
        "no label of the map, with others dropped",
        file(GOOD, labels={"1": 0, "5": 1}, other_labels="drop"),
        ("none of its 60 rows",),
    ),
    (
        "bytes that the encoding cannot decode",
        file(rows_of((5, "Good café.", "positive")).decode().encode("latin-1")),
        ("not utf-8 text: record 5", "windows-1252"),
    ),
    (
        "UTF-16 that the configuration does not name",
        file(GOOD.encode("utf-16")),
        ("set ingest.encoding: utf-16",),
    ),
    ("an unknown encoding", setting("ingest", encoding="utf-9"), ("'utf-9'",)),
    (
        "a delimiter that cannot separate cells",
        setting("ingest", delimiter='"'),
        ("cannot separate cells",),
    ),
    (
        "a delimiter of two characters",
        setting("ingest", delimiter=";;"),
        ("ingest.delimiter: must be one character, or tab",),
    ),
    (
        "a row with a cell too many",
        file("review,sentiment\nfine,positive\nbad, really,negative\n"),
        ("record 3 has 3 cells", "header has 2"),
    ),
    (
        "a row with a cell too few",
        file("review,sentiment\nfine,positive\nbad\n"),
        ("record 3 has 1 cell",),
    ),
    (
        "a quote that ends where another text begins",
        file('review,sentiment\n"bad",negative\n"open,positive\n"good",positive\n'),
        ("record 3 goes on over lines in quotes", "set ingest.quoting: false"),
    ),
    (
        "a quote that is open at the end",
        file('review,sentiment\nfine,positive\n"bad,negative\n'),
        ("record 3 opens a quote that is never closed",),
    ),
    (
        "a NUL byte",
        file(b"review,sentiment\nfine,positive\nb\0ad,negative\n"),
        ("NUL byte in record 3",),
    ),
    (
        "a Parquet file whose text column holds numbers",
        parquet(list(range(60))),
        ("'review' (ingest.text_column) holds int64", "must hold text"),
    ),
    (
        "a Parquet file cut short",
        parquet([text for text, _ in made_up()], kept=0.7),
        ("cannot be read as Parquet", "cut short"),
    ),
]

SETTINGS = [
    (
        "a missing configuration",
        options("--config", "nowhere.yaml"),
        ("no configuration file nowhere.yaml",),
    ),
    ("a directory instead of a configuration", options("--config", "."), ("is a directory",)),
    ("a configuration that is not YAML", written("train: [1\n"), ("not valid YAML", "line 2")),
    ("a configuration that is not UTF-8", written(b"a: \xff\n"), ("save it as UTF-8",)),
    ("a list instead of a configuration", written("- train\n"), ("must hold sections", "list")),
    ("anchors that multiply", written(bomb()), ("too large, too deep or refers to itself",)),
    ("an anchor inside itself", written("train: &a {hidden: *a}\n"), ("refers to itself",)),
    ("brackets without end", written("train: " + "[" * 600), ("nested too deeply",)),
    ("a date that does not exist", written("split: {seed: 2001-02-30}\n"), ("not valid YAML",)),
    (
        "two variants of one name",
        written("variants:\n  a: {}\n  b: {}\n  a: {train.epochs: 2}\n"),
        ("'a' twice, in line 2 and in line 4",),
    ),
    (
        "an unknown setting",
        setting("train", learing_rate=0.1),
        ("train.learing_rate is not a known setting", "did you mean 'learning_rate'?"),
    ),
    (
        "a model to publish without validation rows",
        written("split: {validation_size: 0}\npublish: {name: imdb}\n"),
        ("job.yaml: split.validation_size is 0", "leave publish.name out"),
    ),
    ("an unknown section", written("trian: {}\n"), ("did you mean 'train'?",)),
    (
        "a number instead of a section",
        written("train: 3\n"),
        ("train: must be a section with keys",),
    ),
    ("a word instead of a number", setting("train", epochs="many"), ("train.epochs", "'many'")),
    ("`max_features: 0`", setting("vectorize", max_features=0), ("greater than or equal to 1",)),
    ("`learning_rate: -1`", setting("train", learning_rate=-1), ("greater than 0",)),
    (
        "`ngram_range: [2, 1]`",
        setting("vectorize", ngram_range=[2, 1]),
        ("1 ≤ shortest ≤ longest ≤ 5",),
    ),
    ("`test_size: 1`", setting("split", test_size=1), ("split.test_size", "less than 1")),
    (
        "English lemmas for another language",
        setting("normalize", language="german"),
        ("normalize: reduce: lemma is for English", "set reduce to stem or none"),
    ),
    (
        "stop words of a language without a list",
        setting("normalize", stop_words="polish"),
        ("normalize.stop_words: must be none, a list of words, or one of english",),
    ),
    (
        "stop words of another language",
        setting("normalize", stop_words="german"),
        ("stop_words: german is a list of German words", "set stop_words to english, none"),
    ),
    (
        "a pattern that is not a regular expression",
        setting("normalize", token_pattern="("),
        ("is not a regular expression",),
    ),
    (
        "a map of labels with one class",
        setting("ingest", labels={"positive": 1}),
        ("no word means 0; number the classes 0, 1 and so on",),
    ),
    (
        "a variant that changes a setting of the data",
        written("variants: {other: {ingest.path: x.csv}}\n"),
        ("Variant 'other' changes 'ingest.path'", "train.… only"),
    ),
    (
        "a variant with a bad value",
        written("variants: {deep: {train.hidden: [0]}}\n"),
        ("Variant 'deep': train.hidden.0", "greater than or equal to 1"),
    ),
    (
        "a grid that lists a value twice",
        written("grid: {train.epochs: [2, 2]}\n"),
        ("lists '2' twice",),
    ),
    (
        "a grid of too many variants",
        written(f"grid: {{train.seed: {list(range(50))}, train.epochs: {list(range(1, 50))}}}\n"),
        ("2,450 variants", "1,000 is the most"),
    ),
    (
        "an address in place of a name",
        setting("notify", to=["mailto://anna:secret@example.org"]),
        ("notify.to", "REVIEWFLOW_NOTIFY_OPS"),
    ),
    ("`--set` without a value", options("--set", "epochs"), ("section.key=value",)),
    (
        "`--set` of an unknown setting",
        options("--set", "train.epoch=1"),
        ("did you mean 'epochs'?",),
    ),
    ("`--set` with half a list", options("--set", "train.hidden=[1"), ("not valid YAML",)),
    ("`--refresh` of an unknown stage", options("--refresh", "tokenize"), ("the stages are",)),
]

SUITE_CASES = [
    (
        "a missing suite",
        setting("validate", reviews="nowhere.yaml"),
        ("nowhere.yaml",),
    ),
    (
        "an unknown limit",
        setting("validate", limits={"max_duplicates_share": 0.3}),
        ("did you mean 'max_duplicate_share'?", "Known are max_blank_share, "),
    ),
    ("an empty suite", suite(""), ("is empty",)),
    (
        "a suite without expectations",
        suite("name: mine\nexpectations: []\n"),
        ("would pass anything",),
    ),
    ("a suite that is not YAML", suite("name: [\n"), ("not valid YAML",)),
    (
        "a misspelt expectation",
        entry(type="expect_colum_values_to_be_between"),
        ("did you mean 'expect_column_values_to_be_between'?",),
    ),
    (
        "an unknown column",
        entry(kwargs={"column": "charcters", "min_value": 1}),
        ("did you mean 'characters'?",),
    ),
    (
        "a column of another frame",
        entry(kwargs={"column": "share", "min_value": 0}),
        ("not a column of frame rows",),
    ),
    ("an unknown severity", entry(severity="eror"), ("did you mean 'error'?",)),
    ("an unknown frame", entry(meta={"frame": "row"}), ("did you mean 'rows'?",)),
    (
        "an unknown argument",
        entry(kwargs={"column": "characters", "min_valu": 1}),
        ("did you mean 'min_value'?",),
    ),
    (
        "limits in the wrong order",
        entry(kwargs={"column": "characters", "min_value": 2, "max_value": 1}),
        ("swap them",),
    ),
    (
        "a limit that could be one of two numbers",
        entry(
            kwargs={"column": "characters", "min_value": 1, "max_value": 9},
            meta={"limit": "length"},
        ),
        ("kwargs has min_value and max_value", "limit: {name: min_rows, argument: min_value}"),
    ),
    (
        "a limit above the share that it bounds",
        setting("validate", limits={"max_duplicate_share": 15}),
        ("validate.limits.max_duplicate_share: 15 must be a share from 0 to 1",),
    ),
    (
        "an expectation that cannot be evaluated",
        entry(kwargs={"column": "split", "min_value": 1}),
        ("cannot be evaluated",),
    ),
]

CHECK_CASES: list[tuple[str, Callable[[Attempt], None], tuple[str, ...]]] = [
    (
        "blank texts",
        file(rows_of(*((record, " " * record, "positive") for record in (6, 9, 10, 31)))),
        ("first_blank_records 6, 9, 10", "blank_share at most 0.05", "0.0666667"),
    ),
    ("texts that are null (Parquet)", null_texts, ("first_blank_records 5, 6, 7",)),
    (
        "an empty label",
        file(rows_of((7, "No word.", ""))),
        ("record 7, label missing",),
    ),
    (
        "one class only",
        file(csv_text([[text, "positive"] for text, _ in made_up()])),
        ("label 0, class negative, split train, rows 0, share 0",),
    ),
    ("three rows", file(csv_text(made_up(3))), ("number of rows at least 20",)),
    ("texts in two splits of a random split", both_sides, ("crosses_split true", "of 120 values")),
    (
        "four test rows of a class",
        one_sided_test,
        ("label 0, class negative, split test, rows 4", "rows at least 5"),
    ),
]


def init(text: str | bytes, name: str = "reviews.csv") -> Callable[[Attempt], None]:
    """Look at a file as ``reviewflow init`` does."""

    def change(attempt: Attempt) -> None:
        attempt.file(text, name)
        detect(Path(name))

    return change


INIT_CASES: list[tuple[str, Callable[[Attempt], None], tuple[str, ...]]] = [
    ("one JSON value", init('[{"text": "Fine.", "label": 1}]', "a.txt"), ("is one JSON value",)),
    (
        "a file for fastText",
        init("__label__good Fine, we saw it.\n", "a.txt"),
        ("is a file for fastText",),
    ),
    (
        "no header",
        init(csv_text(made_up(), "Good to begin with,negative")),
        ("seems to have no header",),
    ),
    ("no column of texts", init("a,b\n1,2\n3,4\n"), ("--text-column",)),
    (
        "no column of labels",
        init(csv_text([[text, str(n)] for n, (text, _) in enumerate(made_up())], "text,n")),
        ("--label-column",),
    ),
]


PUBLISHED_CASES: list[tuple[str, Callable[[Attempt], None], tuple[str, ...]]] = [
    (
        "a missing file of published figures",
        setting("report", reference="nowhere.yaml"),
        ("There is no", "nowhere.yaml"),
    ),
    (
        "published figures without variants",
        published("tanh: {test: {accuracy: 0.9}}"),
        ("must hold `variants`",),
    ),
    (
        "a published run without a split",
        published("variants: {tanh: {accuracy: 0.9}}"),
        ("tanh must hold train, test or both",),
    ),
    (
        "an unknown published metric",
        published("variants: {tanh: {test: {auc: 0.9}}}"),
        ("tanh, test may hold accuracy",),
    ),
    (
        "a published figure that is not a number",
        published("variants: {tanh: [{test: {f1: 0.9}}, {test: {f1: high}}]}"),
        ("tanh, run 2, test, f1 must be a number (given: 'high')",),
    ),
    ("no published run", published("variants: {tanh: []}"), ("tanh is an empty list",)),
]


def scoring(text: str | bytes, name: str = "a.csv", **options: Any) -> Callable[[Attempt], None]:
    """Read a file as ``reviewflow score`` does."""

    def change(attempt: Attempt) -> None:
        attempt.file(text, name)
        settings = {"input": name, "output": "scores.csv", "model": "imdb", **options}
        score = validate_model(Score, settings, "The command")
        check_output(Path(score.output))
        ingest = Ingest(
            text_column="review",
            encoding=score.encoding,
            delimiter=score.delimiter,
            quoting=score.quoting,
        )
        list(open_input(Path(score.input), ingest, score.labels).batches)

    return change


def model(name: str) -> Callable[[Attempt], None]:
    """Load a model as ``reviewflow score`` and ``reviewflow predict`` do."""

    def change(attempt: Attempt) -> None:
        (attempt.folder / "folder").mkdir()
        load_model(name, "artifacts")

    return change


SCORE_CASES: list[tuple[str, Callable[[Attempt], None], tuple[str, ...]]] = [
    (
        "a missing file",
        scoring(GOOD, input="gone.csv"),
        ("no file gone.csv; the input must name",),
    ),
    (
        "another delimiter",
        scoring(csv_text(made_up(), delimiter=";").replace(",", ";")),
        ("give --delimiter ';'",),
    ),
    (
        "another encoding",
        scoring(rows_of((5, "Good café.", "positive")).decode().encode("latin-1")),
        ("give --encoding windows-1252",),
    ),
    ("a quote that is never closed", scoring('review\n"open\n'), ("give --no-quoting",)),
    (
        "no column of texts",
        scoring(GOOD.replace("review", "text", 1)),
        ("name it with --text-column",),
    ),
    ("no column of true labels", scoring(GOOD, labels="stars"), ("name it with --labels",)),
    ("a delimiter of two characters", scoring(GOOD, delimiter=";;"), ("one character, or tab",)),
    ("an unknown encoding", scoring(GOOD, encoding="utf-9"), ("that Python knows",)),
    ("an output of no known ending", scoring(GOOD, output="scores.xlsx"), (".parquet or .csv",)),
    ("an output without a name", scoring(GOOD, output=".csv"), ("a name before its ending",)),
    ("a model that was not published", model("gone"), ("gone",)),
    ("a folder that is not a bundle", model("folder"), ("it has no bundle.json",)),
]


def cases() -> list[Case]:
    """Return all mistakes, group by group."""
    files = [Case("The file of reviews", *case[:2], 2, case[2]) for case in FILES]
    split = Case(
        "The file of reviews",
        "a split column with another word",
        split_column,
        2,
        ("'dev' (12 rows)", "train, validation or test"),
        ("suites", "ingest"),
    )
    settings = [Case("The configuration", *case[:2], 2, case[2]) for case in SETTINGS]
    suites = [Case("The suites", *case[:2], 2, case[2], SUITES) for case in SUITE_CASES[2:]]
    missing = [Case("The suites", *case[:2], 2, case[2]) for case in SUITE_CASES[:2]]
    checks = [Case("What the reviews hold", *case[:2], 3, case[2], CHECKS) for case in CHECK_CASES]
    no_terms = Case(
        "What the reviews hold",
        "no term frequent enough (`min_df: 1000`)",
        setting("vectorize", min_df=1000),
        3,
        ("in 1,000 or more of the", "lower vectorize.min_df"),
        FEATURES,
    )
    store = [
        Case(
            "The artifacts folder",
            "a folder that cannot be written",
            blocked,
            1,
            ("blocked/artifacts cannot be written", "--artifacts"),
            SUITES,
        ),
        Case(
            "The artifacts folder",
            "a web address in place of object storage",
            kept_at("https://example.org/artifacts"),
            2,
            ("--artifacts must be a folder", "s3://bucket/prefix"),
        ),
        Case(
            "The artifacts folder",
            "object storage with a password in its URL",
            kept_at("s3://ann:s3cr3t@bucket/artifacts"),
            2,
            ("--artifacts must be a URL without a user", "AWS_PROFILE"),
        ),
        Case(
            "The artifacts folder",
            "a full disk",
            full_disk,
            1,
            ("No space left on device", "free space"),
            SUITES,
        ),
        Case(
            "The artifacts folder",
            "less memory than a variant needs",
            no_memory,
            1,
            ("not enough memory for train[wide]", "40.0 GB", "what was finished is kept"),
        ),
    ]
    figures = [Case("Published figures", *case[:2], 2, case[2]) for case in PUBLISHED_CASES]
    scores = [Case("Scoring (`reviewflow score`)", *case[:2], 2, case[2]) for case in SCORE_CASES]
    start = [Case("A new file (`reviewflow init`)", *case[:2], 2, case[2]) for case in INIT_CASES]
    return [
        *files, split, *start, *settings, *figures, *missing, *suites, *checks, no_terms, *store,
        *scores,
    ]  # fmt: skip
