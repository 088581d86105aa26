"""The best variant: the highest mean on the test rows."""

from reviewflow.evaluation.selection import best, best_group, typical


def test_best_is_the_highest_mean_on_the_test_rows() -> None:
    groups = (0, 0, 1, 1, 2)
    assert best_group(groups, (0.90, 0.92, 0.80, 0.99, 0.905)) == 0
    assert best_group(groups, (0.90, 0.92, 0.97, 0.99, 0.905)) == 1
    assert best_group(groups, (0.90, None, None, float("nan"), 0.5)) == 2
    assert best_group((), ()) is None
    assert best_group((0,), (None,)) is None
    assert best_group((0, 1), (0.9, 0.9)) == 0
    assert typical((0, 1, 1, 1), (0.9, 0.7, 0.8, 0.95), 1) == 2


def test_best_of_a_run_leaves_unjudged_variants_out() -> None:
    variants = [
        {"name": "a", "metrics": None},
        {"name": "b", "metrics": {"train": {"roc_auc": 0.99}, "test": {"roc_auc": 0.7}}},
        {"name": "c", "metrics": {"train": {"roc_auc": 0.8}, "test": {"roc_auc": 0.75}}},
    ]
    assert best(variants) == {"variant": "c", "chosen_on": "test"}
    assert best(variants[:1]) is None
