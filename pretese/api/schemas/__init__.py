"""JSON Schemas of every file that is read and every document that is printed."""
