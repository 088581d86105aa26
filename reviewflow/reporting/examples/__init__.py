"""Choose the reviews and words that the report shows as examples."""
