"""``reviewflow runs | show`` as a person and a script see them."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from flows.commands.runs import id_length
from tests.flows.commands.conftest import FIRST, HOSTILE, SECOND
from tests.flows.commands.invoke import asked, call
from tests.reviewflow.runs.nightly_runs import write_nightly_runs
from tests.reviewflow.small_store import edit_json

NAMES = st.text(max_size=50) | st.sampled_from(["stars/" * 30, "評価" * 40, "a\nb\x1b[31m"])


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


def test_a_url_is_refused_where_the_runs_are_local() -> None:
    refused = call(Path("s3://bucket/prefix"), "runs")
    assert refused.exit_code == 2
    assert "--artifacts of `reviewflow runs` must be a folder" in refused.stderr


def test_show_describes_one_run_and_escapes_text_from_data(artifacts: Path) -> None:
    page = call(artifacts, "show")
    assert page.exit_code == 0
    for words in (SECOND, "relu, ROC AUC 0.9500", "Variants", "Failed expectations"):
        assert words in page.stdout
    assert "evil␛[31m[red] name⟨U+202E⟩" in page.stdout
    assert "\x1b" not in page.stdout
    assert asked(artifacts, "show", "latest")["quality"]["failures"][0]["asked"] == HOSTILE


def test_latest_names_a_newer_run_that_failed(artifacts: Path) -> None:
    runs = artifacts / "runs"
    newer = SECOND.replace("2024", "2027")
    (runs / newer).mkdir()
    edit = json.loads((runs / SECOND / "run.json").read_text())
    (runs / newer / "run.json").write_text(json.dumps(edit | {"state": "failed"}))
    first, *_ = call(artifacts, "show").stdout.splitlines()
    assert first == f"A newer run failed: `reviewflow show {newer}`."
    assert "A newer" not in call(artifacts, "show", SECOND).stdout
    assert "A newer" not in call(artifacts, "show", newer).stdout
    assert asked(artifacts, "show")["run_id"] == SECOND


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


def test_a_run_in_which_nothing_learned_says_so(artifacts: Path) -> None:
    assert "learned" not in call(artifacts, "show", "latest").stdout.splitlines()[2]
    path = artifacts / "runs" / SECOND / "run.json"
    edit_json(path, lambda content: content.update(learned=False))
    assert "no variant beats the majority class" in call(artifacts, "show", "latest").stdout


@contextmanager
def terminal(width: int, **environment: str) -> Iterator[None]:
    """A terminal of so many columns."""
    with (
        patch("flows.commands.runs.terminal_width", return_value=width),
        patch("flows.commands.fitted_table.terminal_width", return_value=width),
        patch.dict("os.environ", {"TERM": "xterm", **environment}),
    ):
        yield


def without_colour(text: str) -> str:
    return re.sub(r"\x1b\[\d+m", "", text)


def test_changes_are_told_and_coloured_on_a_terminal_only(tmp_path: Path) -> None:
    written = write_nightly_runs(tmp_path / "runs", 30, seed=3)
    assert {content["state"] for content in written} >= {"completed", "failed"}
    piped = call(tmp_path, "runs").stdout
    assert "\x1b" not in piped
    assert written[-1]["run_id"] in piped
    for line in asked(tmp_path, "runs"):
        if abs(line["change"] or 0.0) > 0.0001:
            assert f"{line['change']:+.4f}".replace("-", "−") in piped
    with terminal(80):
        shown = call(tmp_path, "runs").stdout
    assert "\x1b[31mfailed" in shown
    assert "\x1b[32m+0.00" in shown
    with terminal(80, NO_COLOR="1"):
        assert call(tmp_path, "runs").stdout == without_colour(shown)
    with terminal(200):
        assert "cached" in call(tmp_path, "runs").stdout


FOLDERS = count()


@settings(max_examples=20)
@given(name=NAMES, best=NAMES, rows=st.integers(0, 10**12) | NAMES, state=st.text(max_size=30))
def test_80_columns_are_enough_whatever_the_names(
    tmp_path_factory: Any, name: str, best: str, rows: int | str, state: str
) -> None:
    artifacts = tmp_path_factory.getbasetemp() / f"narrow{next(FOLDERS)}"
    for number, own in enumerate(("completed", "failed", state)):
        folder = artifacts / "runs" / f"2024-01-0{number + 1}T00-00-00-{number:06}-aaaaaa"
        folder.mkdir(parents=True)
        content = {
            "job": "sentiment",
            "name": name,
            "state": own,
            "started": f"2024-01-0{number + 1}T00:00:00+00:00",
            "seconds": 7325.0,
            "data": {"rows": rows},
            "best": {"variant": best},
            "variants": [{"name": best, "metrics": {"test": {"roc_auc": 0.9 + number / 50}}}],
        }
        (folder / "run.json").write_text(json.dumps(content), encoding="utf-8")
    with terminal(80):
        answer = call(artifacts, "runs")
    assert answer.exit_code == 0
    header, *lines, _ = without_colour(answer.stdout).splitlines()
    assert len(lines) == 3
    assert header.split()[-1] == "Δ"
    for line in (header, *lines):
        assert cell_len(line) <= 80
    shown = [line.split()[0] for line in lines]
    assert shown == ["2024-01-03T00-00", "2024-01-02T00-00", "2024-01-01T00-00"]
    for short in shown:
        assert call(artifacts, "show", short).exit_code == 0


def test_ids_are_as_short_as_they_can_be() -> None:
    nights = ["2024-01-01T04-30-00-123456-aaaaaa", "2024-01-02T04-30-00-123456-aaaaaa"]
    assert id_length(nights) == 16
    assert id_length([*nights, "2024-01-02T04-30-10-123456-aaaaaa"]) == 19
    assert id_length([*nights, "2024-01-02T04-30-00-123457-aaaaaa"]) == 26
    assert id_length([*nights, "2024-01-02T04-30-00-123456-aaaaab"]) == 33
    assert id_length([nights[0], f"{nights[0]}-copy"]) is None
