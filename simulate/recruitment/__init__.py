"""How a trial fills: who arrives when and where, and which arm each is randomised to."""
