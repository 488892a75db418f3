"""Programs and files of this checkout, for tests."""
