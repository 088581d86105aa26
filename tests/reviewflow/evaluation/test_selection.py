"""The best variant: the highest mean on the test rows."""

from reviewflow.evaluation.selection import best_variant, best_variant_number, typical_model


def test_best_is_the_highest_mean_on_the_test_rows() -> None:
    numbers = (0, 0, 1, 1, 2)
    assert best_variant_number(numbers, (0.90, 0.92, 0.80, 0.99, 0.905)) == 0
    assert best_variant_number(numbers, (0.90, 0.92, 0.97, 0.99, 0.905)) == 1
    assert best_variant_number(numbers, (0.90, None, None, float("nan"), 0.5)) == 2
    assert best_variant_number((), ()) is None
    assert best_variant_number((0,), (None,)) is None
    assert best_variant_number((0, 1), (0.9, 0.9)) == 0
    assert typical_model((0, 1, 1, 1), (0.9, 0.7, 0.8, 0.95), 1) == 2


def test_best_of_a_run_leaves_variants_without_scores_out() -> None:
    variants = [
        {"name": "a", "metrics": None},
        {"name": "b", "metrics": {"train": {"roc_auc": 0.99}, "test": {"roc_auc": 0.7}}},
        {"name": "c", "metrics": {"train": {"roc_auc": 0.8}, "test": {"roc_auc": 0.75}}},
    ]
    assert best_variant(variants) == {"variant": "c", "chosen_on": "test"}
    assert best_variant(variants[:1]) is None
