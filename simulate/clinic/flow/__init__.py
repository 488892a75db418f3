"""The patient flow: SimPy processes, queues, resources and the ledger of a run."""
