"""Test the stage ``train``: its files, equal bytes, and how it stops."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix

from reviewflow.config.sections import Train
from reviewflow.context import Context
from reviewflow.errors import Cancelled, QualityError
from reviewflow.networks.epoch_blocks import shuffled_rows
from reviewflow.networks.fit import PIECE_SECONDS, fit_network
from reviewflow.networks.model import load_network
from reviewflow.networks.train import train_network
from tests.reviewflow.networks.cases import (
    as_split,
    plain_train,
    random_features,
    write_part,
    write_vocabulary,
)
from tests.reviewflow.networks.conftest import Artifacts

SMALL = plain_train(
    hidden=(12, 6), batch_size=4, epochs=3, log_every=8, learning_rate=0.1, device="cpu"
)


def run(artifacts: Artifacts, folder: Path, settings: Train) -> Path:
    folder.mkdir()
    outcome = train_network(
        features=artifacts.features,
        vocabulary=artifacts.vocabulary,
        train=settings,
        classes=2,
        folder=folder,
        context=Context(),
    )
    assert outcome["rows"] == artifacts.training_rows
    return folder


def digests(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
    }


def small_with(**values: object) -> Train:
    return plain_train(**{**SMALL.model_dump(), **values})


def test_writes_model_and_history(artifacts: Artifacts, tmp_path: Path) -> None:
    folder = run(artifacts, tmp_path / "out", SMALL)
    assert set(digests(folder)) == {"model.safetensors", "model.json", "history.parquet"}
    description = json.loads((folder / "model.json").read_text())
    assert description["terms"] == 50
    assert description["hidden"] == [12, 6]
    assert description["train"]["learning_rate"] == 0.1
    assert "repeats" not in description["train"]
    assert load_network(folder).linear_layers()[0].weight.shape == (12, 50)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_the_same_variant_gives_the_same_bytes_alone_and_side_by_side(
    artifacts: Artifacts, tmp_path: Path, optimizer: str
) -> None:
    settings = [small_with(optimizer=optimizer, activation=a) for a in ("relu", "tanh")]
    alone = [digests(run(artifacts, tmp_path / f"a{n}", s)) for n, s in enumerate(settings)]
    with ThreadPoolExecutor(2) as threads:
        jobs = [
            threads.submit(run, artifacts, tmp_path / f"b{n}", s)
            for n, s in enumerate(settings * 2)
        ]
        beside = [digests(job.result()) for job in jobs]
    assert beside == alone * 2
    assert alone[0] != alone[1]


def test_a_seed_changes_weights_and_nothing_touches_the_shared_generator(
    artifacts: Artifacts, tmp_path: Path
) -> None:
    before = torch.random.get_rng_state()
    one = digests(run(artifacts, tmp_path / "one", SMALL))
    two = digests(run(artifacts, tmp_path / "two", small_with(seed=1)))
    assert one["model.safetensors"] != two["model.safetensors"]
    assert torch.equal(before, torch.random.get_rng_state())


def test_every_epoch_sees_every_row_once_in_another_order() -> None:
    one, two = shuffled_rows(100, 0, 1), shuffled_rows(100, 0, 2)
    assert sorted(one) == sorted(two) == list(range(100))
    assert not np.array_equal(one, two)
    assert not np.array_equal(one, shuffled_rows(100, 1, 1))


def test_a_stop_is_seen_between_two_pieces(artifacts: Artifacts, tmp_path: Path) -> None:
    stop, reports = Event(), []

    def progress(message: str, figures: dict[str, float]) -> None:
        reports.append(figures)
        stop.set()

    with pytest.raises(Cancelled):
        train_network(
            features=artifacts.features,
            vocabulary=artifacts.vocabulary,
            train=SMALL,
            classes=2,
            folder=tmp_path,
            context=Context(progress=progress, stop=stop),
        )
    assert len(reports) == 1
    assert reports[0]["total"] % 3 == 0
    assert PIECE_SECONDS < 0.5


def test_a_diverging_variant_ends_with_a_loss_that_is_not_a_number() -> None:
    X, labels = random_features(60, 40, seed=4)
    for update in ({}, {"optimizer": "adam"}):
        settings = plain_train(
            hidden=(8,), learning_rate=1000, epochs=6, batch_size=4, init="he", device="cpu"
        )
        scaled = csr_matrix(X * np.float32(1e30))
        _, epochs = fit_network(
            as_split(scaled, labels), 40, settings.model_copy(update=update), Context()
        )
        assert len(epochs) == 6
        if not update:
            assert np.isnan(epochs[-1].losses[-1])


def test_no_training_row_is_one_sentence(tmp_path: Path) -> None:
    X, _ = random_features(4, 5, seed=0)
    part = write_part(tmp_path / "part", X, [0, 1, 0, 1], np.zeros(4, np.bool_))
    with pytest.raises(QualityError, match="no row with a label"):
        train_network(
            features=(part,),
            vocabulary=write_vocabulary(tmp_path / "vocabulary", 5),
            train=SMALL,
            classes=2,
            folder=tmp_path,
            context=Context(),
        )


@pytest.mark.parametrize("hidden", [(), (6,)])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_three_classes_are_three_logits_on_disk(
    tmp_path: Path, hidden: tuple[int, ...], optimizer: str
) -> None:
    X, _ = random_features(60, 20, seed=0)
    labels: list[int | None] = [int(row % 3) for row in range(60)]
    part = write_part(tmp_path / "part", X, labels, np.arange(60) < 50)
    settings = plain_train(
        hidden=hidden, optimizer=optimizer, term_scale="naive_bayes", device="cpu"
    )
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
        train_network(
            features=(part,),
            vocabulary=write_vocabulary(tmp_path / f"vocabulary {folder.name}", 20),
            train=settings,
            classes=3,
            folder=folder,
            context=Context(),
        )
    assert digests(folders[0]) == digests(folders[1])
    assert json.loads((folders[0] / "model.json").read_text())["classes"] == 3
    assert load_network(folders[0]).linear_layers()[-1].weight.shape[0] == 3


def test_early_stopping_without_validation_rows_is_one_sentence(
    artifacts: Artifacts, tmp_path: Path
) -> None:
    with pytest.raises(QualityError, match=r"train\.early_stopping .* are missing"):
        run(artifacts, tmp_path / "out", small_with(early_stopping={"patience": 1}))
