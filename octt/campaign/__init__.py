"""Many stations, many declarations, many racks: what one file asks for, each run a process of its own, one result.

May import `bench`, `history`, `ocpp`, `record`, `report` and `suite`.
"""
