"""The report shows all published figures of every run, next to ours."""

from typing import Any

import pytest

from reviewflow.reporting.page.html import html_page
from reviewflow.reporting.page.markdown import markdown_page
from reviewflow.reporting.page.published_view import PublishedTable, published_table
from reviewflow.reporting.page.variant_table import variant_rows
from reviewflow.reporting.reference import read_reference
from tests.conftest import ROOT

FIGURES = ("accuracy", "precision", "recall", "f1")
EIGHT = [(split, name) for split in ("test", "train") for name in FIGURES]


def run(reference: Any, *names: str) -> dict[str, Any]:
    """Return the content of run.json, with figures of three seeds."""
    figures = dict.fromkeys(FIGURES, 0.25)
    metrics = {"train": {**figures, "rows": 8000}, "test": {**figures, "rows": 2000}}
    seeds = [{"metrics": {"test": {"accuracy": value}}} for value in (0.2, 0.25, 0.3)]
    variants = [{"name": name, "metrics": metrics, "repeats": seeds} for name in names]
    return {"variants": variants, "reference": reference}


def table(content: dict[str, Any]) -> PublishedTable:
    found = published_table(content, variant_rows(content))
    assert found is not None
    return found


def test_all_eight_figures_of_both_runs_stand_beside_ours() -> None:
    reference = read_reference(str(ROOT / "configs/reference/write_up.yaml"))
    found = table(run(reference, "relu", "unknown", "tanh"))
    assert [(column.split, column.metric.name) for column in found.columns] == EIGHT
    assert found.groups == (("test", 4), ("training", 4))
    assert [variant.name for variant in found.variants] == ["relu", "tanh"]
    ours, first, second = found.variants[0].lines
    assert (ours.whose, first.whose, second.whose) == (
        "ours, mean of 3 seeds",
        "published",
        "published, again",
    )
    assert set(ours.figures) == {"0.2500"}
    assert ours.spreads[0] == "± 0.0500"
    assert (first.figures[0], second.figures[0]) == ("0.8925", "0.8924")
    assert first.figures[4:] == ("0.9039", "0.8952", "0.9145", "0.9048")
    assert found.note.endswith("Ours: 8,000 training rows and 2,000 test rows.")


def test_page_and_markdown_show_every_published_figure() -> None:
    reference = read_reference(str(ROOT / "configs/reference/write_up.yaml"))
    content = run(reference, *reference["variants"])
    page, text = html_page(content, None), markdown_page(content, None)
    runs = [
        r for n, one in reference["variants"].items() for r in reference["repeats"].get(n, [one])
    ]
    assert len(runs) == 8
    for one in runs:
        for split, name in EIGHT:
            assert f">{one[split][name]:.4f}<" in page
            assert f" {one[split][name]:.4f} |" in text
    assert "Published: Analysis of IMDB comments" in page


@pytest.mark.parametrize("nothing", [None, {}, {"source": "a paper", "variants": {}}])
def test_without_published_figures_there_is_no_table(nothing: Any) -> None:
    content = run(nothing, "relu")
    assert published_table(content, variant_rows(content)) is None
    assert "Published figures" not in html_page(content, None) + markdown_page(content, None)


def test_a_record_of_before_with_one_figure_is_shown() -> None:
    old = {"source": "", "variants": {"relu": {"test": {"accuracy": 0.8925}}}}
    found = table({"variants": [{"name": "relu", "state": "failed"}], "reference": old})
    ours, published = found.variants[0].lines
    assert (ours.whose, ours.figures, published.figures) == ("ours", ("–",), ("0.8925",))
    assert found.note == ""
    source = {**old, "source": "a paper\x1b"}
    assert table(run(source, "relu")).note.startswith("Published: a paper␛.")
