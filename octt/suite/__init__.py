"""Catalogue and PICS make the plan; the pytest plugin; the words that test scripts are written in."""
