"""Hostile and unusual input: what a Central System can do to a station, apart from the official verdicts.

`story.py` says what is done to a station, `drawing/` draws stories from the official schemas, `striking/` carries them
out and judges, `search.py` looks for findings and lets hypothesis shrink them, `script.py` writes them down.
May import `bench`, `csms`, `ocpp`, `record`, `report`, `script`, `station`,
`suite` and `timeline`.
"""
