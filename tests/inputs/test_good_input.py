"""Read odd but good input: foreign files, other scripts, and small data.

None of these files is real. They imitate files from elsewhere.
"""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from reviewflow.config.sections import Config
from reviewflow.config.sentiment import read_config
from reviewflow.errors import InputError
from reviewflow.jobs.open_sentiment import open_sentiment
from reviewflow.jobs.sentiment_summary import summary
from reviewflow.pipeline.last_run import LastRun
from reviewflow.pipeline.runner import Listener, Run
from reviewflow.reporting.page.html import html_page
from reviewflow.reporting.page.markdown import markdown_page
from tests.conftest import GROUPS, PlannedRun, plan_and_run, small_config, write_config
from tests.inputs.attempt import MOODS, csv_text, made_up

FEATURES = ("suites", "ingest", "validate reviews", "normalize", "vectorize", "validate features")
CHECKS, TOKENS = FEATURES[:3], ("ingest", "normalize")
ROWS = 80


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all of these files, so that the suites are validated once."""
    return tmp_path_factory.mktemp("good") / "artifacts"


@pytest.fixture
def job(tmp_path: Path, artifacts: Path) -> Callable[..., PlannedRun]:
    """Run some stages on a file with changed settings."""

    def do(
        file: bytes | str,
        stages: tuple[str, ...] = FEATURES,
        name: str = "reviews.csv",
        **sections: dict[str, Any],
    ) -> PlannedRun:
        path = tmp_path / name
        path.write_bytes(file.encode() if isinstance(file, str) else file)
        content = small_config(path)
        del content["variants"]
        for section, settings in sections.items():
            content.setdefault(section, {}).update(settings)
        return plan_and_run(write_config(tmp_path / "job.yaml", content), artifacts, stages)

    return do


Job = Callable[..., PlannedRun]


def texts(done: PlannedRun) -> list[str]:
    return column(done, "ingest", "reviews.parquet", "text")


def labels(done: PlannedRun) -> list[int | None]:
    return column(done, "ingest", "reviews.parquet", "label")


def tokens(done: PlannedRun) -> list[list[str]]:
    return column(done, "normalize", "tokens.parquet", "tokens")


def column(done: PlannedRun, stage: str, name: str, wanted: str) -> list[Any]:
    parts = range(len(done.run.index.parts))
    tables = [pq.read_table(done.folder(stage, part) / name) for part in parts]
    return [cell for table in tables for cell in table[wanted].to_pylist()]


def facts(done: PlannedRun, config: Config | None = None) -> dict[str, Any]:
    """Return the summary in run.json. ``config`` is needed where variants have names."""
    return summary(done.run, config or done.run.planner.nodes[1].config, Path("report.html"))


def assert_same_rows(done: PlannedRun) -> None:
    assert texts(done) == [text for text, _ in made_up(ROWS)]
    assert labels(done) == [n % 2 for n in range(ROWS)]


GOOD = csv_text(made_up(ROWS))


@pytest.mark.parametrize(
    ("content", "ingest"),
    [
        (GOOD, {}),
        (GOOD.replace("\r\n", "\n"), {}),
        (GOOD.replace("\r\n", "\r"), {}),
        (GOOD.encode("utf-16"), {"encoding": "utf-16"}),
        (GOOD.encode("utf-16-be"), {"encoding": "utf-16-be"}),
        (GOOD.replace("negative", "0").replace("positive", "1"), {"labels": {0: 0, 1: 1}}),
        (
            GOOD.replace("negative", "False").replace("positive", "True"),
            {"labels": {True: 1, False: 0}},
        ),
        (csv_text([[*row, *["1"] * 9_998] for row in made_up(ROWS)], ",".join(
            ["review", "sentiment", *(f"c{n}" for n in range(9_998))])), {}),
    ],
    ids=["CRLF", "LF", "CR", "UTF-16", "UTF-16 BE", "numbers", "booleans", "10,000 columns"],
)  # fmt: skip
def test_odd_but_good_input_is_read(job: Job, content: str | bytes, ingest: dict[str, Any]) -> None:
    assert_same_rows(job(content, CHECKS, ingest=ingest))


def test_a_cell_of_50_megabytes_is_read(job: Job) -> None:
    rows = made_up(ROWS)
    rows[7][0] = f"{'9' * 999} great fun\n" * 49_505
    done = job(csv_text(rows), TOKENS)
    assert len(rows[7][0]) > 50_000_000
    assert texts(done)[7] == rows[7][0]
    assert len(tokens(done)[7]) == 3 * 49_505


def test_tabs_and_labels_0_and_1_a_thousand_rows(job: Job) -> None:
    rows = [[text, str(n % 2)] for n, (text, _) in enumerate(made_up(1000))]
    done = job(
        csv_text(rows, "sentence,score", "\t"),
        name="sentences.tsv",
        ingest={
            "delimiter": "\t",
            "text_column": "sentence",
            "label_column": "score",
            "labels": {0: 0, 1: 1},
        },
    )
    assert done.run.index.rows == 1000
    assert labels(done) == [n % 2 for n in range(1000)]


def latin_1_with_three_words() -> bytes:
    rows = made_up(90)
    for place in range(0, 90, 3):
        rows[place] = [f"Ein Stück Kino, naja, Nr. {place}", "mäßig"]
    return csv_text(rows).encode("latin-1")


def test_latin_1_with_three_label_words_of_which_two_are_mapped(job: Job) -> None:
    with pytest.raises(InputError) as refusal:
        job(latin_1_with_three_words(), CHECKS, ingest={"encoding": "latin-1"})
    assert "'mäßig' (30 rows, first records 2, 5, 8)" in str(refusal.value)
    assert "ingest.other_labels: drop" in str(refusal.value)
    dropped = {"encoding": "latin-1", "other_labels": "drop"}
    done = job(latin_1_with_three_words(), ingest=dropped)
    assert done.run.index.rows == 60
    assert [(one.word, one.rows) for one in done.run.index.left_out] == [("mäßig", 30)]


def tweets(count: int) -> list[list[str]]:
    """Return rows of thirteen columns with emoji, @names and links, one in ten positive."""
    rows = []
    for n in range(count):
        mood = MOODS[(n % 10 == 0) * 4 + n % 3]
        text = f"@air{n % 7} flight {n} was {mood} 😀🛫 #late\nhttps://t.example/{n}"
        label = "positive" if n % 10 == 0 else "negative"
        rows.append([str(n), label, "0.9", "", "", "Air", "", f"user{n}", "", "0", text, "", ""])
    return rows


TWEET_HEADER = (
    "id,airline_sentiment,confidence,reason,reason_confidence,airline,gold,name,"
    "reason_gold,retweets,text,coordinates,created"
)


def test_tweets_with_thirteen_columns_strongly_unbalanced(job: Job) -> None:
    done = job(
        csv_text(tweets(400), TWEET_HEADER),
        ingest={"text_column": "text", "label_column": "airline_sentiment"},
    )
    assert sum(label == 1 for label in labels(done)) == 40
    first = tokens(done)[0]
    assert {"air0", "flight", "late"} <= set(first)
    assert not any("😀" in token or "@" in token for token in first)


def test_a_hundred_kilobytes_of_one_word(job: Job) -> None:
    rows = made_up(ROWS)
    for n in range(0, ROWS, 4):
        rows[n][0] = f"{'good ' * 20_000}{n}"
        rows[n + 1][0] = f"{'x' * 100_000}{n}"
    done = job(csv_text(rows))
    assert len(tokens(done)[0]) == 20_001
    assert len(tokens(done)[1]) == 1


HEBREW = ["הסרט", "היה", "טוב", "מאוד", "רע", "משעמם", "מצחיק"]
ARABIC = ["الفيلم", "كان", "جيد", "جدا", "سيئ", "ممل", "مضحك"]
CHINESE = "这部电影非常好看演员很棒剧情无聊音乐动人我不喜欢结局"


def written_in(words: list[str], count: int = 120) -> str:
    generator = random.Random(5)
    rows = [
        [f"{' '.join(generator.choices(words, k=8))}. {n}", ("negative", "positive")[n % 2]]
        for n in range(count)
    ]
    return csv_text(rows)


def chinese(count: int = 120) -> str:
    """Return sentences without spaces, so each is one token of the default pattern."""
    generator = random.Random(5)
    rows = [
        ["".join(generator.choices(CHINESE, k=40)) + "。", ("negative", "positive")[n % 2]]
        for n in range(count)
    ]
    return csv_text(rows)


@pytest.mark.parametrize("words", [HEBREW, ARABIC], ids=["Hebrew", "Arabic"])
def test_right_to_left_texts_give_their_words(job: Job, words: list[str]) -> None:
    done = job(written_in(words), FEATURES)
    assert set(tokens(done)[0][:-1]) <= set(words)
    assert len(tokens(done)[0]) == 9
    assert facts(done)["conclusions"] == []


def test_chinese_texts_give_sane_tokens_and_a_sentence_in_the_report(job: Job) -> None:
    done = job(chinese(), validate={"limits": {"max_empty_share": 1}})
    assert all(len(row) == 1 and "。" not in row[0] for row in tokens(done))
    found = facts(done)
    kept = "Almost nothing of the texts was kept: 1.0 words a review of 123 bytes on average"
    assert found["conclusions"][0].startswith(kept)
    run = {"run_id": "r", "job": "sentiment", "state": "completed", **found}
    assert kept in html_page(run, None)
    assert "Almost nothing of the texts was kept" in markdown_page(run, None)


def test_chinese_texts_cut_into_characters_are_learnt_from(job: Job) -> None:
    done = job(chinese(), normalize={"token_pattern": r"[\u4e00-\u9fff]|\w+"})
    assert all(len(row) == 40 for row in tokens(done))
    assert facts(done)["conclusions"] == []


def test_characters_of_chinese_texts_are_learnt_from(job: Job) -> None:
    normalize = {"language": "other", "reduce": "none"}
    done = job(
        chinese(), normalize=normalize, vectorize={"analyzer": "char", "ngram_range": [1, 3]}
    )
    assert all(len(row) == 1 for row in tokens(done))
    assert facts(done)["conclusions"] == []


def test_texts_of_emoji_alone_are_reported(job: Job) -> None:
    rows = [["😀😀😀😀 " * (n + 1), label] for n, (_, label) in enumerate(made_up(ROWS))]
    done = job(csv_text(rows), TOKENS)
    assert facts(done)["conclusions"][0].startswith("Almost nothing of the texts was kept: 0.0")


def test_small_data_are_not_refused_for_being_small(tmp_path: Path) -> None:
    """There are fewer terms and rows than the settings allow, and twenty test rows."""
    rows, test = tmp_path / "reviews.csv", tmp_path / "test.csv"
    rows.write_text(csv_text(made_up(30)), encoding="utf-8", newline="")
    test.write_text(csv_text(made_up(20, first=500)), encoding="utf-8", newline="")
    content = small_config(rows)
    content["ingest"]["test_path"] = str(test)
    content["vectorize"]["max_features"] = 100_000
    content["train"]["batch_size"] = 4096
    del content["variants"]
    done = plan_and_run(write_config(tmp_path / "job.yaml", content), tmp_path / "made", GROUPS)
    (variant,) = facts(done)["variants"]
    rows_of = {split: figures["rows"] for split, figures in variant["metrics"].items()}
    assert rows_of == {"train": 29, "validation": 1, "test": 20}
    assert 0 <= variant["metrics"]["test"]["accuracy"] <= 1
    assert pq.read_metadata(done.folder("vocabulary") / "vocabulary.parquet").num_rows < 100


def test_a_part_with_one_row_and_one_class_in_the_test_split(tmp_path: Path) -> None:
    """The suite's limits do not allow it, those of the configuration do."""
    rows, test = tmp_path / "reviews.csv", tmp_path / "test.csv"
    rows.write_text(csv_text(made_up(30)), encoding="utf-8", newline="")
    test.write_text(csv_text(made_up(1, first=500)), encoding="utf-8", newline="")
    content = small_config(rows)
    content["ingest"]["test_path"] = str(test)
    content["validate"]["limits"] = {"min_rows_per_class": 0}
    del content["variants"]
    done = plan_and_run(write_config(tmp_path / "job.yaml", content), tmp_path / "made", GROUPS)
    assert [part.rows for part in done.run.index.parts] == [30, 1]
    (variant,) = facts(done)["variants"]
    assert variant["metrics"]["test"]["rows"] == 1
    assert variant["metrics"]["test"]["roc_auc"] is None


def test_variants_with_equal_settings_are_trained_once_and_reported(tmp_path: Path) -> None:
    path = tmp_path / "reviews.csv"
    path.write_text(csv_text(made_up(40)), encoding="utf-8", newline="")
    content = small_config(path)
    content["variants"] = {"plain": {}, "same": {"train.activation": "relu"}}
    config = write_config(tmp_path / "job.yaml", content)
    done = plan_and_run(config, tmp_path / "made", GROUPS)
    assert [label for label, _ in done.outcomes if label.startswith("train")] == ["train[plain]"]
    found = facts(done, read_config(config))
    assert found["conclusions"] == ["plain and same have equal settings: trained once for all."]
    first, second = found["variants"]
    assert first["metrics"] == second["metrics"]

    shown = Shown()
    with ThreadPoolExecutor(1) as pool:
        settings = read_config(config)
        planner = open_sentiment(settings, tmp_path / "made", LastRun({}, {}))
        run = Run(planner, shown, pool)
        for work in run.task_groups(*GROUPS[:-2]):
            run.perform(work)
    assert shown.lines == ["train[plain]: trained once for same too: equal settings"]


class Shown(Listener):
    """Keeps the lines that a run shows."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def show(self, name: str, lines: str) -> None:
        self.lines.append(f"{name}: {lines}")
