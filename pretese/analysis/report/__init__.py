"""The report of an analysis: its content, as an HTML page and as a Word document."""
