"""The model of the page: what was run on what."""

from reviewflow.reporting.page.view import report_view


def test_rows_left_out_are_counted_by_their_reason() -> None:
    left_out = [
        {"file": 0, "word": "neutral", "rows": 1200, "first_records": [2, 5, 9]},
        {"file": 0, "word": None, "rows": 1, "first_records": [7]},
    ]
    view = report_view({"data": {"left_out": left_out}}, {})
    assert dict(view.subject)["Left out"] == (
        "1,200 rows labelled neutral, 1 row with a blank text"
    )
