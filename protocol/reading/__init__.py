"""What people write, read and checked: documents, YAML, fields, numbers."""
