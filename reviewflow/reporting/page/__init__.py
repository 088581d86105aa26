"""Fill the pages of the report, HTML and Markdown."""
