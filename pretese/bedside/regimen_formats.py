"""Names of the formats in which a regimen is shown: they load nothing that shows it."""

#: Words, Markdown, two decision trees, and the DMN of the Object Management Group.
FORMAT_NAMES = ("text", "markdown", "mermaid", "svg", "dmn")
