"""Console tables of a power study, and the words in which it shows numbers."""
