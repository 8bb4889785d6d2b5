"""The run: the catalogue and the declaration make the plan, the pytest plugin carries it out."""
