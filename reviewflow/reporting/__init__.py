"""Write the report: charts, HTML page and Markdown."""
