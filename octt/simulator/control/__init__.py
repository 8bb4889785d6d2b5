"""The hands that move a station, and their HTTP face (docs/driver-contract.md). Knows `station` and `world`."""
