"""How a trial fills: who arrives when and where, and which arm each man is given."""
