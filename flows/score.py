"""Run the score flow: from files of reviews to the same files with scores."""
