"""A run that goes on in another sitting: what its record says of it so far, what changed since, what is still to do."""
