"""The reviews and words that the report shows as examples."""
