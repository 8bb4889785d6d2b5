"""The faults that can be switched on, with the checks that must notice them; a file for each group of profiles."""
