"""Execution of long computations: in this process, in local processes, or on a Dask cluster."""
