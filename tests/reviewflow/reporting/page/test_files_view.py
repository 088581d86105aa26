"""The page links what belongs to its run, wherever the folder of artifacts is."""

from reviewflow.reporting.page.files_view import FileLink, file_links


def test_links_are_relative_to_the_page() -> None:
    run = {
        "artifacts": {
            "report": "/a/runs/1/report.html",
            "data_docs": {"reviews": "/a/store/v/k 1/index.html"},
        },
        "best": {"variant": "tanh"},
        "variants": [
            {"name": "relu", "predictions": "/a/store/e/0/predictions.parquet"},
            {"name": "tanh", "predictions": "/a/store/e/1/predictions.parquet"},
        ],
    }
    assert file_links(run) == (
        FileLink("run.json", "run.json"),
        FileLink("report.md", "report.md"),
        FileLink("Data Docs of the reviews", "../../store/v/k%201/index.html"),
        FileLink("predictions.parquet", "../../store/e/1/predictions.parquet"),
    )
    assert file_links({}) == ()


def test_a_path_is_never_a_scheme() -> None:
    run = {"artifacts": {"report": "report.html", "data_docs": {"x": "javascript:alert(1)"}}}
    assert file_links(run)[-1].href == "javascript%3Aalert%281%29"
