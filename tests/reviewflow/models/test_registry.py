"""Versions that never change, and a link that moves in one step."""

import multiprocessing
import os
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from hypothesis.strategies import sampled_from

from reviewflow.errors import StoreError, UsageError
from reviewflow.models.registry import CURRENT, Registry


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "models")


def add(registry: Registry, tmp_path: Path, letter: str, name: str = "imdb") -> str:
    bundle = tmp_path / f"bundle-{letter}"
    bundle.mkdir(exist_ok=True)
    (bundle / "bundle.json").write_text(letter)
    (bundle / "weights").write_bytes(letter.encode() * 1000)
    files = sorted(bundle.iterdir())
    return registry.add(name, files, letter * 64, {"run_id": f"run-{letter}"}).version


def test_a_version_is_a_copy_that_says_when_and_by_which_run(
    registry: Registry, tmp_path: Path
) -> None:
    version = add(registry, tmp_path, "a")
    (tmp_path / "bundle-a" / "weights").unlink()
    found = registry.find("imdb", version[:3])
    assert (found.folder / "weights").read_bytes() == b"a" * 1000
    assert found.published["run_id"] == "run-a"
    assert found.published["published"] < "2100"
    assert not found.is_current
    assert registry.names() == ["imdb"]


def test_the_same_bundle_is_published_once(registry: Registry, tmp_path: Path) -> None:
    first = add(registry, tmp_path, "a")
    stamp = registry.find("imdb", first).published["published"]
    assert add(registry, tmp_path, "a") == first
    (only,) = registry.versions("imdb")
    assert only.published["published"] == stamp


def test_current_moves_and_goes_back_step_by_step(registry: Registry, tmp_path: Path) -> None:
    versions = [add(registry, tmp_path, letter) for letter in "abc"]
    for version in (*versions, versions[0], versions[2]):
        registry.promote("imdb", version, "gate")
        assert registry.current("imdb") == version
    seen = [registry.rollback("imdb").version for _ in range(4)]
    assert seen == [versions[0], versions[2], versions[1], versions[0]]
    with pytest.raises(UsageError, match="no other champion"):
        registry.rollback("imdb")
    assert [change["reason"] for change in registry.changes("imdb")][-2:] == ["rollback"] * 2
    assert (registry.folder / "imdb" / CURRENT / "weights").read_bytes() == b"a" * 1000


def test_knows_what_was_rolled_back_until_it_is_promoted(
    registry: Registry, tmp_path: Path
) -> None:
    first, second = [add(registry, tmp_path, letter) for letter in "ab"]
    for version in (first, second):
        registry.promote("imdb", version, "gate")
    assert registry.rolled_back("imdb") == set()
    assert registry.promotion(registry.find("imdb", second)) == "gate"
    registry.rollback("imdb")
    assert registry.rolled_back("imdb") == {second}
    assert registry.promotion(registry.find("imdb", first)) == "rollback"
    assert registry.promotion(registry.find("imdb", second)) is None
    registry.promote("imdb", second, "promoted by hand")
    assert registry.rolled_back("imdb") == set()


def test_a_rollback_passes_over_what_was_removed(registry: Registry, tmp_path: Path) -> None:
    versions = [add(registry, tmp_path, letter) for letter in "abc"]
    for version in versions:
        registry.promote("imdb", version, "gate")
    registry.remove("imdb", versions[1])
    assert registry.rollback("imdb").version == versions[0]


def test_the_champion_stays(registry: Registry, tmp_path: Path) -> None:
    version = add(registry, tmp_path, "a")
    registry.promote("imdb", version, "gate")
    with pytest.raises(UsageError, match="is the champion of imdb; promote another"):
        registry.remove("imdb", version)


def test_an_unknown_model_or_version_is_a_sentence(registry: Registry, tmp_path: Path) -> None:
    for act in (registry.versions, registry.rollback):
        with pytest.raises(UsageError, match="No model called imdb was published"):
            act("imdb")
    assert not registry.folder.exists()
    assert registry.current("imdb") is None
    for letter in "ab":
        add(registry, tmp_path, letter)
    with pytest.raises(UsageError, match="c begins none of the versions of the model imdb"):
        registry.promote("imdb", "c", "by hand")
    with pytest.raises(UsageError, match="there is imdb"):
        registry.versions("films")


def test_a_killed_publication_leaves_nothing(registry: Registry, tmp_path: Path) -> None:
    add(registry, tmp_path, "a")
    left = registry.folder / "imdb" / ".making-x"
    left.mkdir()
    (left / "weights").write_text("half")
    assert [each.version for each in registry.versions("imdb")] == ["a" * 12]
    add(registry, tmp_path, "b")
    assert not left.exists()


def test_a_move_whose_line_is_missing_still_goes_back(registry: Registry, tmp_path: Path) -> None:
    versions = [add(registry, tmp_path, letter) for letter in "ab"]
    registry.promote("imdb", versions[0], "gate")
    os.remove(registry.folder / "imdb" / CURRENT)
    os.symlink(versions[1], registry.folder / "imdb" / CURRENT)
    assert registry.rollback("imdb").version == versions[0]


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file")
    with pytest.raises(StoreError, match="cannot be written"):
        add(Registry(tmp_path / "models"), tmp_path, "a")


def test_many_processes_publish_and_promote_at_once(registry: Registry, tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    workers = [
        context.Process(target=_publish_all, args=(registry, tmp_path / str(n))) for n in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 4
    assert {each.version for each in registry.versions("imdb")} == {c * 12 for c in "abcdef"}
    moves = registry.changes("imdb")
    assert moves[-1]["to"] == registry.current("imdb")
    assert all(before["to"] == after["from"] for before, after in pairwise(moves))


def _publish_all(registry: Registry, tmp_path: Path) -> None:
    tmp_path.mkdir()
    for letter in "abcdef":
        registry.promote("imdb", add(registry, tmp_path, letter), "gate")


class Moves(RuleBasedStateMachine):
    """The registry beside a list of champions."""

    folder: Path

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(self.folder) / os.urandom(8).hex()
        self.root.mkdir()
        self.registry, self.champions = Registry(self.root / "models"), []  # type: ignore[var-annotated]
        for letter in "abc":
            add(self.registry, self.root, letter)

    @rule(letter=sampled_from("abc"))
    def promote(self, letter: str) -> None:
        self.registry.promote("imdb", letter, "gate")
        if self.champions[-1:] != [letter * 12]:
            self.champions.append(letter * 12)

    @precondition(lambda self: len(self.champions) > 1)
    @rule()
    def rollback(self) -> None:
        self.champions.pop()
        assert self.registry.rollback("imdb").version == self.champions[-1]

    @invariant()
    def current_is_the_last_champion(self) -> None:
        assert self.registry.current("imdb") == (self.champions[-1:] or [None])[0]


def test_any_sequence_of_moves(tmp_path: Path) -> None:
    Moves.folder = tmp_path
    case = Moves.TestCase
    case.settings = settings(max_examples=15, stateful_step_count=12, deadline=None)
    case().runTest()
