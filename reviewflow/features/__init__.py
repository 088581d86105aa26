"""Turn tokens into sparse TF-IDF features."""
