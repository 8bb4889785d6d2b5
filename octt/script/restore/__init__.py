"""Leaves the station as it was: after each case, before the next one, at the end of a run, and after one that died.

`undoing` carries out what is owed (octt/script/undo.py), `arrival` waits for a station that is on its way, `sessions`
ends transactions, `connectors` frees connectors; `ending` puts them in order. Restoring asks, and believes only the
answers and what follows from them.
"""
