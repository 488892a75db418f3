"""`pretese.evidence`: published studies, selected and pooled."""
