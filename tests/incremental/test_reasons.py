"""Reasons are true from end to end: in the plan, in run.json and in what the report says changed.

The driver checks of every run that words are made of the reasons alone (see ``conftest.py``).
"""

import importlib.metadata
import json
import shutil
from typing import Any

import pytest

from reviewflow.pipeline.reasons import Reason
from tests.incremental.conftest import (
    EVERYTHING,
    Checkout,
    First,
    PlannedRun,
    as_reasons,
    assert_plan_came_true,
    configuration,
)
from tests.reviewflow.small_store import edit_json

VERSION = Reason("version", "reviewflow", "0.1", "0.2")


def reasons_in_record(run: PlannedRun) -> dict[str, list[Reason]]:
    """Return the reasons of run.json's stages that ran, by stage and variant."""
    found = {}
    for stage in run.record["stages"]:
        if stage["state"] == "ran":
            name = stage["stage"] + (f"[{stage['variant']}]" if stage["variant"] else "")
            found[name] = as_reasons(stage)
    return found


def test_a_first_run_says_so_everywhere(first: First) -> None:
    run = first[1]
    assert {tuple(reasons) for reasons in reasons_in_record(run).values()} == {
        (Reason("first_run"),)
    }
    assert {run.why(label) for label in run.with_action("run")} == {"first run"}
    assert run.record["since"] is None


def test_an_upgrade_names_the_package_and_both_versions(checkout: Checkout, first: First) -> None:
    version = importlib.metadata.version("inflect")
    checkout.install("inflect", "99.0")
    run = checkout.run()
    assert_plan_came_true(run, first[1])
    reason = Reason("package", "inflect", version, "99.0")
    assert run.reasons("normalize") == [reason]
    assert reasons_in_record(run) == {"normalize": [reason]}
    assert run.since == [f"inflect {version} → 99.0"]
    assert f"inflect {version} → 99.0" in run.answer["page"]


def test_a_suites_edit_names_the_suite(checkout: Checkout, first: First) -> None:
    checkout.edit("configs/expectations/reviews.yaml", "{min_value: 20}", "{min_value: 21}")
    run = checkout.run()
    assert_plan_came_true(run, first[1])
    found = reasons_in_record(run)
    assert {name: [(r.kind, r.name) for r in own] for name, own in found.items()} == {
        "suites": [("file", "reviews_suite")],
        "validate_reviews": [("file", "suite")],
    }
    for (reason,) in found.values():
        assert reason.old != reason.new
        assert len(reason.old) == len(reason.new) == 32
    assert run.since == ["reviews suite edited"]


def swap(variants: dict[str, Any]) -> dict[str, Any]:
    return dict(reversed(variants.items()))


def test_variants_in_another_order_are_no_other_bytes(checkout: Checkout, first: First) -> None:
    checkout.configure(variants=swap(configuration()["variants"]))
    run = checkout.run()
    assert_plan_came_true(run, first[1])
    assert run.ran == {"report"}
    assert reasons_in_record(run) == {"report": [Reason("order", "variants")]}
    assert run.why("report") == "variants in another order"
    assert "other bytes" not in json.dumps(run.record)
    assert [variant["name"] for variant in run.record["variants"]] == ["tanh", "relu"]


def test_variants_of_other_texts_in_another_order_are_no_other_variants(
    checkout: Checkout, first: First
) -> None:
    """What each was made from is listed by number, and the numbers follow the order."""
    variants = {
        "relu": {},
        "few": {"vectorize.max_features": 200},
        "tanh": {"train.activation": "tanh"},
    }
    checkout.configure(variants=variants)
    run = checkout.run()
    assert run.why("report") == "other variants"
    for order in (("few", "relu", "tanh"), ("relu", "tanh", "few"), ("tanh", "few", "relu")):
        checkout.configure(variants={name: variants[name] for name in order})
        plan = checkout.plan()
        assert plan.with_action("run") == {"report"}
        assert plan.reasons("report") == [Reason("order", "variants")]


def test_a_variant_in_the_place_of_another_is_new(checkout: Checkout, first: First) -> None:
    variants = {"relu": {}, "wide": {"train.hidden": [9, 4]}}
    checkout.configure(variants=variants)
    run = checkout.run()
    assert run.ran == {"train[wide]", "evaluate[wide]", "report"}
    new = [Reason("new_variant", "wide")]
    assert reasons_in_record(run) == dict.fromkeys(run.ran, new)


def test_a_learning_rate_names_the_setting_and_whose_bytes_differ(
    checkout: Checkout, first: First
) -> None:
    variants = configuration()["variants"]
    variants["tanh"]["train.learning_rate"] = 0.05
    checkout.configure(variants=variants)
    run = checkout.run()
    assert_plan_came_true(run, first[1])
    assert reasons_in_record(run) == {
        "train[tanh]": [Reason("setting", "train.learning_rate", 0.1, 0.05)],
        "evaluate[tanh]": [Reason("input", "train[tanh]")],
        "report": [Reason("input", "train[tanh]"), Reason("input", "evaluate[tanh]")],
    }


def test_another_configuration_has_a_history_of_its_own(checkout: Checkout, first: First) -> None:
    other = configuration() | {"split": {"seed": 7}}
    checkout.write_config("configs/other.yaml", other)
    run = checkout.run(config="configs/other.yaml")
    assert "split" in run.ran
    own = {tuple(reasons) for reasons in reasons_in_record(run).values()}
    assert own == {(Reason("first_run", "configuration"),)}
    assert {run.why(label) for label in run.with_action("run")} == {
        "first run of this configuration"
    }
    assert run.record["since"] is None

    # its next run compares with its own, and so does that of the first configuration
    variants = configuration()["variants"]
    variants["tanh"]["train.learning_rate"] = 0.05
    checkout.configure(variants=variants)
    plan = checkout.plan()
    assert plan.with_action("run") == {"train[tanh]"}
    assert plan.why("train[tanh]") == "train.learning_rate 0.1 → 0.05"
    checkout.write_config("configs/other.yaml", other | {"variants": variants})
    plan = checkout.plan(config="configs/other.yaml")
    assert plan.with_action("run") == {"train[tanh]"}
    assert plan.why("train[tanh]") == "train.learning_rate 0.1 → 0.05"


def test_a_configuration_of_the_same_name_in_another_folder_is_another(
    checkout: Checkout, first: First
) -> None:
    there = configuration() | {"vectorize": {"max_features": 200}}
    there["ingest"] = there["ingest"] | {"path": "../../data/reviews.csv"}
    there["validate"] = {name: f"../{path}" for name, path in there["validate"].items()}
    checkout.write_config("configs/there/job.yaml", there)
    plan = checkout.plan(config="configs/there/job.yaml")
    assert plan.with_action("run") >= {"vocabulary"}
    assert {plan.why(label) for label in plan.with_action("run")} == {
        "first run of this configuration"
    }


def test_other_data_under_the_same_configuration_is_another_history(
    checkout: Checkout, first: First
) -> None:
    rows = (checkout.root / "data" / "reviews.csv").read_text("utf-8")
    checkout.path("data/others.csv").write_text(rows + "A good film.,positive\n", "utf-8")
    checkout.configure(ingest={"path": "../data/others.csv"})
    plan = checkout.plan()
    assert plan.why("ingest") == "first run of this configuration"
    checkout.configure()
    assert checkout.plan().with_action("run") == set()


@pytest.fixture
def of_first_version(checkout: Checkout, first: First) -> Checkout:
    """The artifacts as version 0.1 would have left them: other modules, so other keys."""
    (folder,) = (path for path in (checkout.artifacts / "runs").iterdir() if not path.is_symlink())

    def as_then(keys: dict[str, Any]) -> None:
        for entry in keys.values():
            recipe = entry["recipe"] = entry.pop("fingerprint")
            recipe["given"] = recipe.pop("facts")
            recipe["code"] = {f"old.{name}": digest for name, digest in recipe["code"].items()}
            entry["keys"] = [key[::-1] for key in entry["keys"]]

    edit_json(folder / "keys.json", as_then)
    edit_json(
        folder / "run.json",
        lambda content: content["environment"]["packages"].update(reviewflow="0.1.0"),
    )
    shutil.rmtree(checkout.artifacts / "store")
    return checkout


def test_after_version_0_1_every_line_has_one_reason(of_first_version: Checkout) -> None:
    plan = of_first_version.plan()
    assert plan.with_action("cached") == set()
    for entry in plan.plan.values():
        assert as_reasons(entry) == [VERSION], entry["label"]
    sentence = "reviewflow 0.1 → 0.2: modules renamed"
    for line in of_first_version.plan_in_words().splitlines():
        words = line.partition(": will run ")[2]
        assert words.partition(", unless ")[0] == f"— {sentence}", line


def test_after_version_0_1_settings_that_changed_are_named_too(of_first_version: Checkout) -> None:
    variants = configuration()["variants"]
    variants["tanh"]["train.learning_rate"] = 0.05
    of_first_version.configure(variants=variants)
    run = of_first_version.run()
    setting = Reason("setting", "train.learning_rate", 0.1, 0.05)
    assert run.reasons("train[tanh]") == [setting, VERSION]
    assert run.why("train[tanh]") == (
        "train.learning_rate 0.1 → 0.05; reviewflow 0.1 → 0.2: modules renamed"
    )
    found = reasons_in_record(run)
    assert found.pop("train[tanh]") == [setting, VERSION]
    assert {tuple(reasons) for reasons in found.values()} == {(VERSION,)}
    assert "reviewflow 0.1 → 0.2: modules renamed" in run.since
    assert not any(phrase.startswith("code:") for phrase in run.since)


def test_after_a_stopped_run_of_version_0_2_what_it_did_not_reach_was_renamed(
    of_first_version: Checkout,
) -> None:
    of_first_version.run(EVERYTHING[:4])
    plan = of_first_version.plan()
    assert plan.with_action("cached") >= {"ingest", "split", "normalize"}
    rest = [entry for entry in plan.plan.values() if entry["action"] != "cached"]
    assert {entry["stage"] for entry in rest} >= {"count", "train", "report"}
    for entry in rest:
        assert as_reasons(entry) == [VERSION], entry["label"]
