"""Machine code of compiled functions: where it is kept, and what becomes of damaged code."""

import os
import sys
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from reviewflow.store import compiled_code
from reviewflow.store.compiled_code import (
    FOLDER_VARIABLE,
    call_compiled,
    is_writable,
    keep_compiled_code,
    remove_damaged_code,
)

SOURCE = """
from numba import njit

@njit(cache=True)
def doubled(x):
    return 2 * x

@njit(cache=True)
def tripled(x):
    return x + doubled(x)

@njit
def failing(x):
    raise ValueError("its own")
"""


def import_anew(path: Path) -> Any:
    """Import a file as another process would: without what is in memory."""
    spec = spec_from_file_location("compiled_example", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a compiled function whose machine code is kept."""
    path = tmp_path_factory.mktemp("compiled") / "compiled_example.py"
    path.write_text(SOURCE)
    assert import_anew(path).doubled(4) == 8
    return path


def kept(source: Path, ending: str) -> Path:
    """The only file of an ending beside a source file."""
    (path,) = source.parent.glob(f"__pycache__/*doubled*{ending}")
    return path


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "short": lambda content: content[: len(content) // 2],
    "garbled": lambda content: b"\x00garbled" + content,
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("ending", [".nbi", ".nbc"])
def test_damaged_code_is_removed_and_made_again(ending: str, damage: str, source: Path) -> None:
    path = kept(source, ending)
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    module = import_anew(source)
    with pytest.raises(Exception) as raised:  # noqa: PT011
        module.doubled(4)
    assert remove_damaged_code(raised.value)
    assert not list(source.parent.glob("__pycache__/*doubled*.nbi"))
    assert module.doubled(4) == 8
    again = import_anew(source)
    assert again.doubled(4) == 8
    assert list(again.doubled.stats.cache_hits.values()) == [1]


def test_one_damage_removes_the_code_of_the_whole_file(source: Path) -> None:
    assert import_anew(source).tripled(4) == 12
    indexes = list(source.parent.glob("__pycache__/*.nbi"))
    assert len(indexes) == 2
    for path in indexes:
        path.write_bytes(b"")
    module = import_anew(source)
    with pytest.raises(EOFError) as raised:
        module.tripled(4)
    assert remove_damaged_code(raised.value)
    assert module.tripled(4) == 12


def test_other_errors_are_none_of_its(source: Path) -> None:
    for error, fails in (
        (ValueError, lambda: import_anew(source).failing(1)),
        (ZeroDivisionError, lambda: 1 // 0),
    ):
        with pytest.raises(error) as raised:
            fails()
        assert not remove_damaged_code(raised.value)
    assert kept(source, ".nbi").exists()


def test_a_call_is_made_again_for_each_damaged_file(monkeypatch: pytest.MonkeyPatch) -> None:
    damages, calls = [EOFError("one"), EOFError("two")], []

    def call() -> int:
        calls.append(1)
        if len(calls) <= len(damages):
            raise damages[len(calls) - 1]
        return 7

    with pytest.raises(EOFError, match="one"):
        call_compiled(call)
    calls.clear()
    monkeypatch.setattr(compiled_code, "remove_damaged_code", lambda error: error in damages)
    assert call_compiled(call) == 7
    assert len(calls) == 3


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with a compiled file, before Numba is imported."""
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    monkeypatch.delitem(sys.modules, "numba", raising=False)
    folder = tmp_path / "package" / "text"
    folder.mkdir(parents=True)
    (folder / "compiled_scan.py").touch()
    return folder.parent


def test_code_stays_beside_a_package_that_can_be_written(package: Path, tmp_path: Path) -> None:
    assert is_writable(package)
    keep_compiled_code(tmp_path, package)
    assert FOLDER_VARIABLE not in os.environ


def test_code_is_kept_with_the_artifacts_where_the_package_is_read_only(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    asked = []

    def refuse(path: Path, mode: int) -> bool:
        asked.append(path)
        return False

    monkeypatch.setattr(compiled_code.os, "access", refuse)
    keep_compiled_code(Path("artifacts"), package)
    assert os.environ.pop(FOLDER_VARIABLE) == str(tmp_path / "artifacts" / "compiled")
    (package / "text" / "__pycache__").mkdir()
    assert not is_writable(package)
    assert asked == [package / "text", package / "text" / "__pycache__"]
    monkeypatch.setenv(FOLDER_VARIABLE, "/mine")
    keep_compiled_code(tmp_path, package)
    assert os.environ[FOLDER_VARIABLE] == "/mine"
