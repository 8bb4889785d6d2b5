"""A conformant OCPP 1.6-J charging station with switchable non-conformities: the default device under test.

It shares no protocol code with the Central System of `octt`; it is built on the `ocpp` and `websockets` packages. From
the bottom up: `freedom` and `options` (which station it is), `world` (what outlives a reboot), `link` (how it speaks),
`parts` (what it can do), `faults` (what it can do wrong), `station` (the whole), `control` (hands), `main` (commands).
`part.py` tells how a part is added, `faults/catalogue.py` how a fault is.

May import `bench` and `pics`.
"""
