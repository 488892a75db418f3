"""What all pages share: templates, messages in several languages, and answers to bad input."""
