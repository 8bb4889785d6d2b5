"""Firmware updates, diagnostics and logs, and how their progress is told. Knows what `parts` knows."""
