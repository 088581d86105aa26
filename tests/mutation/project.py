"""Copy the project with a small job, for mutations to change.

folder/reviewflow, configs, tests/mutation   the copy
       job.yaml, reviews.csv                 the job: 300 short reviews, one epoch
       artifacts/                            its artifacts without a change
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
ROWS = 300
CHARACTERS = 160
LEAVE_OUT = shutil.ignore_patterns("__pycache__")


def set_up(folder: Path, reviews: list[tuple[str, str]]) -> None:
    """Copy the project and the small job into an empty folder."""
    from tests.conftest import write_config, write_reviews

    for name in ("reviewflow", "configs", "tests/mutation"):
        shutil.copytree(ROOT / name, folder / name, ignore=LEAVE_OUT)
    shutil.copy(ROOT / "tests" / "__init__.py", folder / "tests")
    write_reviews(folder / "reviews.csv", short_reviews(reviews))
    write_config(folder / "job.yaml", small_job(folder))


def short_reviews(reviews: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return short texts, some with rare content (code runs uncompiled here)."""
    short = [(text[:CHARACTERS], label) for text, label in reviews[:ROWS]]
    short[7] = ("Not <b>quite</b> 2 good<br />films &amp; 15 bad ones, naïve café", "positive")
    short[50] = ("neither good nor bad", "neutral")
    short[90] = ("a review without a label", "")
    return short


def small_job(folder: Path) -> dict[str, Any]:
    """Return a configuration whose variants together use most settings."""
    from tests.conftest import SMALL_NETWORK, WORDS

    suites = folder / "configs" / "expectations"
    return {
        "ingest": {"path": str(folder / "reviews.csv"), "other_labels": "drop"},
        "split": {"validation_size": 0.1},
        "publish": {"name": "small"},
        "validate": {name: str(suites / f"{name}.yaml") for name in ("reviews", "features")},
        "vectorize": {**WORDS, "max_features": 60},
        "train": {**SMALL_NETWORK, "hidden": [4, 3]},
        "variants": {
            "plain": {},
            "stems": {
                "normalize.reduce": "stem",
                "normalize.numbers": "words",
                "normalize.stop_words": "english",
                "train.activation": "tanh",
                "train.optimizer": "adam",
                "train.init": "he",
            },
            "pairs": {
                "vectorize.ngram_range": [1, 2],
                "vectorize.sublinear_tf": True,
                "vectorize.norm": "l1",
                "vectorize.min_df": 2,
                "vectorize.fit_on": "all",
                "train.activation": "sigmoid",
                "train.init": "xavier",
            },
        },
    }


def module_paths(folder: Path) -> dict[str, Path]:
    """Return the modules of the copy, by dotted name."""
    found = {}
    for path in sorted((folder / "reviewflow").rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@contextmanager
def replace_source(path: Path, source: str) -> Iterator[None]:
    """Replace a file's source, and restore it with byte code and times."""
    before, status, compiled = path.read_bytes(), path.stat(), Path(cache_from_source(str(path)))
    aside = compiled.with_suffix(".aside")
    if compiled.exists():
        compiled.replace(aside)
    try:
        path.write_text(source, encoding="utf-8")
        yield
    finally:
        path.write_bytes(before)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        if aside.exists():
            aside.replace(compiled)
