"""Checks of the data, run by Great Expectations."""
