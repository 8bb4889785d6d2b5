"""Stations that are legal in many ways at once, each put through the cases: whatever falls is a false verdict."""
