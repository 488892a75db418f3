"""Fisher's exact test: 2 x 2 tables in batches, tables of any size counted or simulated."""
