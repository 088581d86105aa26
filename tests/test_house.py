"""The house is in order: rooms, layers and names are what the docs say."""

import ast
import re
from collections import defaultdict

import pytest

from reviewflow.jobs.moons import MOONS
from reviewflow.jobs.sentiment import SENTIMENT
from tests.conftest import ROOT

PACKAGES = ("flows", "reviewflow", "tasks")
MODULES = tuple(
    path.relative_to(ROOT)
    for name in PACKAGES
    for path in sorted((ROOT / name).rglob("*.py"))
    if path.name != "__init__.py"
)
ENGINE = ("callgraph", "pipeline", "store")  # runs reads fields of run.json, which share words
ROW = re.compile(r"^\| `([a-z_/]+)/` \| [^|]+ \| ([^|]+) \|$", re.MULTILINE)
CHANGES = ROOT / "docs" / "changing_things.md"
FILES = re.compile(r"^\| `([a-z_/.]+)` \|", re.MULTILINE)

THE_MOONS = "the two moons' NumPy network beside the PyTorch one"
COMPILED = "compiled code may not call into another file"
NAMES_IN_TWO_MODULES = {
    "Index": "the engine's protocol and the reviews' class",
    "Network": "a section of moons.yaml and the PyTorch model",
    "distinct_units": THE_MOONS,
    "fetch": "the command's name and the function that it calls",
    "load_network": THE_MOONS,
    "logit_deltas": COMPILED,
    "loss_lines": THE_MOONS,
    "main": "the entry of a process",
    "moons": "the command's name and the flow's",
    "normal_cdf": COMPILED,
    "read_history": THE_MOONS,
    "ls": "a command of models and one of store",
    "read_run": "the public function, and the one that it calls",
    "save_network": THE_MOONS,
    "score": "the command's name and the flow's",
    "show": "a command, and one of models",
    "tanh": COMPILED,
    "train_network": THE_MOONS,
}
FILES_IN_TWO_FOLDERS = {
    "data": "the points of the two moons, and the command",
    "errors": "the tree of errors, and how the command line shows one",
    "locks": "those of the store, and those of Prefect's server",
    "moons": "the job, its tasks and its flow",
    "normalize": "texts, and source code",
    "score": "the flow, its task and its command",
    "sentiment": "the job, its configuration and its flow",
    "stage": "the engine's stage, its task, and the report's own two",
    "tokens": "a text's, and a part's as arrays",
    "train": "the stage and its task",
    "trend": "a configuration's figures over its runs, and the command",
    "ui": "Prefect's UI, and the command",
}

TESTS_OF_SEVERAL_MODULES = frozenset(
    {
        "reviewflow/reporting/test_accessibility.py",
        "flows/prefect_server/test_browser.py",
        "flows/prefect_server/test_chain.py",
        "flows/prefect_server/test_schedule.py",
        "flows/test_prefect_yaml.py",
        "flows/test_score_faults.py",
        "flows/test_users_card.py",
        "reviewflow/callgraph/test_compiled_code.py",
        "reviewflow/callgraph/test_edits.py",
        "reviewflow/callgraph/test_running.py",
        "reviewflow/features/test_vectorize.py",
        "reviewflow/moons/test_stages.py",
        "reviewflow/networks/test_full_size.py",
        "reviewflow/pipeline/test_plans_come_true.py",
        "reviewflow/quality/test_checks_page.py",
        "reviewflow/reviews/test_formats.py",
        "reviewflow/runs/test_first_version.py",
        "tasks/test_tables.py",
    }
)


def rooms() -> dict[str, set[str]]:
    """Return the modules that docs/architecture.md names, by folder."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    return {folder: set(re.findall(r"`(\w+)`", cell)) for folder, cell in ROW.findall(page)}


def test_the_architecture_names_every_module_in_its_room() -> None:
    there: dict[str, set[str]] = defaultdict(set)
    for path in MODULES:
        folder = path.parent.as_posix()
        room = folder if folder == "reviewflow" else folder.removeprefix("reviewflow/")
        there[room].add(path.stem)
    assert rooms() == there


def test_the_engine_names_no_stage() -> None:
    stages = [stage for job in (SENTIMENT, MOONS) for stage in job.stages]
    names = {name for stage in stages for name in (stage.name, stage.group)}
    assert len(names) > 20
    for path in (path for room in ENGINE for path in (ROOT / "reviewflow" / room).glob("*.py")):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Constant):
                assert node.value not in names, f"{path.name}:{node.lineno}"


@pytest.mark.parametrize("section", CHANGES.read_text(encoding="utf-8").split("\n## ")[1:])
def test_a_change_touches_two_files_at_most_beside_its_test(section: str) -> None:
    files = FILES.findall(section)
    assert 1 <= len(files) <= 2
    named = re.findall(r"`((?:tests|reviewflow|flows|configs)/[\w/]+\.\w+)`", section)
    assert set(files) <= set(named)
    assert any(name.startswith("tests/") for name in named) or "expectation" in section
    for name in named:
        assert (ROOT / name).is_file(), name


def test_no_public_name_has_two_meanings() -> None:
    places: dict[str, set[str]] = defaultdict(set)
    for path in MODULES:
        for node in ast.parse((ROOT / path).read_bytes()).body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
                places[node.name].add(path.as_posix())
    assert {name for name, paths in places.items() if len(paths) > 1} == set(NAMES_IN_TWO_MODULES)


def test_no_file_name_occurs_twice_without_a_reason() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path in MODULES:
        places[path.stem].append(path.as_posix())
    assert {name for name, paths in places.items() if len(paths) > 1} == set(FILES_IN_TWO_FOLDERS)


def test_the_tests_mirror_the_house() -> None:
    tests = ROOT / "tests"
    names = {
        path.relative_to(tests).as_posix()
        for package in PACKAGES
        for path in (tests / package).rglob("test_*.py")
    }
    modules = {path.with_name(f"test_{path.name}").as_posix() for path in MODULES}
    assert names - modules <= TESTS_OF_SEVERAL_MODULES
    folders = {path.parent.as_posix() for path in MODULES}
    assert {folder for folder in folders if not list((tests / folder).glob("test_*.py"))} == set()
