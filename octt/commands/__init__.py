"""The `octt` command: one file for each group of commands. May import every room; no room imports it."""
