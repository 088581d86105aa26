"""``reviewflow runs | show | compare`` as a person and a script see them."""

from pathlib import Path
from typing import Any

from tests.flows.commands.conftest import FIRST, HOSTILE, SECOND
from tests.flows.commands.invoke import asked, call
from tests.reviewflow.small_store import edit_json


def test_runs_are_listed_with_their_best_variant(artifacts: Path) -> None:
    assert [line["roc_auc"] for line in asked(artifacts, "runs")] == [0.95, 0.9]
    (artifacts / "runs" / FIRST / "run.json").write_text('{"half')
    header, newest, oldest, _ = call(artifacts, "runs").stdout.splitlines()
    assert header.split()[0] == "run"
    assert newest.split()[:3] == [SECOND, "imdb", "completed"]
    assert "0.9500" in newest
    assert oldest.split()[:3] == [FIRST, "–", "unreadable"]
    assert call(artifacts, "show", FIRST).exit_code == 0
    refused = call(artifacts, "compare", FIRST, SECOND)
    assert refused.exit_code == 1
    assert "cannot be compared" in refused.stderr


def test_show_describes_one_run_and_escapes_text_from_data(artifacts: Path) -> None:
    page = call(artifacts, "show")
    assert page.exit_code == 0
    for words in (SECOND, "relu, ROC AUC 0.9500", "Variants", "Failed expectations"):
        assert words in page.stdout
    assert "evil␛[31m[red] name⟨U+202E⟩" in page.stdout
    assert "\x1b" not in page.stdout
    assert asked(artifacts, "show", "latest")["quality"]["failures"][0]["asked"] == HOSTILE


def test_compare_shows_what_differs(artifacts: Path) -> None:
    text = call(artifacts, "compare", "2024-01-01", "latest").stdout
    assert "train.learning_rate  0.9  0.95" in text
    assert "0.9000 → 0.9500" in text
    assert "Data: no difference." in text
    differences = asked(artifacts, "compare", FIRST, SECOND)
    assert differences["parameters"] == [{"name": "train.learning_rate", "a": 0.9, "b": 0.95}]


def test_an_unknown_run_is_a_sentence_and_exit_code_2(artifacts: Path) -> None:
    for arguments in (("show", "2025"), ("compare", "latest", "2024-01")):
        refused = call(artifacts, *arguments)
        assert refused.exit_code == 2
        assert refused.stderr.startswith("Error: ")
        assert "Traceback" not in refused.stderr


def test_an_empty_folder_is_no_error(tmp_path: Path) -> None:
    assert call(tmp_path, "runs").stdout.startswith("0 runs in")
    assert asked(tmp_path, "runs") == []
    assert list(tmp_path.iterdir()) == []


def test_the_rows_of_the_choice_have_a_column(artifacts: Path) -> None:
    def add_validation(content: dict[str, Any], score: float) -> None:
        content["best"] |= {"chosen_on": "validation", "metric": "f1"}
        content["variants"][0]["metrics"]["validation"] = {"f1": score, "roc_auc": 0.5}

    for run_id, score in ((FIRST, 0.71), (SECOND, 0.72)):
        path = artifacts / "runs" / run_id / "run.json"
        edit_json(path, lambda content, score=score: add_validation(content, score))
    page = call(artifacts, "show", "latest").stdout
    assert "on the test rows, chosen on the validation rows by F1" in page
    assert "validation F1" in page
    assert "0.7200" in page
    text = call(artifacts, "compare", FIRST, SECOND).stdout
    assert "validation F1" in text
    assert "0.7100 → 0.7200" in text


def test_a_run_in_which_nothing_learned_says_so(artifacts: Path) -> None:
    assert "learned" not in call(artifacts, "show", "latest").stdout.splitlines()[2]
    path = artifacts / "runs" / SECOND / "run.json"
    edit_json(path, lambda content: content.update(learned=False))
    assert "no variant beats the majority class" in call(artifacts, "show", "latest").stdout
