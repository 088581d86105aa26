"""Variants with one trained model share a number, in charts, comparisons and tables."""

from reviewflow.reporting.lineage import variant_numbers


def test_numbers_follow_the_order_of_the_models() -> None:
    assert variant_numbers(["a", "b", "a", "c", "b"]) == (0, 1, 0, 2, 1)
    assert variant_numbers([]) == ()
    assert variant_numbers([3, ("k", 1)]) == (0, 1)
