"""Who acts on the device under test, a person or a machine, and what shows that it was done.

May import `ocpp` and `timeline`.
"""
