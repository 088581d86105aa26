"""Fill the page of a run that scored files, HTML and Markdown."""
