"""Measure the way from the text of 50,000 reviews to TF-IDF features.

The reviews are the 25,000 real ones and the same with words dropped and swapped. The work is to
remove HTML tags, write in lower case, lemmatise, and weigh the 5,000 most frequent terms of all
reviews. Ours are the stages normalize, count, vocabulary and features on two threads, from Parquet
to Parquet, with compiled code ready and no word lemmatised before. One other way is NLTK's
WordNetLemmatizer, word by word under the same rule, with scikit-learn's TfidfVectorizer, from texts
to a matrix in memory. Another is TfidfVectorizer alone on the raw text, which does less. Both sides
load WordNet before the clock starts (NLTK takes seconds for that, ours a tenth of one).
"""

import html
import re
import shutil
import time
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.measuring import Figures, fresh, in_turn, of
from benchmarks.stages import THREADS, part_folders, showcase, vectorize
from benchmarks.table import Row
from benchmarks.workspace import Workspace
from reviewflow.config.sections import Normalize

NAME = r"/?[A-Za-z][A-Za-z0-9:-]*"
TAG = re.compile(rf"<{NAME}>|<{NAME}[ \t\n\r\f\v/][^<>]*>|<[!?][^<>]*>")
TOKEN = re.compile(Normalize().token_pattern)
WORD_BY_WORD = "NLTK word by word + scikit-learn"
ALONE = "TfidfVectorizer alone, raw text"


def rows(space: Workspace) -> list[Row]:
    """Measure seconds and peak memory beside each of the two others."""
    given = {"parts": space.parts, "folder": space.folder / "text_to_features"}
    figures = in_turn(
        space.runs,
        {
            "reviewflow": partial(fresh, stages, **given),
            WORD_BY_WORD: partial(fresh, word_by_word, **given),
            ALONE: partial(fresh, vectorizer_alone, **given),
        },
    )
    return [
        Row(
            f"text to features, {what}",
            unit,
            of(figure, figures["reviewflow"]),
            other,
            of(figure, figures[other]),
        )
        for what, unit, figure in (("time", "s", "seconds"), ("peak memory", "MB", "megabytes"))
        for other in (WORD_BY_WORD, ALONE)
    ]


def stages(parts: str, folder: str) -> Figures:
    """Measure our stages.

    ``entries`` is the number of non-zero values, as on the other sides.
    """
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    from reviewflow.text.base_forms import lemma
    from reviewflow.text.wordnet import part_of_speech

    folders, target = part_folders(Path(parts)), Path(folder)
    normalize, terms = showcase().normalize, showcase().vectorize
    shutil.rmtree(target, ignore_errors=True)
    with ThreadPoolExecutor(THREADS) as executor:
        # Load or compile the code without lemmatising a word.
        vectorize(folders[:1], target / "warm", Normalize(reduce="none"), executor, terms)
        part_of_speech("noun"), part_of_speech("verb")
        assert not lemma.cache_info().currsize
        started = time.perf_counter()
        vectorize(folders, target / "timed", normalize, executor, terms)
        seconds = time.perf_counter() - started
    written = [target / "timed" / part.name / "features.parquet" for part in folders]
    entries = sum(len(pc.list_flatten(pq.read_table(path)["values"])) for path in written)
    return {"seconds": seconds, "entries": entries}


def word_by_word(parts: str, folder: str) -> Figures:
    """Measure NLTK, which lemmatises every token however often it occurs."""
    lemma = nltk_lemma(Path(folder).with_name("nltk_data"))

    def lemmas(text: str) -> list[str]:
        plain = html.unescape(TAG.sub(" ", text.lower())).lower()
        return [lemma(token) for token in TOKEN.findall(plain)]

    return time_fit_transform(parts, analyzer=lemmas)


def vectorizer_alone(parts: str, folder: str) -> Figures:
    """Measure TfidfVectorizer with its defaults."""
    return time_fit_transform(parts)


def time_fit_transform(parts: str, **options: Any) -> Figures:
    """Measure scikit-learn's vectoriser on the texts of all parts."""
    import pyarrow.parquet as pq
    from sklearn.feature_extraction.text import TfidfVectorizer

    tables = [pq.read_table(part / "reviews.parquet") for part in part_folders(Path(parts))]
    texts = [text for table in tables for text in table["text"].to_pylist()]
    started = time.perf_counter()
    X = TfidfVectorizer(max_features=showcase().vectorize.max_features, **options).fit_transform(
        texts
    )
    return {"seconds": time.perf_counter() - started, "entries": X.nnz}


def nltk_lemma(data: Path) -> Callable[[str], str]:
    """Return NLTK's lemmatiser under our rule.

    Stop words stay. Another word is reduced as a noun, or else as a verb.
    """
    import nltk
    from nltk.corpus.reader import WordNetCorpusReader
    from nltk.stem import WordNetLemmatizer
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    from reviewflow.text.wordnet import ARCHIVE, FILES

    target = data / "corpora" / "wordnet"  # NLTK reads only below its own data folders
    if not target.exists():
        target.mkdir(parents=True)
        for name in WordNetCorpusReader._FILES:  # it opens more files than it needs here
            (target / name).touch()
        with zipfile.ZipFile(ARCHIVE) as archive:
            archive.extractall(target, FILES)
    nltk.data.path.insert(0, str(data))
    lemmatize = WordNetLemmatizer().lemmatize
    lemmatize("films")  # loads WordNet

    def lemma(word: str) -> str:
        if word in ENGLISH_STOP_WORDS:
            return word
        noun: str = lemmatize(word, "n")
        return noun if noun != word else str(lemmatize(word, "v"))

    return lemma
