"""Trial conduct: participants, randomisation, switching, dropout, recorded outcomes."""
