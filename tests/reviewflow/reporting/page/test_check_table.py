"""The table of checks: failures first, rows in words."""

from reviewflow.reporting.page.check_table import quality_rows


def test_failures_come_first() -> None:
    quality = [
        {"expectation": "expect_a_value", "success": True},
        {"asked": "b", "success": False, "severity": "warning"},
        {"asked": "c", "success": False, "severity": "error"},
    ]
    rows = quality_rows({"quality": quality})
    assert [(row.state, row.asked) for row in rows] == [
        ("failed", "C"),
        ("warning", "B"),
        ("passed", "A value"),
    ]
    assert quality_rows({}) == ()


def test_a_row_in_words() -> None:
    examples = [{"record": 1017, "characters": 2500, "blank": True}, "text"]
    (row,) = quality_rows({"quality": [{"suite": "s", "column": "c", "examples": examples}]})
    assert row.examples == ("record 1017, characters 2,500, blank yes", "text")
    assert row.subject == "s · c"


def test_a_failure_names_the_setting_of_its_limit() -> None:
    limit = {"name": "min_balance", "value": 0.7}
    entry = {"asked": "a", "notes": "No class is rare.", "limit": limit, "severity": "warning"}
    failed, passed = quality_rows({"quality": [entry, {**entry, "success": True}]})
    assert (failed.title, failed.asked) == ("No class is rare", "A")
    assert failed.limit == "validate.limits.min_balance: 0.7"
    assert passed.limit == ""


def test_a_column_is_written_in_words() -> None:
    entry = {"asked": "blank_share is filled in every row", "column": "blank_share"}
    (row,) = quality_rows({"quality": [entry]})
    assert row.asked == row.title == "Blank share is filled in every row"
