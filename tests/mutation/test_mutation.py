"""No result is stale after any change, and a broken reach shows.

For each change, every step with an equal key runs again on the first inputs, and its bytes are
compared. A crash of the stage's function counts as stale too.
"""

import os
from collections.abc import Iterator

import pytest

from tests.conftest import Reviews
from tests.mutation.changes import Change, changes
from tests.mutation.driver import Worker, tally_changes

SAMPLE = 10
MOST = 3

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def worker(imdb: Reviews, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    started = Worker(tmp_path_factory.mktemp("mutation"), imdb)
    yield started
    started.close()


def sample(found: list[Change], number: int) -> list[Change]:
    """Return changes at equal distances, some from each folder."""
    return [found[len(found) * place // number] for place in range(number)]


def test_changes_reach_every_definition_and_leave_docstrings_alone() -> None:
    source = '"""Doc."""\nK: int = 3\n\ndef f(x: int) -> str:\n    """Doc."""\n    return "a" + x\n'
    made = changes("m", source, 9)
    assert {change.definition for change in made} == {"K", "f"}
    assert not any("Doc" in change.words or "int" in change.words for change in made)
    assert len({change.source for change in made}) == len(made) >= 5
    assert made == changes("m", source, 9)


def test_steps_without_a_change_write_the_same_bytes(worker: Worker) -> None:
    path = worker.paths["reviewflow.errors"]  # every step imports it
    answer = worker.ask("reviewflow.errors", path.read_text(encoding="utf-8"))
    assert answer["stale"] == []
    assert answer["done_again"] == worker.baseline["steps"] > 20


def test_no_result_is_stale_after_a_sample_of_changes(worker: Worker) -> None:
    used = [each for each in worker.changes(1) if each.module in worker.baseline["imported"]]
    tally = tally_changes(worker, sample(used, SAMPLE))
    print(tally)
    assert tally.stale == []
    assert tally.counts["seen"] >= 2


@pytest.mark.parametrize("module", ["reviewflow.text.clean", "reviewflow.evaluation.metrics"])
def test_a_reach_broken_on_purpose_gives_stale_results(worker: Worker, module: str) -> None:
    source = worker.paths[module].read_text(encoding="utf-8")
    asked = sample(changes(module, source, 1), 3)
    assert tally_changes(worker, asked).stale == []
    broken = tally_changes(worker, asked, blind=module)
    print(broken)
    assert broken.stale
    assert broken.counts["stale"]


def shard(setting: str) -> tuple[int, int]:
    """Return the place from 0 and the number of shards of ``MUTATION_SHARD``."""
    place, of = (int(number) for number in setting.split("/"))
    if not 1 <= place <= of:
        raise ValueError(f"MUTATION_SHARD is {setting!r}; write 2/5 for the second of five.")
    return place - 1, of


def test_shards_together_are_all_changes() -> None:
    places = [shard(f"{place}/5") for place in range(1, 6)]
    assert sorted(n for place, of in places for n in range(3200)[place::of]) == list(range(3200))
    with pytest.raises(ValueError, match="second of five"):
        shard("6/5")


@pytest.mark.timeout(3 * 3600)
def test_no_result_is_stale_after_any_change(worker: Worker) -> None:
    place, of = shard(os.environ.get("MUTATION_SHARD", "1/1"))
    tally = tally_changes(worker, worker.changes(MOST)[place::of])
    print(tally)
    assert tally.stale == []
    assert tally.counts["seen"] > 500 / of
