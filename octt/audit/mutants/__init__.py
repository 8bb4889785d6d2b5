"""One frame of the station, altered in one thing: which mutants there are, and what each makes of a frame."""
