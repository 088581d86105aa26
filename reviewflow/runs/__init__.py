"""The records of runs: written, listed, compared, collected."""
