"""Records of runs: write, read and compare them, collect garbage."""
