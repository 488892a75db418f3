"""The design file of a trial with several arms."""
