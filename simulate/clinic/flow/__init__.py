"""The patient flow: SimPy processes, queues, places and the ledger of a run."""
