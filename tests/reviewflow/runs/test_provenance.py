"""A run says which commit it comes from, and who started it."""

import os
import pwd
from pathlib import Path

import pytest

from reviewflow.runs.provenance import commit_of, user_name
from tests.conftest import ROOT


@pytest.mark.parametrize("where", ["folder", "file"])
def test_the_commit_is_that_of_the_configurations_repository(where: str, tmp_path: Path) -> None:
    path = ROOT if where == "folder" else ROOT / "Makefile"
    commit = commit_of(path)
    assert commit is None or len(commit) == 40
    assert commit_of(tmp_path) is None


def test_the_user_is_that_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    assert user_name() == pwd.getpwuid(os.getuid()).pw_name
