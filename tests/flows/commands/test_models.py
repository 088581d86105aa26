"""``reviewflow models`` as a person and a script see it."""

from pathlib import Path

import pytest

from reviewflow.models.registry import Registry
from tests.flows.commands.invoke import asked, call


@pytest.fixture
def two(tmp_path: Path) -> Path:
    registry = Registry(tmp_path / "models")
    for letter in "ab":
        card = tmp_path / "README.md"
        card.write_text(f"# Card of {letter}\n")
        gate = {"promoted": letter == "a", "reason": f"why {letter}."}
        registry.add("imdb", [card], letter * 64, {"run_id": letter, "gate": gate})
    registry.promote("imdb", "a", "gate")
    return tmp_path


def test_ls_says_which_is_the_champion_and_what_the_gate_said(two: Path) -> None:
    lines = call(two, "models", "ls").stdout.splitlines()
    assert lines[0].split() == ["model", "key", "age", "size", "gate"]
    assert "bbbbbbbbbbbb" in lines[1]
    assert lines[1].endswith("why b.")
    assert ["champion" in line for line in lines[1:3]] == [False, True]
    assert lines[-1] == f"2 versions in {two / 'models'}."
    first, second = asked(two, "models", "ls")
    assert (first["version"], first["current"], second["current"]) == ("b" * 12, False, True)


def test_ls_says_why_the_champion_is_one(two: Path) -> None:
    call(two, "models", "promote", "imdb", "b")
    lines = call(two, "models", "ls").stdout.splitlines()
    assert lines[1].endswith("promoted by hand")
    assert lines[2].endswith("why a.")


def test_an_empty_name_and_a_version_that_is_not_there(two: Path) -> None:
    assert "The name of a model is empty" in call(two, "models", "show", "").stderr
    assert "`reviewflow models ls` lists" in call(two, "models", "show", "imdb", "zz").stderr


def test_show_prints_the_card_and_the_moves(two: Path) -> None:
    shown = call(two, "models", "show", "imdb").stdout
    assert shown.startswith("# Card of a\n")
    assert "aaaaaaaaaaaa: gate" in shown
    assert asked(two, "models", "show", "imdb", "b")["changes"] == []


def test_promote_rollback_and_rm(two: Path) -> None:
    assert call(two, "models", "promote", "imdb", "b").stdout.startswith("bbbbbbbbbbbb is the ch")
    assert "already" in call(two, "models", "promote", "imdb", "b").stdout
    refused = call(two, "models", "rm", "imdb", "bb")
    assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)
    assert "again, in place of bbbb" in call(two, "models", "rollback", "imdb").stdout
    assert call(two, "models", "rm", "imdb", "b").stdout == "Removed bbbbbbbbbbbb of imdb.\n"
    assert [each["version"] for each in asked(two, "models", "ls")] == ["a" * 12]


def test_an_empty_folder_and_an_unknown_name(tmp_path: Path) -> None:
    assert call(tmp_path, "models", "ls").stdout.startswith("0 versions in")
    unknown = call(tmp_path, "models", "show", "imdb")
    assert unknown.exit_code == 2
    assert "No model called imdb was published" in unknown.stderr
    assert list(tmp_path.iterdir()) == []
