"""The report's page, as HTML and as Markdown."""
