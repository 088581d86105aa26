"""A copy of the project with a small job in it, which a mutation may do with as it likes.

folder/reviewflow, configs, tests/mutation   the copy
       job.yaml, reviews.csv                 the job: 300 short reviews, one epoch
       artifacts/                            what it gives undisturbed
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
    """Copy the project into an empty folder and put the small job beside it."""
    from tests.conftest import write_config, write_reviews

    for name in ("reviewflow", "configs", "tests/mutation"):
        shutil.copytree(ROOT / name, folder / name, ignore=LEAVE_OUT)
    shutil.copy(ROOT / "tests" / "__init__.py", folder / "tests")
    write_reviews(folder / "reviews.csv", shortened(reviews))
    write_config(folder / "job.yaml", small_job(folder))


def shortened(reviews: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Short texts (compiled code runs uncompiled here), among them what is seldom met."""
    short = [(text[:CHARACTERS], label) for text, label in reviews[:ROWS]]
    short[7] = ("Not <b>quite</b> 2 good<br />films &amp; 15 bad ones, naïve café", "positive")
    short[50] = ("neither good nor bad", "neutral")
    short[90] = ("a review that nobody has judged", "")
    return short


def small_job(folder: Path) -> dict[str, Any]:
    """The content of the job's configuration: variants that together use most settings."""
    suites = folder / "configs" / "expectations"
    return {
        "ingest": {"path": str(folder / "reviews.csv"), "other_labels": "drop"},
        "validate": {name: str(suites / f"{name}.yaml") for name in ("reviews", "features")},
        "vectorize": {"max_features": 60},
        "train": {"hidden": [4, 3], "epochs": 1, "learning_rate": 0.1, "device": "cpu"},
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
    """The modules of the copy, by dotted name."""
    found = {}
    for path in sorted((folder / "reviewflow").rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@contextmanager
def replaced(path: Path, source: str) -> Iterator[None]:
    """Another source in a file for a while; its compiled form and its dates come back as well."""
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
