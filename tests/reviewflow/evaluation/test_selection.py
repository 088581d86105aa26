"""The best variant: the best mean of a metric on the rows that select."""

from reviewflow.config.sections import Select
from reviewflow.evaluation.selection import best_variant, best_variant_number, typical_model


def test_best_is_the_highest_mean() -> None:
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
    on_test = Select(on="test")
    chosen = {"chosen_on": "test", "metric": "roc_auc"}
    assert best_variant(variants, on_test) == {"variant": "c", **chosen}
    assert best_variant(variants[:1], on_test) is None
    assert best_variant(variants, Select()) is None  # there are no validation rows


def test_a_loss_is_best_where_it_is_lowest() -> None:
    variants = [
        {"name": name, "metrics": {"validation": {"log_loss": loss, "roc_auc": 0.9}}}
        for name, loss in (("a", 0.5), ("b", 0.3), ("c", 0.4))
    ]
    chosen = {"chosen_on": "validation", "metric": "log_loss"}
    assert best_variant(variants, Select(metric="log_loss")) == {"variant": "b", **chosen}
