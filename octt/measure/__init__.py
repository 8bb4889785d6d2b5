"""Response times and durations from the record."""
