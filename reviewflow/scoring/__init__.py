"""Score files of reviews with a published model."""
