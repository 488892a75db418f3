"""Text formats: JSON, Markdown, LaTeX, HTML, spreadsheets, and the rounding rule."""
