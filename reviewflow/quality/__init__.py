"""Check the data with Great Expectations."""
