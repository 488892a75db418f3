"""Documentation of the server's API: OpenAPI as a page and as JSON, and JSON Schemas."""
