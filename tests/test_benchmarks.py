"""The benchmarks run, print a table, and do the same job on both sides."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import (
    defaults,
    films,
    frontier,
    larger,
    ngrams,
    plan,
    scoring,
    stages,
    text_to_features,
    train_step,
)
from benchmarks.__main__ import BENCHMARKS, PAGE, notes, page
from benchmarks.measuring import Sample, command_figures, fresh, in_turn
from benchmarks.table import HEAD, Row, spread, table
from benchmarks.varied import varied_reviews
from tests.conftest import ROOT, Reviews, write_reviews

REVIEWS = 60  # few enough for all their terms to be in the vocabulary: no ties at the cut


@pytest.fixture(scope="module")
def parts(reviews: Reviews, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("parts")
    stages.prepare_parts(str(write_reviews(folder / "some.csv", reviews[:REVIEWS])), str(folder))
    return folder


@pytest.fixture(scope="module")
def features(parts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("features")
    stages.prepare_features(str(parts), str(folder))
    return folder


def benchmarks(*arguments: str) -> str:
    """Return what ``python -m benchmarks`` prints."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def page_state() -> tuple[bool, float]:
    return PAGE.exists(), PAGE.stat().st_mtime if PAGE.exists() else 0.0


def assert_table(printed: str, *measured: str) -> None:
    lines = [line for line in printed.splitlines() if line.startswith("|")]
    assert [cell.strip() for cell in lines[0].strip("|").split("|")] == list(HEAD)
    for name in measured:
        assert any(line.startswith(f"| {name}") for line in lines), name


@pytest.mark.slow
def test_a_quick_benchmark_prints_its_table_and_writes_nothing() -> None:
    before = page_state()
    printed = benchmarks("--quick", "--runs", "1", "text_to_features")
    assert_table(printed, "text to features, time", "text to features, peak memory")
    assert "GiB of memory" in printed
    assert page_state() == before


def test_the_page_describes_every_benchmark_as_its_module_does() -> None:
    assert PAGE.read_text(encoding="utf-8").endswith("\n\n".join(notes(BENCHMARKS)) + "\n")


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_all_benchmarks_quickly() -> None:
    before = page_state()
    printed = benchmarks("--quick", "--runs", "1")
    assert_table(printed, "text to features", "training step", "run, everything", "plan, one")
    assert_table(printed, "1,200 rows, nothing changed: run, server up", "30,000 rows, 1 %")
    assert_table(printed, "3,000 rows scored, linear: ", "6,000 rows scored: peak memory")
    assert_table(printed, "3,000 rows, CSV to report: peak memory")
    assert page_state() == before


@pytest.mark.slow
def test_word_by_word_finds_the_same_features(parts: Path, tmp_path: Path) -> None:
    given = {"parts": parts, "folder": tmp_path / "work"}
    ours, theirs = (
        fresh(side, **given) for side in (text_to_features.stages, text_to_features.word_by_word)
    )
    assert ours["entries"] == theirs["entries"] > REVIEWS
    assert ours["megabytes"] > 10


def test_scikit_learn_finds_the_same_ngrams(parts: Path, tmp_path: Path) -> None:
    ours = ngrams.stages(str(parts), str(tmp_path / "work"))
    assert ours["terms"] == ngrams.scikit_learn(str(parts))["terms"] > REVIEWS


@pytest.mark.parametrize(
    "side", [train_step.compiled_step, train_step.dense, train_step.embedding_bag]
)
def test_every_side_of_a_training_step_begins_to_learn(side: object, features: Path) -> None:
    assert callable(side)
    figures = side(str(features), batch_size=16, steps=2)
    assert figures["milliseconds"] > 0
    assert 0.6 < figures["loss"] < 0.8  # around ln 2


def test_a_command_is_measured_and_its_failure_reported() -> None:
    assert command_figures(["--help"])["seconds"] > 0
    with pytest.raises(SystemExit, match=r"There is no configuration file nowhere\.yaml"):
        command_figures(["plan", "--config", "nowhere.yaml"])


def test_a_stage_has_what_the_command_used_meanwhile() -> None:
    samples = [Sample(0, 0, 0, 0), Sample(1, 9_000_000, 1, 0), Sample(2, 5_000_000, 3, 4_000_000)]
    windows = {"ingest": (0.5, 1.5), "report": (1.6, 1.7)}  # the latter between two samples
    assert list(larger.stage_lines("8", samples, windows)) == [
        ("8", "start", "0.500", "0.000", "0.000"),
        ("8", "ingest", "1.00", "1.00", "9.00"),
        ("8", "report", "0.100", "0.000", "9.00"),
        ("8", "the whole run", "2.00", "3.00", "9.00"),
        ("8", "Prefect's server", "", "", "4.00"),
    ]


def test_varied_reviews_are_the_real_ones_and_then_others(reviews: Reviews, tmp_path: Path) -> None:
    path = write_reviews(tmp_path / "some.csv", reviews[:REVIEWS])
    varied = [tuple(row) for row in varied_reviews(path, 3 * REVIEWS)]
    assert varied[:REVIEWS] == reviews[:REVIEWS]
    assert [label for _, label in varied] == 3 * [label for _, label in reviews[:REVIEWS]]
    assert len({text for text, _ in varied}) == 3 * REVIEWS
    assert [tuple(row) for row in varied_reviews(path, 3 * REVIEWS)] == varied


def test_an_inserted_review_is_a_new_one_each_time(tmp_path: Path, reviews: Reviews) -> None:
    path = write_reviews(tmp_path / "some.csv", reviews[:3])
    before = path.read_bytes()
    plan.insert_review(path)
    once = path.read_bytes()
    plan.insert_review(path)
    assert len(before) < len(once) < len(path.read_bytes())
    assert len(set(path.read_bytes().splitlines()[:3])) == 3


@pytest.mark.slow
def test_both_sides_score_the_same_rows(reviews: Reviews, tmp_path: Path) -> None:
    few = write_reviews(tmp_path / "few.csv", reviews[:REVIEWS])
    path = scoring.write_rows(tmp_path / "rows.csv", few, 2 * REVIEWS + 1)
    scoring.publish(str(few), str(tmp_path / "model"), [])
    ours = scoring.score_rows(str(tmp_path / "model"), str(path))
    theirs = scoring.score_by_pipeline(str(few), str(path))
    assert ours["rows"] == theirs["rows"] == 2 * REVIEWS + 1
    assert sorted(each.name for each in tmp_path.glob("rows*")) == ["rows.csv"]


def test_every_other_run_goes_through_the_sides_backwards() -> None:
    called: list[str] = []

    def side(name: str) -> dict[str, float]:
        called.append(name)
        return {"seconds": float(len(called))}

    figures = in_turn(2, {"ours": lambda: side("ours"), "theirs": lambda: side("theirs")})
    assert called == ["ours", "theirs", "theirs", "ours"]
    assert figures["ours"] == [{"seconds": 1.0}, {"seconds": 4.0}]


def test_ratios_are_taken_run_by_run() -> None:
    row = Row("a step", "ms", (1.0, 2.0, 4.0), "another way", (20.0, 20.0, 20.0))
    assert row.cells() == (
        "a step",
        "2.00 (1.00–4.00) ms",
        "another way",
        "20.0 (20.0–20.0) ms",
        "10.0 (5.00–20.0)",
    )
    assert spread((0.12345,)) == "0.123"
    assert spread((1234.5, 1000.0)) == "1,117 (1,000–1,234)"


def test_reviews_of_a_film_share_a_fold() -> None:
    labels = np.repeat([0, 1], 60)
    films_of_rows = np.concatenate([np.arange(60) // 6, np.arange(60)[::-1] // 6])
    texts = [f"a good film about hero{film} and place{film}" for film in films_of_rows]
    folds = films.film_folds(texts, labels, 5)
    assert [set(folds[films_of_rows == film]) for film in range(10)] == [
        {folds[6 * film]} for film in range(10)
    ]
    assert np.bincount(folds).tolist() == [24] * 5


def test_neighbours_share_a_fold_in_each_class() -> None:
    folds = films.neighbour_folds(np.array([0] * 4 + [1] * 6), 2)
    assert folds.tolist() == [0, 0, 1, 1, 0, 0, 0, 1, 1, 1]


@pytest.mark.parametrize("name", frontier.NAMES)
def test_the_configurations_of_the_frontier_run(
    reviews: Reviews, tmp_path: Path, name: str
) -> None:
    write_reviews(tmp_path / "train.csv", reviews[:200])
    write_reviews(tmp_path / "test.csv", reviews[200:240])
    assert frontier.pipeline_seconds(name, str(tmp_path), 0)["seconds"] > 0
    (metrics,) = tmp_path.glob("artifacts 0/**/metrics.json")
    assert json.loads(metrics.read_text(encoding="utf-8"))["test"]["rows"] == 40
    assert list(tmp_path.glob("artifacts 0/store/report/*/charts.json"))


def test_the_table_of_the_frontier_pairs_the_rows(tmp_path: Path) -> None:
    for name, right in (
        ("films 0", [True] * 3 + [False]),
        ("films 1", [True, False, True, False]),
        ("neighbours 0", [True, True]),
    ):
        np.save(stages.new_folder(tmp_path / name) / "right.npy", right)
    lines = frontier.accuracy_table(["best.yaml", "other"], tmp_path).splitlines()
    assert lines[2] == "| best.yaml | 75.00 ± 21.65 % |  | 100.00 ± 0.00 % |"
    assert lines[3] == "| other | 50.00 ± 25.00 % | -25.00 ± 21.65 |  |"


def test_the_page_has_the_machine_the_table_and_the_notes() -> None:
    row = Row("alone", "s", (1.0,))
    written = page({"plan": plan}, [table([row]), "| more |"], "- a machine", runs=3, quick=False)
    assert written.startswith("# Benchmarks\n")
    assert "- a machine" in written
    assert f"{table([row])}\n\n| more |" in written
    assert "## plan" in written
    assert str(Path.home()) not in written


@pytest.mark.parametrize("rows", [200, 1_000])
def test_the_default_variants_learn_as_much_as_logistic_regression(
    rows: int, tmp_path: Path
) -> None:
    path = defaults.write_slice(tmp_path / "some.csv", defaults.Slice("IMDB", defaults.IMDB, rows))
    parts, classes, _ = defaults.prepare_file(path, tmp_path / "work")
    pairs = [
        (defaults.ours(parts, tmp_path / "work", classes, seed), defaults.theirs(parts, classes, 1))
        for seed in range(3)
    ]
    our, their = (sum(side["ROC AUC"] for side in sides) / 3 for sides in zip(*pairs, strict=True))
    assert our > 0.7
    assert our > their - 0.01


def test_differences_of_the_defaults_are_those_to_the_better_side() -> None:
    scores = {"accuracy": 0.5, "macro-F1": 0.5, "seconds": 1.0}
    areas = {"ours": (0.8, 0.9), "words": (0.8, 0.82), "1- and 2-grams": (0.7, 0.6)}
    found = defaults.summary(
        {side: [{**scores, "ROC AUC": area} for area in each] for side, each in areas.items()}
    )
    assert found["ROC AUC difference"] == pytest.approx(0.04)
    assert found["ROC AUC error"] == pytest.approx(0.04)
    file = {"rows": 1200, "classes": 2, "rarest": 0.04, "ours seconds of one": 0.5}
    head, _, row = defaults.comparison_table([("IMDB", found | file)]).splitlines()
    assert head.count("|") == row.count("|") == len(defaults.HEAD) + 1
    assert row.startswith("| IMDB | 1,200 | 2 | 4% | 0.8500 | 0.8100 | 0.6500 | +0.0400 ± 0.0400 |")
