"""The condition of an expectation, and the form that Great Expectations takes."""

from reviewflow.quality.conditions import gallery_arguments


def test_a_condition_becomes_the_gallery_s_own_form() -> None:
    assert gallery_arguments({"row_condition": 'rows >= -3 and split == "test"'}) == {
        "row_condition": {
            "type": "and",
            "conditions": [
                {
                    "type": "comparison",
                    "column": {"name": "rows"},
                    "operator": ">=",
                    "parameter": -3,
                },
                {
                    "type": "comparison",
                    "column": {"name": "split"},
                    "operator": "==",
                    "parameter": "test",
                },
            ],
        }
    }
