"""The `octt` command: one file for each group of commands. Knows everybody, is known by nobody."""
