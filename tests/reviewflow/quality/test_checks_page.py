"""docs/checks.md names every column, and its entries can be pasted into a suite."""

import re
from pathlib import Path

import pytest
import yaml

from reviewflow.quality.feature_frames import FEATURE_COLUMNS
from reviewflow.quality.review_frames import REVIEW_COLUMNS
from reviewflow.quality.suites import read_suite
from tests.reviewflow.quality.conftest import SUITES

PAGE = (Path(__file__).parents[3] / "docs" / "checks.md").read_text(encoding="utf-8")
ENTRIES = re.findall(r"```yaml\n(- type.*?)```", PAGE, flags=re.DOTALL)


def test_every_column_of_every_frame_is_described() -> None:
    sections = re.split(r"^### ", PAGE, flags=re.MULTILINE)[1:]
    described: dict[tuple[str, str], set[str]] = {}
    for section in sections:
        heading, _, body = section.partition("\n")
        frame = re.search(r"`(\w+)`", heading)
        assert frame
        cells = re.findall(r"^\| (`.*?) \|", body, flags=re.MULTILINE)
        columns = set(re.findall(r"`(\w+)`", " ".join(cells)))
        for suite in ("reviews", "features"):
            if suite in heading.partition(":")[0].lower():
                described[suite, frame[1]] = columns
    frames = {"reviews": REVIEW_COLUMNS, "features": FEATURE_COLUMNS}
    assert described == {
        (suite, frame): set(columns)
        for suite, by_frame in frames.items()
        for frame, columns in by_frame.items()
    }


def test_every_limit_is_listed_with_its_value_and_severity() -> None:
    listed: dict[str, tuple[str, ...]] = {}
    for row in re.findall(r"^\| (`m.*_.*`) \| ([\d.].*?) \| (.*?) \|", PAGE, flags=re.MULTILINE):
        names, values, severities = (cell.split(", ") for cell in row)
        for place, name in enumerate(names):
            value = values[min(place, len(values) - 1)]
            listed[name.strip("`")] = (value, severities[min(place, len(severities) - 1)])
    shipped = {
        entry.limit.name: (f"{entry.limit.value:g}", entry.severity)
        for name, columns in (("reviews", REVIEW_COLUMNS), ("features", FEATURE_COLUMNS))
        for entry in read_suite(SUITES / f"{name}.yaml", columns).expectations
        if entry.limit
    }
    assert listed == shipped


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_of_the_page_can_be_pasted(tmp_path: Path, entry: str) -> None:
    path = tmp_path / "suite.yaml"
    path.write_text(yaml.safe_dump({"name": "pasted", "expectations": yaml.safe_load(entry)}))
    frames = FEATURE_COLUMNS if "suite of the features" in PAGE.split(entry)[0] else REVIEW_COLUMNS
    assert len(read_suite(path, frames).expectations) == 1


def test_frames_have_the_columns_that_suites_may_name() -> None:
    import pyarrow as pa

    from reviewflow.quality.feature_frames import feature_frames, part_figures
    from reviewflow.quality.review_frames import review_frames, source_frame
    from reviewflow.reviews.parts import Index

    reviews = review_frames([], [], lambda part, row: {}, ("a", "b"), False)
    reviews["source"] = source_frame(Index(()))
    empty = pa.table(
        {
            "label": pa.array([], pa.int8()),
            "split": pa.array([], pa.string()),
            "indices": pa.array([], pa.list_(pa.int32())),
            "values": pa.array([], pa.list_(pa.float32())),
        }
    )
    features = feature_frames([part_figures(empty, 2)], ("a", "b"), ("c", "d"))
    assert {name: tuple(frame.table) for name, frame in reviews.items()} == REVIEW_COLUMNS
    assert {name: tuple(frame.table) for name, frame in features.items()} == FEATURE_COLUMNS
