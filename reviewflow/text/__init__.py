"""From raw review text to normalised tokens."""
