"""The evidence: one append-only, hash-chained event log per run; writer and reader."""

from octt.record.reader import Damage, check_chain, read
from octt.record.writer import GENESIS, Event, Record, line_hash

__all__ = ["GENESIS", "Damage", "Event", "Record", "check_chain", "line_hash", "read"]
