"""The pages of the documentation, as files, commands and cells that can be run."""
