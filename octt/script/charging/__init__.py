"""Charging profiles as scripts send them, and schedules compared as step functions of time. Part of `octt.script`."""
