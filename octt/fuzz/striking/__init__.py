"""Stories carried out at a station, and what it did wrong."""
