"""Which cases of the catalogue a run is about, when not all of them."""
