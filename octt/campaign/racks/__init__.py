"""Runs on the machines of racks, over Dask: what is sent, what a rack does with it, and how its evidence comes back."""
