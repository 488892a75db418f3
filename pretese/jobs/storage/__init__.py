"""Finished blocks of a computation on disk: their files, the folder of a study, and its parts."""
