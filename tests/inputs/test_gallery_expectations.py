"""Run the examples of docs/checks.md, added to a suite by an edit of YAML alone."""

from pathlib import Path

import pytest
import yaml

from reviewflow.errors import QualityError
from reviewflow.jobs.sentiment_summary import quality_entries
from tests.conftest import plan_and_run, write_config
from tests.inputs.tampering import SUITES, WORKS, Base
from tests.reviewflow.quality.test_checks_page import ENTRIES


def with_entry(base: Base, folder: Path, suite: str, expectation: str) -> Path:
    """Return a configuration whose suite has the page's example of this expectation."""
    (pasted,) = [
        entry
        for text in ENTRIES
        for entry in yaml.safe_load(text)
        if entry["type"] == expectation and suite_of(entry) == suite
    ]
    shipped = yaml.safe_load((SUITES / f"{suite}.yaml").read_text(encoding="utf-8"))
    shipped["expectations"].append(pasted)
    content = yaml.safe_load(base.strict.read_text(encoding="utf-8"))
    content["validate"][suite] = str(write_config(folder / f"{suite}.yaml", shipped))
    return write_config(folder / "job.yaml", content)


def suite_of(entry: dict) -> str:  # type: ignore[type-arg]
    return "features" if entry["meta"]["frame"] == "labels" else "reviews"


def test_an_expectation_of_the_gallery_warns(base: Base, tmp_path: Path) -> None:
    config = with_entry(base, tmp_path, "reviews", "expect_column_median_to_be_between")
    done = plan_and_run(config, base.copy(tmp_path), WORKS[:3])
    last = [entry for entry in quality_entries(done.run) if entry["suite"] == "reviews"][-1]
    assert (last["success"], last["severity"]) == (False, "warning")
    assert last["asked"] == "median of characters at least 200"
    assert last["notes"] == "The middle review has a few sentences."


def test_a_comment_or_another_order_of_keys_repeats_no_check(base: Base, tmp_path: Path) -> None:
    config = with_entry(base, tmp_path, "reviews", "expect_column_median_to_be_between")
    artifacts = base.copy(tmp_path)
    assert plan_and_run(config, artifacts, WORKS[:3]).ran == {"suites", "validate_reviews"}
    suite = tmp_path / "reviews.yaml"
    content = yaml.safe_load(suite.read_text(encoding="utf-8"))
    entries = [dict(reversed(entry.items())) for entry in content["expectations"]]
    dumped = yaml.safe_dump({"expectations": entries, "name": content["name"]}, sort_keys=False)
    suite.write_text(f"# A comment.\n{dumped}", encoding="utf-8")
    assert plan_and_run(config, artifacts, WORKS[:3]).ran == set()


def test_an_expectation_of_the_gallery_stops_the_run(base: Base, tmp_path: Path) -> None:
    config = with_entry(base, tmp_path, "features", "expect_column_values_to_be_between")
    artifacts = base.copy(tmp_path)
    with pytest.raises(QualityError) as refusal:
        plan_and_run(config, artifacts, WORKS)
    assert "Fewer than 50 test rows" in " ".join(str(refusal.value).split())
    assert not (artifacts / "store" / "train").exists()
