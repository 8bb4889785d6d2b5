"""Smart charging: one profile, all profiles of a station, the messages about them. Knows what `parts` knows."""
