"""A conformant OCPP 1.6-J charging station with switchable non-conformities: the default device under test.

It shares no protocol code with the Central System of `octt`; it is built on the `ocpp` and `websockets` packages.
`octt/simulator/station.py` tells how the station is composed and how a new part is added.
"""
