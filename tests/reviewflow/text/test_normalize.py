"""The stage normalize: a part in, tokens.parquet out."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import run

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reviewflow.config.sections import Normalize
from reviewflow.context import Context
from reviewflow.errors import Cancelled
from reviewflow.text.normalize import normalize_part, normalize_texts
from tests.reviewflow.text.reviews import as_array, real_reviews


def written(root: Path, texts: list[str | None], settings: Normalize, name: str = "a") -> Path:
    reviews, folder = root / f"reviews-{name}", root / f"tokens-{name}"
    reviews.mkdir()
    folder.mkdir()
    pq.write_table(pa.table({"text": as_array(texts)}), reviews / "reviews.parquet")
    result = normalize_part(reviews=reviews, normalize=settings, folder=folder, context=Context())
    assert result["rows"] == len(texts)
    return folder / "tokens.parquet"


def test_one_row_a_review_and_a_sorted_dictionary(tmp_path: Path) -> None:
    path = written(tmp_path, ["Zebras, zebra!", None, "", "an apple<br />"], Normalize())
    column = pq.read_table(path).column("tokens")
    assert column.type == pa.list_(pa.dictionary(pa.int32(), pa.string()))
    assert column.to_pylist() == [["zebra", "zebra"], [], [], ["an", "apple"]]
    assert column.null_count == 0
    dictionary = column.combine_chunks().values.dictionary.to_pylist()
    assert dictionary == ["an", "apple", "zebra"]


@pytest.mark.parametrize("texts", [[], [None], ["", "..."]])
def test_parts_without_tokens(tmp_path: Path, texts: list[str | None]) -> None:
    path = written(tmp_path, texts, Normalize(numbers="drop"))
    column = pq.read_table(path).column("tokens")
    assert column.type == pa.list_(pa.dictionary(pa.int32(), pa.string()))
    assert column.to_pylist() == [[] for _ in texts]


def test_threads_and_repetition_give_the_same_bytes(tmp_path: Path) -> None:
    texts = list(real_reviews()[:300])
    settings = Normalize(numbers="words", stop_words="english", reduce="stem")
    with ThreadPoolExecutor(4) as executor:
        paths = executor.map(lambda i: written(tmp_path, texts, settings, str(i)), range(6))
        assert len({path.read_bytes() for path in paths}) == 1


def test_a_text_comes_out_alike_alone_and_among_others() -> None:
    texts = [*real_reviews()[:100], "ΟΔΟΣ &amp; İ", "", "caf&eacute;s 12"]
    settings = Normalize(numbers="words")
    together = normalize_texts(as_array(texts), settings).to_pylist()
    assert together == [
        normalize_texts(as_array([text]), settings).to_pylist()[0] for text in texts
    ]


def test_a_stopped_run_does_nothing(tmp_path: Path) -> None:
    context = Context()
    context.stop.set()
    with pytest.raises(Cancelled):
        normalize_part(reviews=tmp_path, normalize=Normalize(), folder=tmp_path, context=context)


def test_lemmas_import_neither_nltk_nor_scikit_learn() -> None:
    program = (
        "import sys, pyarrow as pa\n"
        "from reviewflow.config.sections import Normalize\n"
        "from reviewflow.text.normalize import normalize_texts\n"
        "tokens = normalize_texts(pa.array(['two dogs']), Normalize())\n"
        "assert tokens.to_pylist() == [['two', 'dog']]\n"
        "assert not {'nltk', 'sklearn', 'inflect', 'torch'} & set(sys.modules)\n"
    )
    assert run([sys.executable, "-c", program], check=False).returncode == 0
