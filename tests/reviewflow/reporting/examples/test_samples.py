"""The reviews to show are drawn by the seed, from labelled training rows alone."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from reviewflow.reporting.examples.samples import sample_reviews


def test_a_review_of_each_class_is_drawn_by_the_seed(tmp_path: Path) -> None:
    folders = {name: [tmp_path / name / str(p) for p in (0, 1)] for name in ("r", "s", "t")}
    for part in (0, 1):
        for name in folders:
            folders[name][part].mkdir(parents=True)
        texts = [f"part {part} row {row}" for row in range(50)]
        labels = pa.array([None if row == 0 else row % 2 for row in range(50)], pa.int8())
        sides = pa.array(["test" if row > 40 else "train" for row in range(50)])
        tokens = [text.split() for text in texts]
        files = {"r": "reviews", "s": "split", "t": "tokens"}
        tables = (
            {"text": texts, "label": labels},
            {"split": sides.dictionary_encode()},
            {"tokens": tokens},
        )
        for (name, file), columns in zip(files.items(), tables, strict=True):
            pq.write_table(pa.table(columns), folders[name][part] / f"{file}.parquet")

    def texts_of(seed: int) -> list[str]:
        samples = sample_reviews(*folders.values(), ("negative", "positive"), seed)
        assert [one["label"] for one in samples] == ["negative", "positive"]
        for one in samples:
            row = int(one["text"].split()[-1])
            assert 0 < row <= 40, "a labelled training row"
            assert row % 2 == (one["label"] == "positive")
            assert one["tokens"] == one["text"].split()
        return [one["text"] for one in samples]

    assert texts_of(1) == texts_of(1)
    texts = [text for seed in range(40) for text in texts_of(seed)]
    assert len(set(texts)) > 25
    assert {text.split()[1] for text in texts} == {"0", "1"}
