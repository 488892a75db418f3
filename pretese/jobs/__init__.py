"""Who does the work of a command: this process, processes of this machine, or a Dask cluster."""
