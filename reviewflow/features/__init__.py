"""From tokens to sparse TF-IDF features."""
