"""The evidence: one append-only, hash-chained event log per run; its events and words, writer and reader.

Imports no other room.
"""

from octt.record.chain import Chain, Damage, check_chain
from octt.record.event import Event
from octt.record.reader import decode, read
from octt.record.writer import GENESIS, Record, RecordLost, line_hash

__all__ = [
    "GENESIS",
    "Chain",
    "Damage",
    "Event",
    "Record",
    "RecordLost",
    "check_chain",
    "decode",
    "line_hash",
    "read",
]
