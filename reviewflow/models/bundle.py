"""Write and read a bundle: a folder that is a whole model.

    bundle.json          settings, network, classes, threshold, figures, profiles, digests of files
    model.safetensors    weights and biases of each layer
    vocabulary.parquet   terms with their idf
    README.md            the model card

Reading needs neither the store nor PyTorch, unpacks nothing and runs nothing of the folder. A file
that is missing, altered or too large is refused, and so is a newer format.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reviewflow.config.sections import Normalize, Vectorize
from reviewflow.errors import ConfigError, InputError, error_line
from reviewflow.models.description import check_entries, check_files, read_settings
from reviewflow.networks.activations import find_activation
from reviewflow.store.files import sha256_of
from reviewflow.store.hashing import digest_of

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

FORMAT = 1
VERSION_CHARACTERS = 12
DESCRIPTION = "bundle.json"
WEIGHTS, VOCABULARY = "model.safetensors", "vocabulary.parquet"
CARD = "README.md"
FILES = (WEIGHTS, VOCABULARY, CARD)
MOST_DESCRIPTION_BYTES = 64 << 20
MOST_FILE_BYTES = 64 << 30
# of the terms, unpacked: words of a language take about ten bytes
LEAST_TERM_LIMIT, MOST_BYTES_A_TERM = 64 << 20, 1 << 10
# token patterns of which no match holds a space, since they have no dot, negation, range or space
NO_SPACES = r"(?:\\[wdbB]|\(\?:|[*+|)\]\[('_A-Za-z]|(?<!\()\?)+"


@dataclass(frozen=True)
class Bundle:
    """A model with all that its predictions depend on.

    Attributes
    ----------
    content : of ``bundle.json``.
    weights : of each layer, float32 (units, inputs), from the input up.
    biases : of each layer, float32 (units,).
    vocabulary : ``term`` string and ``idf`` float64, V rows in code-point order.
    """

    folder: Path
    content: Mapping[str, Any]
    normalize: Normalize
    vectorize: Vectorize
    weights: tuple[NDArray[np.float32], ...]
    biases: tuple[NDArray[np.float32], ...]
    vocabulary: pa.Table

    @property
    def digest(self) -> str:
        """The digest of the whole bundle, hexadecimal."""
        return str(self.content["digest"])

    @property
    def version(self) -> str:
        """The beginning of the digest, by which people call the bundle."""
        return version_of(self.digest)

    @property
    def class_names(self) -> tuple[str, ...]:
        """Label names, from class 0 up."""
        return tuple(self.content["class_names"])

    @property
    def activation(self) -> str:
        """The name of the hidden layers' activation."""
        return str(self.content["network"]["activation"])

    @property
    def threshold(self) -> float:
        """Of two classes, the probability above which a row is of class 1."""
        return float(self.content["threshold"])

    @property
    def idf(self) -> NDArray[np.float64]:
        """Of each term, float64, shape (V,)."""
        import numpy as np

        # Arrow's to_numpy imports pandas, which takes a third of a second
        values = self.vocabulary["idf"].combine_chunks()
        if values.type != "double" or values.null_count:
            raise ValueError("the idf of a term is not a number")
        content = np.frombuffer(values.buffers()[1] or b"", np.float64)
        return content[values.offset : values.offset + len(values)]

    @property
    def files(self) -> tuple[Path, ...]:
        """All files of the bundle."""
        return tuple(self.folder / name for name in (DESCRIPTION, *FILES))


def seal_bundle(folder: Path, content: Mapping[str, Any]) -> None:
    """Write ``bundle.json`` beside the other files, with their digests."""
    files = {
        name: {"bytes": (folder / name).stat().st_size, "sha256": sha256_of(folder / name)}
        for name in FILES
    }
    whole = {"format": FORMAT, **content, "files": files}
    sealed = {**whole, "digest": digest_of(json.loads(json.dumps(whole)))}
    text = json.dumps(sealed, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    (folder / DESCRIPTION).write_text(text, encoding="utf-8")


def read_bundle(folder: Path) -> Bundle:
    """Return a bundle that is whole.

    Raises
    ------
    InputError
        If it is not, or of a newer format.
    """
    content = _read_description(folder)
    for name in FILES:
        _check_file(folder / name, content["files"][name])
    try:
        check_entries(content)
        normalize, vectorize = read_settings(content)
        weights, biases = _read_weights(folder / WEIGHTS)
        vocabulary = _read_vocabulary(folder / VOCABULARY, weights[0].shape[1])
        _check_order(vocabulary, normalize, vectorize)
        bundle = Bundle(folder, content, normalize, vectorize, weights, biases, vocabulary)
        _check_shapes(bundle)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, ConfigError) as error:
        raise _unusable(folder, error_line(error)) from None
    return bundle


def version_of(digest: str) -> str:
    """Return what people call the bundle of a digest."""
    return digest[:VERSION_CHARACTERS]


def read_version(folder: Path) -> str:
    """Return what people call a bundle, by ``bundle.json`` alone.

    Raises
    ------
    InputError
        If that file was changed, or is of a newer format.
    """
    return version_of(_read_description(folder)["digest"])


def _read_description(folder: Path) -> dict[str, Any]:
    """Return the content of ``bundle.json``, if nobody changed it."""
    path = folder / DESCRIPTION
    try:
        if path.stat().st_size > MOST_DESCRIPTION_BYTES:
            raise _unusable(folder, f"{DESCRIPTION} is larger than any is")
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        own, number = _seal_of(content)
    except FileNotFoundError:
        raise InputError(
            f"{folder} is not a model: it has no {DESCRIPTION}; name a folder that "
            "`reviewflow models ls --json` lists."
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise _unusable(folder, f"{DESCRIPTION}: {error_line(error)}") from None
    if number > FORMAT:
        raise InputError(
            f"The model in {folder} has format {number}, and this version of reviewflow reads "
            f"formats up to {FORMAT}; install a newer one."
        )
    if own != digest_of(content) or set(content["files"]) != set(FILES):
        raise _unusable(folder, f"{DESCRIPTION} was changed")
    try:
        check_files(content["files"], FILES)
    except ValueError as error:
        raise _unusable(folder, error_line(error)) from None
    return {**content, "digest": own}


def _seal_of(content: Any) -> tuple[str, int]:
    """Return digest, which is taken out, and format of a description."""
    if not isinstance(content, dict):
        raise ValueError("it is not an object")
    for name, kind in (("digest", str), ("format", int), ("files", dict)):
        if name not in content:
            raise ValueError(f"it has no entry {name}")
        if not isinstance(content[name], kind):
            raise ValueError(f"its entry {name} is of another kind")
    return content.pop("digest"), content["format"]


def _check_file(path: Path, entry: Mapping[str, Any]) -> None:
    """Raise InputError unless a file is the one that was published."""
    try:
        size = path.stat().st_size
    except OSError:
        raise _unusable(path.parent, f"{path.name} is missing") from None
    if size != entry["bytes"] or size > MOST_FILE_BYTES:
        raise _unusable(path.parent, f"{path.name} has {size:,} of {entry['bytes']:,} bytes")
    if sha256_of(path) != entry["sha256"]:
        raise _unusable(path.parent, f"{path.name} was changed")


def _read_weights(
    path: Path,
) -> tuple[tuple[NDArray[np.float32], ...], tuple[NDArray[np.float32], ...]]:
    """Return weights and biases of the layers, as PyTorch names them."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        arrays = load_file(path)
    except SafetensorError as error:
        raise ValueError(str(error)) from None
    if any(array.dtype != "float32" for array in arrays.values()):
        raise ValueError("the weights are not float32")
    layers = range(len(arrays) // 2)
    try:
        weights = tuple(arrays[f"layers.{n}.weight"] for n in layers)
        biases = tuple(arrays[f"layers.{n}.bias"] for n in layers)
    except KeyError as error:
        raise ValueError(f"{WEIGHTS} has no array {error}") from None
    if not weights or any(array.ndim != 2 for array in weights):
        raise ValueError(f"{WEIGHTS} has no layers of weights")
    return weights, biases


def _read_vocabulary(path: Path, terms: int) -> pa.Table:
    """Return the vocabulary, if it has as many terms as it should.

    Equal terms stay packed until their lengths are known: a file of some kilobytes can unpack to
    gigabytes.
    """
    from pyarrow import parquet

    most = max(LEAST_TERM_LIMIT, MOST_BYTES_A_TERM * terms)
    with parquet.ParquetFile(path, read_dictionary=["term"]) as file:
        rows, groups = file.metadata.num_rows, range(file.num_row_groups)
        if rows != terms:
            raise ValueError(f"{VOCABULARY} has {rows:,} terms, and the network {terms:,}")
        if missing := {"term", "idf"} - set(file.schema_arrow.names):
            raise ValueError(f"{VOCABULARY} has no column {min(missing)}")
        if sum(file.metadata.row_group(n).total_byte_size for n in groups) > most:
            raise ValueError(f"{VOCABULARY} unpacks to more than {most:,} bytes")
        table = file.read(["term", "idf"])
    return table.set_column(0, "term", _unpack_terms(table["term"], most)).combine_chunks()


def _unpack_terms(column: pa.ChunkedArray, most: int) -> pa.ChunkedArray:
    """Return terms as texts, if they have no more bytes than allowed."""
    import pyarrow as pa
    from pyarrow import compute

    if column.type != pa.dictionary(pa.int32(), pa.string()) or column.null_count:
        raise ValueError("a term is not a text")
    length = 0
    for chunk in column.chunks:
        lengths = compute.binary_length(chunk.dictionary).take(chunk.indices)
        length += compute.sum(lengths.cast("int64")).as_py() or 0
    if length > most:
        raise ValueError(f"{VOCABULARY} unpacks to more than {most:,} bytes")
    return column.cast(pa.string())


def _check_order(vocabulary: pa.Table, normalize: Normalize, vectorize: Vectorize) -> None:
    """Raise ValueError unless the terms are in the order of publishing.

    Of tokens with spaces that are joined by spaces the order is another one, so it is not checked.
    """
    from pyarrow import compute

    is_joined = vectorize.analyzer == "word" and vectorize.ngram_range[1] > 1
    if is_joined and re.fullmatch(NO_SPACES, normalize.token_pattern) is None:
        return
    terms = vocabulary["term"].combine_chunks()
    if compute.any(compute.greater(terms[:-1], terms[1:])).as_py():
        raise ValueError(f"the terms of {VOCABULARY} are not in code-point order")


def _check_shapes(bundle: Bundle) -> None:
    """Raise ValueError unless the layers fit the vocabulary and the classes."""
    import numpy as np

    find_activation(bundle.activation)
    if not 0 <= bundle.threshold <= 1:
        raise ValueError("the threshold is not a probability")
    if len(set(bundle.class_names)) < 2:
        raise ValueError("it has no two classes")
    classes, network = len(bundle.class_names), bundle.content["network"]
    outputs = 1 if classes == 2 else classes
    sizes = [len(bundle.vocabulary), *network["hidden"], outputs]
    shapes = [weights.shape for weights in bundle.weights]
    if shapes != [(units, inputs) for inputs, units in pairwise(sizes)]:
        raise ValueError("the weights do not fit the network")
    if [biases.shape for biases in bundle.biases] != [(units,) for units in sizes[1:]]:
        raise ValueError("the biases do not fit the network")
    every: list[NDArray[Any]] = [*bundle.weights, *bundle.biases, bundle.idf]
    for numbers in every:
        if not np.isfinite(numbers).all():
            raise ValueError("a weight is not a finite number")


def _unusable(folder: Path, why: str) -> InputError:
    return InputError(
        f"The model in {folder} cannot be used ({why}); publish it again, or take another version."
    )
