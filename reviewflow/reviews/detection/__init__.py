"""Find out how a file of reviews is read and which columns matter."""
