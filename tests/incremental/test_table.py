"""The cases T1 to T12 in which tools for pipelines differ; docs/caching.md has the table.

A case is right if it runs what had to run and nothing else. That nothing is stale is judged as for
the other tools: what was kept is computed again, aside, and every byte compared.
"""

import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT, Reviews
from tests.incremental.conftest import (
    EVERYTHING,
    ROW_WISE,
    Checkout,
    Driver,
    First,
    PlannedRun,
    assert_plan_came_true,
    configuration,
)

WORDS, CLEAN = "reviewflow/text/base_forms.py", "reviewflow/text/clean.py"
MODELS = {f"{stage}[{name}]" for stage in ("train", "evaluate") for name in ("relu", "tanh")}
FROM_TOKENS = {"count", "vocabulary", "features", "validate_features", "report"} | MODELS
LEMMA = '    return noun if noun != word else part_of_speech("verb").base_form(word)\n'
ROW_WISE_STEPS = ("ingest", "split", "normalize", "count")


def test_t1_nothing_changed(checkout: Checkout) -> None:
    lines = checkout.plan_in_words().splitlines()
    assert {line.partition(": ")[2] for line in lines} == {"cached"}
    assert checkout.run().ran == set()


def test_t2_a_helper_below_a_stage_changed(checkout: Checkout, first: First) -> None:
    checkout.edit(WORDS, LEMMA, LEMMA.replace("return noun", "return noun.upper()"))
    run = checkout.run(recheck=True)
    assert_plan_came_true(run, first[1])
    assert run.with_action("run") == {"normalize"}
    assert run.with_action("unless") == FROM_TOKENS
    assert run.ran == {"normalize"} | FROM_TOKENS
    assert run.why("normalize") == "code changed: reviewflow.text.base_forms.lemma"


def test_t3_a_comment_and_a_docstring_in_the_helper(checkout: Checkout) -> None:
    checkout.edit(WORDS, LEMMA, f"    # what does not bend stays\n{LEMMA}")
    checkout.edit(WORDS, '"""Return the base form as', '"""Return the base form of a word as')
    assert checkout.run().ran == set()


def test_t4_one_learning_rate(checkout: Checkout, first: First) -> None:
    variants = configuration()["variants"]
    variants["tanh"]["train.learning_rate"] = 0.05
    checkout.configure(variants=variants)
    run = checkout.run()
    assert_plan_came_true(run, first[1])
    assert run.ran == {"train[tanh]", "evaluate[tanh]", "report"}


def test_t5_other_code_and_the_same_bytes(checkout: Checkout, first: First) -> None:
    checkout.edit(WORDS, LEMMA, LEMMA.replace("noun != word", "not noun == word"))
    run = checkout.run(recheck=True)
    assert_plan_came_true(run, first[1])
    assert run.with_action("unless") == FROM_TOKENS
    assert run.ran == {"normalize"}


def test_t5c_a_comment_in_the_stage_itself(checkout: Checkout) -> None:
    checkout.edit(
        "reviewflow/text/normalize.py",
        "    tokens = normalize_texts(texts, normalize)\n",
        "    # the work itself\n    tokens = normalize_texts(texts, normalize)\n",
    )
    assert checkout.run().ran == set()


def test_t6_the_file_is_touched(checkout: Checkout) -> None:
    os.utime(checkout.path("data/reviews.csv"))
    assert checkout.run().ran == set()


@pytest.mark.parametrize("damage", ["t7 cut short", "t8 deleted"])
def test_a_damaged_file(damage: str, checkout: Checkout, first: First) -> None:
    path = checkout.file("features", "features.parquet")
    whole = path.read_bytes()
    if damage == "t7 cut short":
        path.write_bytes(whole[:1000])
        words = f"has 1,000 of {len(whole):,} bytes"
    else:
        path.unlink()
        words = "is missing"
    run = checkout.run()
    assert_plan_came_true(run, first[1])
    assert run.ran == {"features"}
    name = f"features/{path.parent.name[:8]}…/features.parquet"
    assert run.why("features") == f"artifact damaged: {name} {words}"
    assert path.read_bytes() == whole


@pytest.fixture(scope="module")
def short_reviews() -> Reviews:
    """40,000 reviews of a line, no two of them alike."""
    words = "a the film plot was is good bad fine dull never ever again seen cast song"
    draw = random.Random(9)
    texts = [" ".join([*draw.choices(words.split(), k=6), str(number)]) for number in range(40_000)]
    return [(text, ("negative", "positive")[n % 2]) for n, text in enumerate(texts)]


@pytest.fixture(scope="module")
def in_parts(
    code_copy: Path,
    driver: Driver,
    short_reviews: Reviews,
    tmp_path_factory: pytest.TempPathFactory,
) -> First:
    """The row-wise stages of a job whose rows make several parts; its artifacts."""
    artifacts = tmp_path_factory.mktemp("parts") / "artifacts"
    artifacts.mkdir()
    checkout = Checkout(code_copy, artifacts, driver)
    checkout.write_rows(short_reviews)
    checkout.configure()
    try:
        return artifacts, checkout.run(ROW_WISE)
    finally:
        checkout.put_back()


def append_row(rows: Reviews) -> Reviews:
    return [*rows, ("a film like any other", "positive")]


def insert_row(rows: Reviews) -> Reviews:
    return [*rows[:20_000], ("a film like any other", "positive"), *rows[20_000:]]


def delete_row(rows: Reviews) -> Reviews:
    return [*rows[:100], *rows[101:]]


def edit_row(rows: Reviews) -> Reviews:
    return [*rows[:20_000], (rows[20_000][0] + " indeed", rows[20_000][1]), *rows[20_001:]]


@pytest.fixture
def several_parts(
    in_parts: First, checkout: Checkout, tmp_path: Path
) -> tuple[Checkout, PlannedRun]:
    """The checkout after the row-wise stages on rows that make several parts."""
    artifacts, before = in_parts
    checkout.artifacts = tmp_path / "parts" / "artifacts"
    shutil.copytree(artifacts, checkout.artifacts, symlinks=True)
    return checkout, before


@pytest.mark.parametrize("change", [append_row, insert_row, delete_row, edit_row])
def test_t9_a_row(
    change: Callable[[Reviews], Reviews],
    several_parts: tuple[Checkout, PlannedRun],
    short_reviews: Reviews,
) -> None:
    checkout, before = several_parts
    checkout.write_rows(change(short_reviews))
    run = checkout.run(ROW_WISE)
    parts = len({part for _, part in run.plan if part is not None})
    assert parts > 3
    for label in ROW_WISE_STEPS:
        assert 1 <= run.parts_that_ran(label) <= 2, label
        steps = [o for (name, _), o in run.outcomes.items() if name == label]
        known = {o["key"] for (name, _), o in before.outcomes.items() if name == label}
        assert sum(o["key"] not in known for o in steps) == run.parts_that_ran(label)
        will = sum(e["action"] == "run" for (name, _), e in run.plan.items() if name == label)
        assert label == "count" or will == run.parts_that_ran(label)
    # what only counts training rows does not change where a test row does
    assert run.ran - {"vocabulary", "features"} == set(ROW_WISE_STEPS)


def test_t9_rows_in_another_order_of_parts_keep_their_work(
    several_parts: tuple[Checkout, PlannedRun], short_reviews: Reviews
) -> None:
    checkout, before = several_parts
    length = rows_of_part(before, 0)
    checkout.write_rows([*short_reviews[length:], *short_reviews[:length]])
    run = checkout.run(ROW_WISE)
    for label in ROW_WISE_STEPS:
        assert run.parts_that_ran(label) <= 1, label  # the last part ends with the file


def rows_of_part(run: PlannedRun, part: int) -> int:
    """How many rows a part has."""
    folder = Path(run.outcomes["ingest", part]["folder"])
    return int(json.loads((folder / "manifest.json").read_text("utf-8"))["figures"]["rows"])


def test_t10_why_in_words_with_old_and_new_values(checkout: Checkout) -> None:
    content = configuration()
    content["variants"]["tanh"]["train.learning_rate"] = 0.05
    content["variants"]["wide"] = {"train.hidden": [16, 4], "vectorize.max_features": 200}
    content["normalize"] = {"lowercase": False}
    checkout.configure(**content)
    checkout.edit(CLEAN, '"&" in text', '"&" in str(text)')
    lines = checkout.plan_in_words().splitlines()
    assert lines[:4] == [
        "suites: cached",
        "ingest: cached",
        "validate reviews: cached",
        "normalize: will run — normalize.lowercase true → false; "
        "code changed: reviewflow.text.clean.clean_text",
    ]
    assert "train[tanh]: will run — train.learning_rate 0.1 → 0.05" in lines
    assert "train[wide]: will run — new variant wide" in lines
    assert re.search(r"(?m)^train\[relu\]: will run unless .+ the same bytes$", "\n".join(lines))


def test_t10_words_for_new_rows(
    several_parts: tuple[Checkout, PlannedRun], short_reviews: Reviews
) -> None:
    checkout, _ = several_parts
    checkout.write_rows(edit_row(short_reviews))
    plan = checkout.plan()
    reasons = {(e["label"], e["reason"]) for e in plan.plan.values() if e["action"] == "run"}
    rows = {"ingest", "split", "normalize"}
    assert {reason for label, reason in reasons if label in rows} == {"new rows"}


def test_t10_words_for_new_seeds(checkout: Checkout) -> None:
    changes = {"repeats": 2, "learning_rate": 0.05}
    checkout.configure(train=configuration()["train"] | changes)
    plan = checkout.plan()
    assert plan.why("train[relu, seed 0]") == "train.learning_rate 0.1 → 0.05"
    assert plan.why("train[relu, seed 1]") == "new seed 1"


def test_t10_words_for_a_report_of_other_variants(checkout: Checkout) -> None:
    checkout.configure(variants={"relu": {}})
    assert checkout.plan().why("report") == "other variants"


def test_t11_planning_imports_nothing_heavy(checkout: Checkout) -> None:
    script = (
        "import sys; from flows.commands.main import main;"
        "main(sys.argv[1:], standalone_mode=False);"
        "heavy = {'torch', 'great_expectations', 'nltk', 'prefect', 'pandas', 'numba', 'sklearn'};"
        "sys.exit(' '.join(heavy & set(sys.modules)) or 0)"
    )
    arguments = ("plan", "--config", "configs/job.yaml", "--artifacts", str(checkout.artifacts))
    run = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=checkout.root,
        env={**os.environ, "PYTHONPATH": str(checkout.root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert "train[relu]: cached" in run.stdout.splitlines()


def test_t12_two_runs_at_once(checkout: Checkout, first: First, tmp_path: Path) -> None:
    checkout.artifacts = tmp_path / "both" / "artifacts"
    checkout.artifacts.mkdir(parents=True)
    requests = [
        checkout.request(EVERYTHING, answer=str(tmp_path / f"{name}.json")) for name in "ab"
    ]
    both = checkout.driver.answers(*requests)
    for step, outcome in first[1].outcomes.items():
        found = [run.outcomes[step] for run in both]
        assert [o["digests"] for o in found] == [outcome["digests"]] * 2, step
        assert sorted(o["state"] for o in found) == ["cached", "ran"], step


def test_the_plans_in_the_docs_are_real(checkout: Checkout) -> None:
    page = (ROOT / "docs" / "caching.md").read_text(encoding="utf-8")
    rate, code = re.findall(r"```\n\$ reviewflow plan\n(.*?)```", page, flags=re.DOTALL)
    variants = configuration()["variants"]
    variants["tanh"]["train.learning_rate"] = 0.05
    checkout.configure(variants=variants)
    assert checkout.plan_in_words() == rate
    checkout.configure()
    checkout.edit(WORDS, LEMMA, LEMMA.replace("noun != word", "not noun == word"))
    assert checkout.plan_in_words() == code
