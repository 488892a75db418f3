"""CDS Hooks 2.0: the regimen's decision as cards in an electronic health record."""
