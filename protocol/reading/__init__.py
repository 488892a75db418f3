"""Files and values, read and checked: documents, YAML, fields, numbers."""
