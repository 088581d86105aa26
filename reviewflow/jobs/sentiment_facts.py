"""Define facts, resources and seed settings of the sentiment job's stages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reviewflow.errors import ConfigError
from reviewflow.models.model_source import ModelSource
from reviewflow.pipeline.stage import Fact, Resource, Settings
from reviewflow.reporting.lineage import Lineage, variant_numbers
from reviewflow.reviews.parts import Index, index_text
from reviewflow.reviews.split import Position, split_position
from reviewflow.store.hashing import digest_of
from reviewflow.text.wordnet import wordnet_digest

if TYPE_CHECKING:
    from reviewflow.pipeline.graph import Node


def part_position(node: Node, part: int | None, index: Index) -> Position | None:
    """Return the position of a part, if its split depends on it."""
    return None if part is None else split_position(index, part, node.config.settings("split"))


def is_split_given(node: Node, part: int | None, index: Index) -> bool:
    """Return whether the files decide the split.

    A test file, a column or groups may put copies of a text in two splits.
    """
    config = node.config
    has_column = config.settings("split.method") == "column"
    has_groups = config.settings("ingest.group_column") is not None
    return index.has_test_file or has_column or has_groups


def models_lineage(report: Node, part: int | None, index: Index) -> tuple[Lineage, ...]:
    """Return each model's variant and the artifacts that it was made from.

    All are numbers: positions in what the report reads.
    """
    read = report.upstream
    numbers = variant_numbers([model.variants[0] for model in read["models"]])
    found = []
    for number, model in zip(numbers, read["models"], strict=True):
        (features,) = model.upstream["features"]
        (tokens,), (vocabulary,) = features.upstream["tokens"], features.upstream["vocabulary"]
        found.append(
            Lineage(
                number,
                read["tokens"].index(tokens),
                read["vocabularies"].index(vocabulary),
                read["features"].index(features),
            )
        )
    return tuple(found)


def model_sources(publish: Node, part: int | None, index: Index) -> tuple[ModelSource, ...]:
    """Return what each model was made from, with the settings of its variant."""
    read = publish.upstream
    numbers = variant_numbers([model.variants[0] for model in read["models"]])
    found = []
    for number, model in zip(numbers, read["models"], strict=True):
        (features,) = model.upstream["features"]
        (vocabulary,) = features.upstream["vocabulary"]
        position = read["vocabularies"].index(vocabulary)
        settings = (features.config.settings(name) for name in ("normalize", "vectorize"))
        found.append(ModelSource(number, position, *settings))
    return tuple(found)


def source_as_json(source: ModelSource) -> list[Any]:
    """Return a model's source as it counts in the key."""
    settings = (source.normalize, source.vectorize)
    return [*source[:2], *(section.model_dump(mode="json") for section in settings)]


def split_identity(publish: Node, part: int | None, index: Index) -> dict[str, Any]:
    """Return what decides which rows are validation rows.

    A random split depends on the number of rows, too.
    """
    split = publish.config.settings("split")
    rows = index.rows if split.method == "random" else None
    group = publish.config.settings("ingest.group_column")
    others = {"group_column": group, "test_file": index.has_test_file, "rows": rows}
    return {**split.model_dump(mode="json"), **others}


def is_published(config: Settings) -> bool:
    """Return whether the best model is published."""
    return bool(config.settings("publish.name"))


def reduces_to_lemmas(config: Settings) -> bool:
    """Return whether words become lemmas, which only WordNet decides."""
    return bool(config.settings("normalize.reduce") == "lemma")


def seed_settings(settings: Mapping[str, Any], seed: int) -> Mapping[str, Any]:
    """Return the training section for one seed of a variant on this machine.

    ``auto`` trains a linear model on the CPU. Its steps are too small for another device.
    """
    train = settings["train"]
    linear = train.device == "auto" and not train.hidden
    device = "cpu" if linear else resolved_device(train.device)
    changes = {"seed": train.seed + seed, "repeats": 1, "device": device}
    return {**settings, "train": train.model_copy(update=changes)}


def has_learning_curve(config: Settings) -> bool:
    """Return whether shares are listed, and a variant is linear."""
    return bool(config.settings("learning_curve.shares")) and not config.settings("train.hidden")


def resolved_device(device: str) -> str:
    """Return ``cpu`` or ``cuda``.

    ``auto`` is CUDA if a device file and a CUDA build are there. It imports nothing, since planning
    must stay quick. Only where ``cuda`` is asked for, PyTorch is asked as well.

    Raises
    ------
    ConfigError : if ``cuda`` is asked for and cannot be used.
    """
    cuda_build = "+cpu" not in version("torch")
    if device == "auto":
        return "cuda" if cuda_build and Path("/dev/nvidia0").exists() else "cpu"
    if device == "cuda" and not (cuda_build and _finds_cuda()):
        why = "finds no CUDA device" if cuda_build else "was built without CUDA"
        raise ConfigError(
            f"train.device is cuda, but PyTorch {why} on this machine; set train.device: cpu, or "
            "auto, which takes CUDA where there is one."
        )
    return device


def _finds_cuda() -> bool:
    from torch.cuda import is_available

    return bool(is_available())


POSITION = Fact("position", "position", part_position, lambda value: value and asdict(value))
INDEX = Fact(
    "index", "rows", lambda node, part, index: index, lambda value: digest_of(index_text(value))
)
GIVEN_SPLIT = Fact("given_split", "kind of split", is_split_given, lambda value: value)
CLASSES = Fact(
    "classes", "classes", lambda node, part, index: len(index.class_names), lambda value: value
)
CLASS_NAMES = Fact("class_names", "class names", lambda node, part, index: index.class_names, list)
LABELS = Fact("labels", "labels", lambda node, part, index: index.labels, dict)
MODEL_SOURCES = Fact(
    "sources", "variants", model_sources, lambda value: [source_as_json(each) for each in value]
)
SPLIT_IDENTITY = Fact("split_identity", "split", split_identity, lambda value: value)
LINEAGE = Fact("lineage", "variants", models_lineage, lambda value: [list(each) for each in value])
ANY_WORDNET = Resource("wordnet", "text/wordnet.zip", wordnet_digest)  # a variant may take lemmas
WORDNET = Resource("wordnet", "text/wordnet.zip", wordnet_digest, reduces_to_lemmas)
