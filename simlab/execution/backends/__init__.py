"""Who computes blocks: this thread, threads, processes of this machine, or the workers of a Dask cluster."""
