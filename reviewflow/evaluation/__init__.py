"""Evaluate trained variants: metrics, diagnosis, comparisons, conclusions."""
