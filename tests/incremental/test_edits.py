"""Right keys: an edit re-runs the steps whose output it may shape, and no others.

The edits are made in a real copy of the project, which the real command reads.
"""

import importlib.metadata
import os
from typing import NamedTuple

import pytest

from tests.incremental.conftest import (
    Checkout,
    First,
    assert_plan_came_true,
    configuration,
)

FIRST = {"suites", "ingest"}
TEXT = {"normalize", "count", "vocabulary", "features"}
CHECKS = {"validate_reviews", "validate_features"}
TRAINING = {"train[relu]", "train[tanh]"}
MODELS = TRAINING | {"evaluate[relu]", "evaluate[tanh]"}
ALL = FIRST | {"split"} | TEXT | CHECKS | MODELS | {"report"}
BELOW_FEATURES = {"validate_features", "report"} | MODELS

WORDS, CLEAN = "reviewflow/text/base_forms.py", "reviewflow/text/clean.py"
TOKENS, ERRORS = "reviewflow/features/tokens.py", "reviewflow/errors.py"


class Edit(NamedTuple):
    """A text of a file and what takes its place; ``why`` is the definition that changed."""

    file: str
    old: str
    new: str
    runs: set[str]
    why: str


SHAPING = {
    "a constant": Edit(
        WORDS, "DIGITS = 36", "DIGITS = 35", {"normalize"}, "text.base_forms.LARGEST_NUMBER_DIGITS"
    ),
    "a decorator": Edit(
        WORDS,
        "@lru_cache(maxsize=2)\n",
        "@lru_cache(maxsize=3)\n",
        {"normalize"},
        "text.base_forms._snowball",
    ),
    "a default argument": Edit(
        "reviewflow/reporting/charts/axes.py",
        "whole: bool = False",
        "whole: bool = True",
        {"report"},
        "reporting.charts.axes.limit_ticks",
    ),
    "a base class": Edit(
        ERRORS,
        "class InputError(UsageError)",
        "class InputError(UsageError, ValueError)",
        {"split", "normalize"},
        "errors.InputError",
    ),
    "what a base class holds": Edit(
        "reviewflow/config/sections.py",
        'refused."""\n\n    model_config = ConfigDict(frozen=True, extra="forbid", hide',
        'refused."""\n\n    model_config = ConfigDict(frozen=True, title="", extra="forbid", hide',
        {"split", "normalize", "report"} | TRAINING,
        "config.sections.Section",
    ),
    "a pattern two calls down": Edit(
        CLEAN, '"&" in text', '"&" in str(text)', {"normalize"}, "text.clean.clean_text"
    ),
    "a method of a class that two stages read": Edit(
        TOKENS,
        "        if rows.all():",
        "        if bool(rows.all()):",
        {"count", "features"},
        "features.tokens.Tokens",
    ),
    "a helper of training alone": Edit(
        "reviewflow/networks/loss_history.py",
        "steps = len(epoch.losses)",
        "steps = int(len(epoch.losses))",
        TRAINING,
        "networks.loss_history.epoch_rows",
    ),
}

SILENT = {
    "comment": Edit(
        CLEAN, "    if strip_html:\n", "    # out they go\n    if strip_html:\n", set(), ""
    ),
    "docstring": Edit(WORDS, '"""Return the stem by', '"""Return the stem of a word by', set(), ""),
    "formatting": Edit(
        WORDS,
        '    noun = part_of_speech("noun").base_form(word)\n',
        "    noun = (\n        part_of_speech('noun')\n        .base_form(word,)\n    )\n\n",
        set(),
        "",
    ),
    "what no stage reaches": Edit(
        "reviewflow/runs/record.py", "secrets.token_hex(3)", "secrets.token_hex(4)", set(), ""
    ),
    "task": Edit("tasks/train.py", '"""', '"""In a task: ', set(), ""),
}


@pytest.mark.parametrize("name", SHAPING)
def test_code_that_shapes_the_output_is_seen(name: str, checkout: Checkout) -> None:
    edit = SHAPING[name]
    checkout.edit(edit.file, edit.old, edit.new)
    plan = checkout.plan()
    assert plan.with_action("run") == edit.runs
    for label in edit.runs:
        assert plan.why(label) == f"code changed: reviewflow.{edit.why}"


def test_what_shapes_nothing_runs_nothing(checkout: Checkout) -> None:
    for edit in SILENT.values():
        path = checkout.path(edit.file)
        text = path.read_text(encoding="utf-8")
        assert edit.old in text
        path.write_text(text.replace(edit.old, edit.new, 1), encoding="utf-8")
    run = checkout.run()
    assert run.with_action("cached") == ALL
    assert run.ran == set()


def test_formatting_all_modules_runs_nothing(checkout: Checkout) -> None:
    import ast

    for path in sorted((checkout.root / "reviewflow").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        checkout.path(str(path.relative_to(checkout.root))).write_text(
            ast.unparse(ast.parse(text)) + "\n", encoding="utf-8"
        )
    assert checkout.plan().with_action("cached") == ALL


def test_an_edit_that_keeps_size_and_time_runs_as_it_is_written(
    checkout: Checkout, first: First
) -> None:
    """Byte code of the old text is there, and Python would trust it."""
    metrics = "reviewflow/evaluation/metrics.py"
    path = checkout.path(metrics)
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    checkout.edit(metrics, "float(accuracy_score", ".5*  (accuracy_score")
    os.utime(path, ns=times)
    run = checkout.run()
    for label in ("evaluate[relu]", "evaluate[tanh]"):
        before, after = (each.outcomes[label, None]["digests"] for each in (first[1], run))
        assert before["metrics.json"] != after["metrics.json"]
        assert before["predictions.parquet"] == after["predictions.parquet"]


def test_a_method_that_gives_the_same_bytes_stops_there(checkout: Checkout, first: First) -> None:
    edit = SHAPING["a method of a class that two stages read"]
    checkout.edit(edit.file, edit.old, edit.new)
    run = checkout.run()
    assert_plan_came_true(run, first[1])
    assert run.with_action("unless") == {"vocabulary"} | BELOW_FEATURES
    assert run.ran == {"count", "features"}


def test_other_names_for_variant_file_and_setting_run_nothing(
    checkout: Checkout, first: First
) -> None:
    content = configuration()
    content["variants"]["hyperbolic"] = content["variants"].pop("tanh")
    content["ingest"] = {"text_column": "review", "path": "../data/of today.csv", "delimiter": ","}
    content["split"] = {"seed": 42, "method": "hash"}  # the defaults, written out
    checkout.path("data/of today.csv").write_bytes(
        (checkout.root / "data" / "reviews.csv").read_bytes()
    )
    checkout.configure(**content)
    run = checkout.run()
    assert run.ran == set()
    same = {"train[hyperbolic]": "train[tanh]", "evaluate[hyperbolic]": "evaluate[tanh]"}
    for (label, part), outcome in run.outcomes.items():
        assert outcome["key"] == first[1].outcomes[same.get(label, label), part]["key"]


def test_a_variant_added_is_trained_and_no_other(checkout: Checkout, first: First) -> None:
    variants = configuration()["variants"] | {"wide": {"train.hidden": [9, 4]}}
    checkout.configure(variants=variants)
    run = checkout.run()
    assert_plan_came_true(run, first[1])
    assert run.ran == {"train[wide]", "evaluate[wide]", "report"}
    assert run.why("train[wide]") == "new variant wide"


def test_more_repeats_train_the_new_seeds(checkout: Checkout, first: First) -> None:
    checkout.configure(train=configuration()["train"] | {"repeats": 2})
    run = checkout.run()
    assert_plan_came_true(run, first[1])
    stages = [(stage, name) for stage in ("train", "evaluate") for name in ("relu", "tanh")]
    assert run.ran == {f"{stage}[{name}, seed 1]" for stage, name in stages} | {"report"}
    for stage, name in stages:
        before = first[1].outcomes[f"{stage}[{name}]", None]
        assert run.outcomes[f"{stage}[{name}, seed 0]", None]["key"] == before["key"]


def test_another_reduction_leaves_reading_and_its_check(checkout: Checkout) -> None:
    checkout.configure(normalize={"reduce": "stem"})
    plan = checkout.plan()
    assert plan.with_action("run") == {"normalize"}
    assert plan.with_action("cached") == FIRST | {"split", "validate_reviews"}
    # WordNet is read for lemmas alone, so it is no longer among what shapes the tokens
    assert plan.why("normalize").startswith("normalize.reduce lemma → stem")


def test_a_limit_edited_re_runs_its_check_alone(checkout: Checkout, first: First) -> None:
    checkout.edit("configs/expectations/reviews.yaml", "{min_value: 20}", "{min_value: 21}")
    run = checkout.run()
    assert_plan_came_true(run, first[1])
    # a suite that changed is judged itself before anything else
    assert run.ran == {"suites", "validate_reviews"}
    assert run.why("validate_reviews") == "suite edited"


def test_a_limit_set_by_its_name_re_runs_the_checks_alone(checkout: Checkout, first: First) -> None:
    checkout.configure(validate={**configuration()["validate"], "limits": {"min_rows": 21}})
    run = checkout.run()
    assert_plan_came_true(run, first[1])
    assert run.ran == {"suites", *CHECKS}
    for stage in run.ran:
        assert run.why(stage) == "validate.limits.min_rows null → 21"


def test_a_template_edited_renders_and_does_nothing_else(checkout: Checkout, first: First) -> None:
    template = "reviewflow/reporting/page/templates/report.html"
    checkout.edit(template, "<h1>{{ report.headline }}</h1>", "<h1>Of {{ report.headline }}</h1>")
    run = checkout.run()
    assert run.with_action("cached") == ALL
    assert run.ran == set()
    assert "<h1>Of " in run.answer["page"]
    assert "<h1>Of " not in first[1].answer["page"]


def test_a_style_of_the_data_docs_edited_checks_again(checkout: Checkout, first: First) -> None:
    style = "reviewflow/quality/data_docs.css"
    path = checkout.path(style)
    path.write_text(path.read_text("utf-8") + "p { color: red; }\n", encoding="utf-8")
    run = checkout.run()
    assert_plan_came_true(run, first[1])
    assert run.ran == CHECKS
    assert run.why("validate_reviews") == "resource quality/data_docs.css changed"
    pages = checkout.artifacts.glob("store/validate_reviews/*/*_docs/index.html")
    assert sum("p { color: red; }" in page.read_text("utf-8") for page in pages) == 1


def test_a_package_of_another_version_re_runs_what_imports_it(
    checkout: Checkout, first: First
) -> None:
    version = importlib.metadata.version("inflect")
    checkout.install("inflect", "99.0")
    run = checkout.run()
    assert_plan_came_true(run, first[1])
    assert run.why("normalize") == f"inflect {version} → 99.0"
    assert run.ran == {"normalize"}


def test_ingest_that_writes_other_texts_reaches_their_readers(checkout: Checkout) -> None:
    checkout.edit(
        "reviewflow/reviews/ingest.py",
        'text = rows.column("text").combine_chunks()',
        'text = compute.utf8_reverse(rows.column("text")).combine_chunks()',
    )
    assert "normalize" in checkout.run().ran


def test_other_text_hashes_reach_the_split(checkout: Checkout) -> None:
    checkout.edit(
        "reviewflow/reviews/chunking.py",
        "hashes += [xxh3_64_intdigest(view[start:end]) for",
        "hashes += [xxh3_64_intdigest(view[start:end], 1) for",
    )
    assert {"split", "validate_reviews"} <= checkout.run().ran
