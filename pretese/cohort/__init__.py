"""What `pretese simulate` and `pretese truth` do: a cohort as a folder of files, true effects."""
