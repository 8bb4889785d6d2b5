"""What to look at after a run: one finding for one cause, the station's apart from ours, what to mend first first."""
