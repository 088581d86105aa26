"""Turn the text of reviews into normalised tokens."""
