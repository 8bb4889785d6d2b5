"""Drivers that act on the device under test: manual, http, command, simulated."""
