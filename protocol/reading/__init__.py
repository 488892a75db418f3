"""Read and check files and values: documents, YAML, fields, numbers."""
