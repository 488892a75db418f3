"""What programs read about the server: OpenAPI, as a page and as JSON, and JSON Schemas."""
