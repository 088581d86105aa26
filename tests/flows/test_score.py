"""Train, gate and score by the real flows, as Prefect sees them."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from pyarrow import parquet

from reviewflow.errors import InputError
from reviewflow.runs.trend import find_subject, read_trend, trend_key
from tests.conftest import Reviews, small_config, write_config
from tests.flows.conftest import TOKEN, listening
from tests.reviewflow.reviews.web_site import Site

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def trained(
    reviews_file: Path, tmp_path_factory: pytest.TempPathFactory, prefect_api_of_module: None
) -> Path:
    """Artifacts of a run that published a model."""
    from flows.parameters import Options
    from flows.sentiment import sentiment

    folder = tmp_path_factory.mktemp("trained")
    content = small_config(reviews_file)
    content["variants"] = {"linear": {"train.hidden": [], "train.epochs": 5}}
    content["vectorize"] = {**content["vectorize"], "max_features": 5000}
    content["publish"] = {"name": "imdb"}
    config = write_config(folder / "job.yaml", content)
    sentiment(config=str(config), options=Options(artifacts=str(folder / "artifacts")))
    return folder / "artifacts"


def run_score(artifacts: Path, source: Path | str, output: Path, **more: Any) -> dict[str, Any]:
    """Run the flow, and return its record."""
    from flows.score import score
    from reviewflow.config.scoring import Score

    settings = {"input": str(source), "output": str(output), "model": "imdb", **more}
    folder = score(settings=Score.model_validate({**settings, "artifacts": str(artifacts)}))
    content: dict[str, Any] = json.loads((Path(folder) / "run.json").read_text())
    return content


def test_the_run_says_what_became_of_its_model(trained: Path) -> None:
    record = json.loads((trained / "runs" / "latest" / "run.json").read_text())
    assert record["published"]["gate"]["promoted"]
    assert Path(record["published"]["folder"], "bundle.json").is_file()
    assert any(stage["stage"] == "publish" for stage in record["stages"])
    page = (trained / "runs" / "latest" / "report.html").read_text(encoding="utf-8")
    assert f"Model imdb {record['published']['version']} is the champion now." in page


def test_scoring_the_training_file_gives_the_stored_probabilities(
    trained: Path, reviews_file: Path, tmp_path: Path
) -> None:
    record = run_score(trained, reviews_file, tmp_path / "out.parquet")
    assert (record["state"], record["data"]["rows"]) == ("completed", 600)
    scores = parquet.read_table(tmp_path / "out.parquet")["probability"].to_numpy()
    (stored,) = (trained / "store" / "evaluate").glob("*/predictions.parquet")
    assert scores.tobytes() == parquet.read_table(stored)["probability"].to_numpy().tobytes()


def test_prefect_shows_the_page_and_the_table_of_drift(
    trained: Path, reviews: Reviews, tmp_path: Path
) -> None:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.sorting import ArtifactSort

    with (tmp_path / "short.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["review"], *([text[:40]] for text, _ in reviews)])
    record = run_score(trained, tmp_path / "short.csv", tmp_path / "out.csv")
    page = Path(record["artifacts"]["report"])
    assert "lengths" in page.read_text(encoding="utf-8").split("</h1>")[0]
    with get_client(sync_client=True) as client:
        shown = client.read_artifacts(sort=ArtifactSort.CREATED_DESC)
    newest = {artifact.key: artifact.data for artifact in reversed(shown)}
    assert newest["scores"] == page.with_suffix(".md").read_text(encoding="utf-8")
    assert "| Lengths | " in newest["scores"]
    assert "report.html" in newest["link-report"]


def test_a_folder_goes_on_past_a_broken_file_and_the_run_fails(
    trained: Path, reviews: Reviews, tmp_path: Path
) -> None:
    inbox, scores = tmp_path / "inbox", tmp_path / "scores"
    inbox.mkdir()
    scores.mkdir()
    for day in range(3):
        with (inbox / f"{day}.csv").open("w", newline="") as file:
            csv.writer(file).writerows([["review"], [reviews[day][0]]])
    (inbox / "1.csv").write_text('review\n"open')
    with pytest.raises(InputError, match="quote") as refused:
        run_score(trained, inbox, scores, settle_seconds=0)
    record = json.loads(max((trained / "runs").glob("2*/run.json")).read_text())
    assert [each["state"] for each in record["files"]] == ["scored", "failed", "scored"]
    assert record["state"] == "failed"
    page = Path(record["artifacts"]["report"])
    assert getattr(refused.value, "__notes__", []) == []
    assert "Scored 2 rows of 2 of 3 files with imdb" in page.read_text(encoding="utf-8")
    (inbox / "1.csv").write_text("review\nmended\n")
    record = run_score(trained, inbox, scores, settle_seconds=0)
    assert [each["state"] for each in record["files"]] == ["kept", "scored", "kept"]
    assert (trained / "runs" / "latest-score").exists()


def test_the_file_of_a_url_is_fetched_and_scored_once(
    trained: Path, reviews_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))
    with Site() as site:
        url = site.put("/monday.csv", reviews_file.read_bytes(), etag='"1"')
        record = run_score(trained, url, tmp_path / "out.csv")
        (file,) = record["files"]
        assert (file["input"], file["state"], file["rows_in"]) == (url, "scored", 600)
        (again,) = run_score(trained, url, tmp_path / "out.csv")["files"]
        assert again["state"] == "kept"
        site.put("/monday.csv", b'review\n"open', etag='"2"')
        with pytest.raises(InputError, match=re.escape(url)):
            run_score(trained, url, tmp_path / "other.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as scores:
        assert len(list(csv.DictReader(scores))) == 600


def test_the_drift_of_scorings_is_in_the_trend_of_the_configuration(
    trained: Path, reviews_file: Path, tmp_path: Path
) -> None:
    record = run_score(trained, reviews_file, tmp_path / "drift.csv")
    trend = read_trend(trained / "runs", find_subject(trained / "runs", "job"), ("roc_auc",))
    newest = trend.scored[-1]
    assert newest.run_id == record["run_id"]
    (file,) = record["files"]
    for trait in ("tokens", "unknown", "scores", "labels"):
        assert newest.figures[f"drift.{trait}"] == file["drift"][trait]["psi"]
    assert newest.figures["rows"] == 600
    wanted = ArtifactFilter(key=ArtifactFilterKey(any_=[f"trend-{trend_key(newest.identity)}"]))
    with get_client(sync_client=True) as client:
        (artifact,) = client.read_artifacts(artifact_filter=wanted)
    assert artifact.data.startswith("# imdb: drift of lengths")
    assert f"{len(trend.scored)} runs: " in artifact.data


def test_people_hear_of_drift_and_of_a_file_that_failed(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox, scores = tmp_path / "inbox", tmp_path / "scores"
    inbox.mkdir()
    with (inbox / "tweets.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["review"], *[["zqx wvk lol"]] * 200])
    with listening() as hook:
        address = f"json://127.0.0.1:{hook.url.split(':')[2]}"
        monkeypatch.setenv("REVIEWFLOW_NOTIFY_OPS", address)
        people = {"notify": {"to": ["ops"]}, "settle_seconds": 0}
        run_score(trained, inbox, scores, **people)
        (inbox / "broken.csv").write_text('review\n"open')
        with pytest.raises(InputError):
            run_score(trained, inbox, scores, **people)
        drifted, failed = (body for _, _, body in hook.requests)
    assert "tweets.csv differs from the rows" in drifted["message"]
    assert "lengths" in drifted["message"]
    assert "score them with --labels" in drifted["message"]
    assert "broken.csv" in failed["message"]
    assert "the next scoring takes up what is missing" in failed["message"]
    assert f"`reviewflow score {inbox} --output {scores} --model imdb`" in failed["message"]
    assert TOKEN not in json.dumps([drifted, failed])
