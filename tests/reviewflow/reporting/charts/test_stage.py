"""Charts show the right numbers, in bytes that depend on those alone."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from xml.etree import ElementTree

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import roc_auc_score

from reviewflow.context import Context
from reviewflow.errors import Cancelled
from reviewflow.evaluation.selection import Choice
from reviewflow.reporting.charts.stage import draw_charts
from reviewflow.reporting.page.report_data import CHARTS
from tests.reviewflow.reporting.example import TWO, Example, example

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Example:
    return example(tmp_path_factory.mktemp("run"), rows=1200)


def redraw(made: Example, folder: Path) -> dict[str, bytes]:
    folder.mkdir()
    draw_charts(**made.drawing, folder=folder, context=Context())
    return contents(folder)


def contents(folder: Path) -> dict[str, bytes]:
    paths = [*folder.glob("*.svg"), folder / "charts.json"]
    return {path.name: path.read_bytes() for path in sorted(paths)}


def test_bytes_are_the_same_whatever_else_draws(made: Example, tmp_path: Path) -> None:
    import matplotlib

    matplotlib.rcParams.update({"font.size": 40, "axes.edgecolor": "red"})
    try:
        with ThreadPoolExecutor(3) as pool:
            jobs = [pool.submit(redraw, made, tmp_path / str(i)) for i in range(3)]
            results = [job.result() for job in jobs]
        assert matplotlib.rcParams["font.size"] == 40
    finally:
        matplotlib.rcdefaults()
    assert results == [contents(made.charts)] * 3


@pytest.mark.parametrize("name", [name for name in CHARTS if name != "saturated"])
def test_svg_is_well_formed_named_and_self_contained(made: Example, name: str) -> None:
    text = (made.charts / f"{name}.svg").read_text()
    root = ElementTree.fromstring(text)
    assert root.tag == f"{SVG}svg"
    assert root.get("role") == "img"
    labels = (root.get("aria-labelledby") or "").split()
    found = {element.get("id"): element for element in root.iter() if element.get("id")}
    assert all(found[label].text for label in labels)
    assert all(key is not None and key.startswith(f"{name}-") for key in found)
    references = [
        value.rpartition("#")[2].rstrip(")")
        for element in root.iter()
        for key, value in element.attrib.items()
        if key.endswith("href") or "url(" in value
    ]
    assert set(references) <= set(found)
    assert not list(root.iter(f"{SVG}image"))
    assert "<!DOCTYPE" not in text
    assert list(root.iter(f"{SVG}text")), "text stays text"


def test_names_of_variants_are_in_no_chart(made: Example) -> None:
    for content in contents(made.charts).values():
        assert b"relu" not in content
        assert b"tanh" not in content


def test_classes_are_counted_with_missing_labels(tmp_path: Path) -> None:
    review, split, out = tmp_path / "review", tmp_path / "split", tmp_path / "out"
    for folder in (review, split, out):
        folder.mkdir()
    labels = pa.array([0, 1, None, 1, 1, 0], pa.int8())
    sides = pa.array(["train", "train", "train", "test", "test", "test"]).dictionary_encode()
    pq.write_table(pa.table({"label": labels}), review / "reviews.parquet")
    pq.write_table(pa.table({"split": sides}), split / "split.parquet")
    result = draw_charts(
        models=(), evaluations=(), variants=(), reviews=(review, review), splits=(split, split),
        class_names=TWO, best=Choice(None, None), folder=out, context=Context(),
    )  # fmt: skip
    assert result == {"rows": 12}
    numbers = json.loads((out / "charts.json").read_text())
    assert numbers["classes"] == {
        "train": {"negative": 2, "positive": 2},
        "test": {"negative": 2, "positive": 4},
    }
    assert numbers["missing"] == {"train": 2, "test": 0}
    assert numbers["best"] is None
    assert sorted(path.name for path in out.iterdir()) == ["charts.json", "classes.svg"]
    texts = [
        "".join(element.itertext())
        for element in ElementTree.parse(out / "classes.svg").iter(f"{SVG}text")
    ]
    assert "train, no label" in texts
    assert "test, no label" not in texts


def test_roc_area_and_confusion_are_those_of_the_test_rows(made: Example) -> None:
    number = json.loads((made.charts / "charts.json").read_text())["best"]
    folder = made.inputs["evaluations"][number]
    rows = pq.read_table(folder / "predictions.parquet").to_pandas()
    test = rows[rows["split"] == "test"]
    area = roc_auc_score(test["label"], test["probability"])
    assert f"test, {area:.3f}" in (made.charts / "roc.svg").read_text()
    both = (test["label"] == 1) & (test["probability"] >= 0.5)
    assert f">{both.sum()}</text>" in (made.charts / "confusion.svg").read_text()


def test_a_diverged_variant_leaves_the_others_readable(made: Example, tmp_path: Path) -> None:
    model, out = tmp_path / "model", tmp_path / "out"
    model.mkdir()
    out.mkdir()
    losses = [0.7, 1e9, float("nan"), float("inf")]
    history = pa.table({"epoch": [1, 2, 3, 4], "kind": ["epoch"] * 4, "loss": losses})
    pq.write_table(history, model / "history.parquet")
    inputs = made.drawing | {"models": (*made.inputs["models"][:-1], model)}
    draw_charts(**inputs, folder=out, context=Context())
    ElementTree.parse(out / "loss.svg")
    numbers = json.loads((out / "charts.json").read_text(), parse_constant=pytest.fail)
    assert numbers["cut_off"] is True
    assert numbers["last_losses"][-1] is None


def test_a_stopped_run_stops_drawing(made: Example, tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Cancelled):
        draw_charts(**made.drawing, folder=tmp_path, context=Context(stop=stop))
