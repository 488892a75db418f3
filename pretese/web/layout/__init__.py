"""Parts common to all pages: templates, messages in several languages, responses to bad input."""
