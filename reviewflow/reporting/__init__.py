"""The report: charts, HTML page and markdown."""
